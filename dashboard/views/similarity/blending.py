"""The blend of two vectors of one site: its figure beside the pair, and the form for another."""

import streamlit as st

from dashboard.charts import blends
from dashboard.forms import searches as forms
from dashboard.session import navigation, resources, state
from dashboard.widgets import searches, widgets
from engine.configs.budgets.blends import BlendConfig
from engine.configs.core import VectorRef
from engine.errors import EngineError
from engine.records.records import VectorSet

METHOD = BlendConfig.method


def progress() -> None:
    """The blend that is being worked out or has failed, if there is one."""
    widgets.live_job(METHOD)
    widgets.unfinished_job(METHOD)


def draw(first: VectorSet, second: VectorSet, cell: str | None) -> None:
    """The blend of the link or of the chosen cell's vectors, and the form where they fit."""
    known = [info.digest for info in searches.stored(METHOD)]
    state.resolve("blend", known, can_be_none=True)
    state.warn_missing("blend", "the blend", known)
    pair = _pair(first, second, cell)
    shown = st.session_state.get("blend") or _stored(pair)
    if shown is None and pair is None:
        return
    try:
        if shown is not None:
            _result(shown, _address(first, second, cell, shown))
        if pair is not None:
            with st.expander("Blend both vectors", icon=":material/join:"):
                st.caption(
                    "Mixes them at every angle of their plane, each at the strength that meets "
                    "the budget. One half of the questions chooses; the other reports."
                )
                forms.blend(state.model(), pair)
    except EngineError as error:
        widgets.show_error(error)
    state.write_link("blend")


def _pair(
    first: VectorSet, second: VectorSet, cell: str | None
) -> tuple[VectorRef, VectorRef] | None:
    """The chosen cell's vectors, where they are two of one site."""
    if cell is None:
        return None
    row, column = (int(part) for part in cell.split("-"))
    refs = (
        VectorRef(digest=first.digest, indices=(row,)),
        VectorRef(digest=second.digest, indices=(column,)),
    )
    is_one_site = first.sites[row] == second.sites[column]
    return refs if is_one_site and refs[0] != refs[1] else None


def _stored(pair: tuple[VectorRef, VectorRef] | None) -> str | None:
    """The newest blend of these two when the page was opened."""
    if pair is None:
        return None
    wanted = [{"digest": ref.digest, "indices": list(ref.indices or ())} for ref in pair]
    found = [
        info.digest
        for info in searches.stored(METHOD)
        if resources.header(info.digest, info.path)["sweep"]["vectors"] == wanted
    ]
    return state.stays("blend", found)


def _address(first: VectorSet, second: VectorSet, cell: str | None, blend: str) -> str:
    """The link to the blend, with the map that it stands beneath as that is shown."""
    limit = st.session_state.get("lim")
    return navigation.link(
        "similarity",
        a=first.digest,
        b=second.digest,
        cell=cell,
        lim=None if limit is None else f"{limit:g}",
        blend=blend,
    )


def _result(digest: str, address: str) -> None:
    record = resources.study(digest)
    with st.container(border=True):
        st.caption(f"{record['title']}, at {record['config']['budget']:g} nats per token")
        words = "Effect of every blend over its angle, on both halves, beside random planes"
        widgets.chart(
            widgets.kept(("blend", digest), lambda inks: blends.of_record(record, inks)),
            words,
            "blend_chart",
        )
        st.caption(
            "Blue: the half that reports, with its 95 % interval; ring: the angle that the other "
            "half chose. Grey: 95 % of blends in random planes at the same KL. Dotted: 95 % of "
            "random planes stay within, at their largest."
        )
        searches.said(record)
        widgets.share(address)
