"""The sidebar: which model, how the engine is, what it is doing. Knows nothing of pages."""

from typing import Any, Literal

import psutil
import streamlit as st

from dashboard.frame import picker, tray
from dashboard.session import models, pace, pin_card, resources, state
from dashboard.words import captions
from engine.errors import EngineError

Colour = Literal["green", "gray", "orange", "red", "blue"]
CHIPS: dict[str, tuple[str, Colour, str]] = {
    "not loaded": ("not loaded", "gray", ":material/power_settings_new:"),
    "loading": ("loading", "orange", ":material/hourglass_top:"),
    "ready": ("ready", "green", ":material/check:"),
    "failed": ("failed", "red", ":material/error:"),
}
STATES = {
    "not loaded": "No model is in memory; the first job loads it.",
    "loading": "The model's weights are being read; jobs wait for them.",
    "ready": "The model is in memory and waits for a job.",
    "busy": "The model is in memory and a job runs on it.",
    "failed": "The model could not be loaded; the reason stands below.",
}
FACTS = {
    "device": "Where the weights lie and are computed with.",
    "dtype": "The number format of the weights in memory.",
}
ADAPTER = (
    "The adapter is loaded beside the base model's weights. It is on only where a run or a column "
    "asks for the fine-tuned model."
)


def draw() -> None:
    """The engine card and the job tray; they look again and again while something runs."""
    # First: the tray's toasts would take the dialog's place, as both stand above the page.
    picker.draw()
    with st.sidebar:
        # Not in the fragment: its buttons change the page as well.
        pin_card.draw()
        tray.with_page()
        pace.repeat(_parts, tray.timer())


def _parts() -> None:
    _engine_card()
    tray.draw()


def _engine_card() -> None:
    status = resources.engine().status()
    with st.container(border=True, gap="xsmall"):
        loaded = status.model or {}
        st.text(state.title(models.chosen()))
        other = _other(status, loaded)
        if other:
            st.caption(captions.plain(other))
        with st.container(horizontal=True, gap="xsmall"):
            name, colour, icon = CHIPS[status.state]
            busy = status.state == "ready" and tray.is_busy()
            shown = "busy" if busy else name
            st.badge(shown, color="blue" if busy else colour, icon=icon, help=STATES[shown])
            for key, told in FACTS.items():
                if loaded.get(key):
                    st.badge(str(loaded[key]).removeprefix("torch."), color="gray", help=told)
            for one in loaded.get("adapters") or filter(None, [loaded.get("adapter")]):
                st.badge(f"LoRA {captions.plain(str(one))}", color="gray", help=ADAPTER)
        _facts(status, loaded)
        if status.error:
            st.caption(f":red[{captions.plain(status.error)}]")
        _checks(status.checks)
        _buttons(status)


def _other(status: Any, loaded: dict[str, Any]) -> str:
    """What to know where the engine holds another model than this tab asks."""
    if status.state not in ("ready", "loading") or _is_loaded(loaded):
        return ""
    name = str(loaded.get("title") or loaded.get("name") or "another model")
    if status.state == "loading":
        return f"{name} is being loaded."
    return f"{name} is loaded: this tab's next job unloads it and loads its own."


def _is_loaded(loaded: dict[str, Any]) -> bool:
    asked = state.model()
    if loaded.get("name", asked.model) != asked.model:
        return False
    return asked.dtype in ("auto", loaded.get("dtype", asked.dtype))


def _facts(status: Any, loaded: dict[str, Any]) -> None:
    words = []
    if loaded.get("blocks"):
        words.append(f"{loaded['blocks']} blocks, width {loaded.get('hidden', '?')}")
    memory = _memory(status, str(loaded.get("device", "")))
    for line in (" · ".join(words), *memory, *loaded.get("notes", ())):
        if line:
            st.caption(captions.plain(line))
    if not words and status.state == "not loaded":
        st.caption("Viewing needs no model. It loads by itself with the first job.")


def _memory(status: Any, device: str) -> list[str]:
    """What is used and what is free, of the GPU, or of this machine without one."""
    if not status.memory_total:
        return []
    used, total = status.memory_used, status.memory_total
    if device.startswith("cuda"):
        own = _gigabytes(psutil.Process().memory_info().rss)
        first = f"{_gigabytes(used)} of {_gigabytes(total)} GB on the GPU"
        return [f"{first}, {_gigabytes(total - used)} GB free", f"{own} GB in this process"]
    free = _gigabytes(psutil.virtual_memory().available)
    return [f"{_gigabytes(used)} of {_gigabytes(total)} GB in this process, {free} GB free"]


def _gigabytes(size: int | None) -> str:
    return f"{(size or 0) / 2**30:.1f}"


def _checks(checks: list[Any]) -> None:
    """Self-tests as chips: all green is one chip, a red one names itself."""
    if not checks:
        return
    failed = [check for check in checks if not check.passed]
    label = f"{len(checks) - len(failed)} of {len(checks)} self-tests pass"
    with st.expander(label, icon=":material/error:" if failed else ":material/verified:"):
        for check in checks:
            _check(check)
    for check in failed:
        told = "This self-test failed: its figure and consequence stand in the list above."
        st.badge(captions.plain(check.name), icon=":material/close:", color="red", help=told)


def _check(check: Any) -> None:
    """One self-test: its name in green or red, then its figure and what it shows."""
    colour, icon = ("green", "check") if check.passed else ("red", "close")
    st.markdown(f":{colour}[:material/{icon}: {captions.plain(check.name)}]")
    words = ". ".join(part for part in (check.figure, check.reason) if part)
    st.caption(captions.plain(f"{words} {check.consequence}".strip()))


def _buttons(status: Any) -> None:
    engine, is_ready = resources.engine(), status.state == "ready"
    asks = status.state in ("not loaded", "failed") or not _is_loaded(status.model or {})
    try:
        with st.container(horizontal=True, gap="xsmall"):
            if asks and st.button("Load model", key="load_model", icon=":material/memory:"):
                engine.submit_load(models.chosen())
                st.rerun()
            if is_ready and st.button(
                "Unload", key="unload_model", icon=":material/eject:", help="Gives the memory back."
            ):
                engine.submit_unload()
                st.rerun()
            if st.button("Change model", key="change_model", icon=":material/swap_horiz:"):
                picker.ask()
                st.rerun()
    except EngineError as error:
        st.error(captions.plain(str(error)))
