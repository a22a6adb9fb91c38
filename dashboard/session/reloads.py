"""What forms hold, kept by the browser tab: reloading the page gives it back.

A reload begins a new session, so that everything typed would be gone. The browser's storage of one
tab outlives it and is seen by no other tab: a new one begins with the usual values. Knows nothing
of any form but how its widgets' keys begin.
"""

import json
import math
import uuid
from typing import Any

import streamlit as st

PREFIXES = ("lora_", "dataset_form_", "sentiment_", "study_form_", "find_", "typed_", "ab_")
"""How the keys of forms' widgets begin."""
BUTTON = "_add"
"""How the keys of the buttons end that stand beside pickers: no button can be set."""
HELD = ("_grid", "_columns", "_columns_of")
"""What the form of a grid holds apart from its widgets, which begin anew with it."""
WIDGETS = ("grid_", "col_")
"""How the keys of those widgets begin."""
LONGEST = 100_000
"""Characters that are kept in all; beyond them nothing is."""
# Sent once a session, and taken out before: values that break a page are not offered again. Until
# they are taken, nothing is written over them. A link that is opened in the same tab is no reload:
# it says itself what it wants. A new session without a new page is one of a server that came back.
SCRIPT = """const KEY = 'vectorscope-forms';
let session, state;
const isReload = () => {
  const entry = performance.getEntriesByType('navigation')[0];
  return session !== undefined || ['reload', 'back_forward'].includes(entry && entry.type);
};
const stored = action => {
  try {
    return action(window.sessionStorage);
  } catch {
    return null;
  }
};
export default function({ data, setTriggerValue }) {
  if (data.session !== session) {
    const kept = isReload() ? stored(store => store.getItem(KEY)) : null;
    session = data.session;
    state = kept && kept !== '{}' ? 'sent' : 'free';
    if (state === 'sent') {
      stored(store => store.removeItem(KEY));
      setTriggerValue('kept', kept);
    }
  }
  if (state === 'sent' && data.taken) state = 'free';
  if (state === 'free') stored(store => store.setItem(KEY, data.values));
}"""


def draw() -> None:
    """Give the tab what forms hold now, and take back what it kept; nothing is seen of it."""
    known = st.session_state.setdefault("_reloads", {"session": uuid.uuid4().hex, "taken": False})
    keep = st.components.v2.component("forms_kept", js=SCRIPT)
    with st.sidebar:
        keep(
            key="forms_kept",
            data={**known, "values": written(dict(st.session_state))},
            on_kept_change=_take,
        )


def written(state: dict[Any, Any]) -> str:
    """What of a session's state is kept, as JSON; nothing where it is too long."""
    found = {key: value for key, value in state.items() if _is_kept(key, value)}
    text = json.dumps(found)
    return text if len(text) <= LONGEST else "{}"


def read(text: str) -> dict[str, Any]:
    """What was kept; without what no form holds."""
    try:
        found = json.loads(text) if len(text) <= LONGEST else {}
    except ValueError:
        return {}
    is_whole = isinstance(found, dict)
    return {k: v for k, v in found.items() if _is_kept(k, v)} if is_whole else {}


def _is_kept(key: object, value: object) -> bool:
    if key in HELD:
        return _is_plain(value)
    if not isinstance(key, str) or key.endswith(BUTTON):
        return False
    return key.startswith(PREFIXES) and _is_plain(value)


def _is_plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | bool | int)


def _take() -> None:
    st.session_state["_reloads"]["taken"] = True
    found = read(str(st.session_state["forms_kept"].kept or ""))
    if any(key in HELD for key in found):
        for key in [key for key in st.session_state if str(key).startswith(WIDGETS)]:
            del st.session_state[key]
    for key, value in found.items():
        st.session_state[key] = value
