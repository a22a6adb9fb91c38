"""What to do next, by what the store has and lacks: one button a step.

Knows nothing of how a step is done.
"""

from collections.abc import Iterator
from typing import NamedTuple

import streamlit as st

from dashboard.session import going, naming, resources, state, vector_links
from dashboard.widgets import outstanding
from dashboard.widgets.outstanding import usage
from dashboard.widgets.words import stored as read_words
from dashboard.words import captions
from engine.errors import StoreError

MOST = 4


class Next(NamedTuple):
    """One step: what its button says, why it is next, and where it leads."""

    key: str
    label: str
    about: str
    """What it is about, by name, and why it is next."""
    icon: str
    page: str
    parameters: dict[str, str]


FIRST = Next(
    "find",
    "Find vectors",
    "From one prompt, or from two sentences.",
    ":material/travel_explore:",
    "discover",
    {},
)
MORE = FIRST._replace(key="more", label="Find more vectors", about="Another method or prompt.")


def draw(best: outstanding.Found | None) -> None:
    """A button and its reason for each of the next few steps.

    Args:
        best: The vector that stands out most, if any was measured.
    """
    st.header("What next")
    for place, one in enumerate(found(best)[:MOST]):
        st.button(
            captions.plain(one.label),
            key=f"next_{one.key}",
            type="secondary" if place else "primary",
            icon=one.icon,
            width="stretch",
            on_click=going.leave,
            args=(one.page, one.parameters),
        )
        st.caption(captions.plain(one.about))


def found(best: outstanding.Found | None) -> list[Next]:
    """The steps that are next, the most needed first."""
    return [*_unmeasured(), *([] if best is None else _with(best)), FIRST if not _sets() else MORE]


def _sets() -> list[str]:
    """Digests of this model's sets that a reader would measure, newest first."""
    names, model = naming.names(), state.model().short_name
    return [
        info.digest
        for info in resources.records("vectors")
        if info.model == model and info.method != "random" and names.parent(info.digest) is None
    ]


def _unmeasured() -> Iterator[Next]:
    for info in resources.unfinished_runs()[:1]:
        about = f"{naming.called(info)}: what it has asked so far is kept."
        asked = {"run": info.digest}
        yield Next("go_on", "Go on with a run", about, ":material/restart_alt:", "curves", asked)
    measured = {digest for run in resources.runs() for digest in resources.measured_sets(run)}
    left = [digest for digest in _sets() if digest not in measured]
    if left:
        more = f"; nor {len(left) - 1} more" if len(left) > 1 else ""
        about = f"{naming.called(left[0])}: no evaluation has measured it yet{more}."
        asked = {"found": left[0]}
        yield Next("evaluate", "Evaluate a new set", about, ":material/rule:", "discover", asked)


def _with(best: outstanding.Found) -> Iterator[Next]:
    reference, name = best.reference, naming.called(best.reference)
    if not usage.is_talked_with(reference):
        about, asked = f"{name}: no conversation has used it yet.", {"v": reference}
        yield Next("chat", "Chat with the strongest", about, ":material/chat:", "chat", asked)
    if not usage.is_written_with(reference):
        about, asked = f"{name}: no grid of texts has used it yet.", {"vec": reference}
        yield Next("write", "Write texts with it", about, ":material/forum:", "generations", asked)
    runs = resources.evaluations_of(best.best.vector_set)
    if len({resources.dataset(run) for run in runs}) == 1:
        about = f"{name} was measured on {resources.dataset(runs[0])} alone."
        asked = {"found": best.best.vector_set, "vector": str(best.best.vector)}
        yield Next("other", "Try other questions", about, ":material/rule:", "discover", asked)
    if not _is_read(best):
        about = f"{name}: which words it makes likelier, beside random vectors."
        asked = {vector_links.PARAMETER: reference}
        yield Next("words", "Read its words", about, ":material/translate:", "vector", asked)


def _is_read(best: outstanding.Found) -> bool:
    key = best.best.vector_set, best.best.vector
    try:
        return bool(read_words.of_vector(key, best.run.model))
    except StoreError:
        return True
