"""How the vector was found, and the command and the call that find it again.

Knows nothing of how anything is run.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.charts import many_vectors
from dashboard.session import resources
from dashboard.views.vector.subject import Subject
from dashboard.widgets import widgets
from dashboard.words import captions
from engine.configs import registry
from engine.configs.finders import FinderConfig
from engine.errors import ConfigError
from engine.program import spelling

NO_WAY = "It came from a file or another record, so no finder makes it again."
ABOUT_COMMAND = "From the project's root. The same settings and model give the same record."


def draw(one: Subject) -> None:
    """Settings and provenance on the left, the ways to make it again on the right."""
    config = of(one)
    left, right = st.columns([0.44, 0.56], gap="large")
    with left:
        st.table(
            pd.DataFrame(list(_told(one, config)), columns=["what", "how"]), border="horizontal"
        )
        for note in one.record.get("notes") or ():
            st.info(captions.plain(str(note)), icon=":material/info:")
    with right:
        _again(one, config)
        _history(one)
        with st.expander("All settings, defaults included", icon=":material/tune:"):
            st.json(one.record.get("config") or {}, expanded=True)


def of(one: Subject) -> FinderConfig | None:
    """The config of its finder; None where no finder made it, or it is of another version."""
    if one.info.method not in registry.finders():
        return None
    try:
        found: FinderConfig = registry.from_json(
            one.info.method, dict(one.record.get("config") or {})
        )
    except ConfigError:
        return None
    return found


def _told(one: Subject, config: FinderConfig | None) -> Iterator[tuple[str, str]]:
    """What a reader would ask first, line by line."""
    model, made = one.record["model"], one.record.get("provenance") or {}
    settings = one.record.get("config") or {}
    yield "method", captions.method(one.info.method)
    yield "row", f"{one.index} of set {one.info.digest}, {one.info.summary}"
    yield "model", _of_model(model)
    yield "adapter", str(model.get("adapter") or "none")
    for name in ("pairs", "prompts"):
        if isinstance(settings.get(name), str):
            yield name, settings[name]
    if config is not None and (prompts := spelling.prompts_of(config)):
        more = f" (+{len(prompts) - 1} more)" if len(prompts) > 1 else ""
        yield "prompt", f"{_short(str(prompts[0]))}{more}"
    for name, words in SETTINGS.items():
        if settings.get(name) not in (None, ""):
            yield words, _value(settings[name])
    for name, values in (one.record.get("scores") or {}).items():
        if one.index < len(values) and isinstance(values[one.index], int | float):
            yield name.replace("_", " "), f"{values[one.index]:.4g}"
    commit = str(made.get("commit") or "unknown")[:8]
    changed = " (changed)" if made.get("dirty") else ""
    yield "commit", f"{commit}{changed}"
    when = str(made.get("created", ""))[:16].replace("T", " ")
    took = captions.seconds(made.get("seconds"))
    yield "made", f"{when} UTC in {took} on {made.get('device')} in {made.get('dtype')}"


SETTINGS = {
    "source_layer": "source block",
    "target_layer": "target block",
    "layers": "blocks",
    "position": "read at",
    "contrast": "contrast",
    "estimator": "estimator",
    "variant": "variant",
    "steps": "steps",
    "iterations": "iterations",
    "seed": "seed",
}
"""Settings that are told, and in which words."""


def _of_model(model: dict[str, Any]) -> str:
    pinned = model.get("revision") or model.get("fingerprint") or "unknown"
    kind = "revision" if model.get("revision") else "weights"
    return f"{model.get('name') or model['short_name']}, {kind} {pinned}"


def _value(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _short(text: str, most: int = 300) -> str:
    return text if len(text) <= most else f"{text[:most]} \u2026"


def _again(one: Subject, config: FinderConfig | None) -> None:
    """The command line and Python that find the set again, and how to open it."""
    st.markdown("**Make it again**")
    if config is None:
        st.caption(NO_WAY)
    else:
        line = spelling.command(config)
        if line is None:
            st.caption(
                "It starts from several prompts, which a command names as a file: see below."
            )
        else:
            st.code(line, language="bash", wrap_lines=True)
        st.code(spelling.call(config), language="python", wrap_lines=True)
        st.caption(ABOUT_COMMAND)
    st.markdown("**Use it in Python**")
    st.code(
        "from engine import Engine\n\nengine = Engine()\n"
        f"vectors = engine.show({one.info.digest!r})\n"
        f"texts = engine.generate({one.reference!r}, prompts='Hello.', scales=[1.0])\n",
        language="python",
        wrap_lines=True,
    )


def _history(one: Subject) -> None:
    """The curves drawn while the set was found."""
    found = resources.vector_set(one.info.digest)
    curves = {name: steps for name, steps in found.history.items() if len(steps) > 1}
    if not curves:
        return
    with st.expander("While it was found", icon=":material/history:"):
        for name, steps in curves.items():
            drawing = many_vectors.history(name, steps, found.names, widgets.inks())
            widgets.chart(drawing, f"{name} of every vector, step by step", f"v_history_{name}")
