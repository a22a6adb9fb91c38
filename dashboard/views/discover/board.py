"""The parts of the discover page about one vector set: which one, and what to do with it."""

import streamlit as st

from dashboard.charts import many_vectors
from dashboard.frames.sweep import Sweep
from dashboard.session import naming, navigation, pin_card, pinned, resources, state, vector_links
from dashboard.views.discover.leaderboard import PARAMETER, Selected
from dashboard.widgets import chatting, noting, widgets
from dashboard.words import captions
from engine.configs.core import ModelConfig, VectorRef
from engine.records.records import VectorSet


def follow(digests: list[str]) -> None:
    """Before the set is picked: move to the one of the current vector."""
    one = pinned.wanted("found", PARAMETER)
    if one is not None and one.digest in digests:
        st.session_state["found"] = one.digest


def adapter(found: VectorSet) -> None:
    """Which adapter the vectors are of, where one was on when they were found."""
    name = found.model.get("adapter")
    if not name:
        return
    called = ", ".join(ModelConfig(adapter=str(name)).adapters)
    print_of = str(found.model.get("adapter_fingerprint") or "")[:8]
    words = f"{captions.method(found.method)} of the adapter {called}"
    st.caption(captions.plain(f"{words} (content {print_of})." if print_of else f"{words}."))


def sweep_picker(digest: str) -> Sweep | None:
    """The evaluation that ranks these vectors; chosen by questions if there are several."""
    infos = resources.evaluations_of(digest)
    if not infos:
        return None
    names = naming.asked(infos)
    if len(infos) == 1:
        # What is read stays when there comes to be another.
        st.session_state["on"] = infos[0].digest
        return resources.sweep(infos[0].digest)
    state.resolve("on", list(names))
    state.warn_missing("on", "the evaluation", list(names))
    chosen = st.segmented_control(
        "Evaluated on",
        list(names),
        default=None if "on" in st.session_state else infos[0].digest,
        required=True,
        format_func=lambda d: captions.plain(names.get(str(d), str(d))),
        key="on",
        persist_state="session",
    )
    state.write_link("on", default=infos[0].digest)
    return resources.sweep(chosen or infos[0].digest)


def chosen(found: VectorSet, selected: Selected) -> VectorRef:
    """Which vectors of the set are to be evaluated: all, or the selected one."""
    model = state.model().short_name
    if found.model["short_name"] != model:
        st.warning(
            captions.plain(
                f"These vectors were found on {found.model['short_name']}, but {model} is chosen "
                "here: they only fit a model of the same width."
            )
        )
    every = f"all {len(found.vectors)} vectors"
    what = st.segmented_control(
        "Evaluate", [every, "only the selected one"], default=every, required=True, key="ab_which"
    )
    indices = None if what == every else (selected.vector,)
    return VectorRef(digest=found.digest, indices=indices)


def actions(digest: str, sweep: Sweep | None, selected: Selected) -> None:
    """What can be done with the selected vector."""
    with st.container(horizontal=True):
        if sweep is not None and selected.is_measured:
            widgets.go_button(
                captions.plain(f"Open curves of {selected.called}"),
                "curves",
                key="open_curves",
                icon=":material/ssid_chart:",
                run=sweep.evaluation.digest,
                vec=selected.name,
            )
        reference = f"{digest}:{selected.vector}"
        vector_links.button(reference, "open_vector")
        chatting.button(reference, "chat_vector")
        pin_card.button(reference)
        noting.button(reference, "Name vector")
        asked = {name: st.query_params.get(name) for name in ("on", PARAMETER, pinned.PARAMETER)}
        widgets.share(navigation.link("discover", found=digest, **asked))


def provenance(found: VectorSet) -> None:
    """How the set was made, and the curves drawn while it was."""
    with st.expander("How it was found", icon=":material/history:"):
        made = found.provenance
        name = found.model.get("title") or found.model["short_name"]
        st.text(
            f"{captions.method(found.method)} on {name}"
            f", {captions.seconds(made.seconds)} on {made.device} in {made.dtype}, "
            f"commit {(made.commit or 'unknown')[:8]}{' (changed)' if made.dirty else ''}"
        )
        for note in found.notes:
            st.text(note)
        for name, steps in found.history.items():
            if len(steps) > 1:
                drawing = many_vectors.history(name, steps, found.names, widgets.inks())
                widgets.chart(drawing, f"{name} of every vector, step by step", f"history_{name}")
        st.caption("All settings, defaults included:")
        st.json(found.config, expanded=False)
