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
"""How the keys of forms' widgets begin; no button may have such a key, as none can be set."""
BUTTON = "_add"
"""How the keys of the buttons end that stand beside pickers."""
LONGEST = 100_000
"""Characters that are kept in all; beyond them nothing is."""
# Sent once a session, and taken out before: values that break a page are not offered again. Until
# they are taken, nothing is written over them.
SCRIPT = """const KEY = 'vectorscope-forms';
let session, state;
const stored = action => {
  try {
    return action(window.sessionStorage);
  } catch {
    return null;
  }
};
export default function({ data, setTriggerValue }) {
  if (data.session !== session) {
    session = data.session;
    const kept = stored(store => store.getItem(KEY));
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
    is_named = isinstance(key, str) and key.startswith(PREFIXES) and not key.endswith(BUTTON)
    return is_named and _is_plain(value)


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str | bool | int)


def _take() -> None:
    st.session_state["_reloads"]["taken"] = True
    for key, value in read(str(st.session_state["forms_kept"].kept or "")).items():
        st.session_state[key] = value
