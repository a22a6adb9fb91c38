"""What was generated before, and how one grid was made. Draws no texts."""

import pandas as pd
import streamlit as st

from dashboard.forms import drafts
from dashboard.session import naming, resources, state
from dashboard.widgets import sheets, widgets
from dashboard.widgets.sheets import Sheet
from dashboard.words import captions
from engine.configs.core import ModelConfig

MOST = 50
COLUMNS = {
    "digest": None,
    "star": st.column_config.TextColumn("\u2605", width=30, help="Your star"),
    "name": st.column_config.TextColumn("name", width="large"),
    "grid": st.column_config.TextColumn("grid", width=210),
    "model": st.column_config.TextColumn("model", width=90),
    "labelled": st.column_config.NumberColumn(
        "labelled", width=70, help="Texts that a person labelled"
    ),
    "when": st.column_config.TextColumn("when", width=80),
    "state": st.column_config.TextColumn("state", width=70),
}


def rows() -> pd.DataFrame:
    """All grids, newest first: digest, star, name, grid, model, labelled, when, state."""
    store, names, found = resources.engine().store, naming.names(), []
    for info in resources.records("generation")[:MOST]:
        found.append(
            {
                "digest": info.digest,
                "star": "\u2605" if names.note(info.digest).star else "",
                "name": names.of(info),
                "grid": info.summary,
                "model": info.model,
                "labelled": len(store.labels(info.digest)),
                "when": captions.age(info.created),
                "state": "done",
            }
        )
    stored = {row["digest"] for row in found}
    for digest, job in sheets.jobs().items():
        if digest not in stored and job.state != "done":
            config = job.request["config"]
            count = captions.count(len(config["configurations"]), "configuration")
            asked = ModelConfig(model=str(config["model"]["model"])).short_name
            told = {"star": "", "name": _prompts(config), "grid": count, "model": asked}
            found.append({"digest": digest, **told, "labelled": 0, "when": "", "state": job.state})
    return pd.DataFrame(found, columns=list(COLUMNS))


def _prompts(config: dict) -> str:
    first, *more = config["prompts"]
    return f"{first} (+{len(more)})" if more else str(first)


def heading(sheet: Sheet) -> None:
    """Which grid is shown: its name, size, model, and when it was made."""
    config = sheet.config
    sizes = [
        captions.count(len(config["prompts"]), "prompt"),
        captions.count(len(sheet.names), "column"),
        captions.count(int(config["samples"]), "sample"),
    ]
    found = sheet.generation
    name = naming.called(sheet.digest) if found is not None else _prompts(config)
    told = [" \u00d7 ".join(sizes), sheet.model]
    told += [captions.age(found.provenance.created)] if found is not None else []
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{captions.plain(name)}**", width="content")
        st.caption(captions.plain(" \u00b7 ".join(told)), width="content")


def draw() -> None:
    """The list; a click on a row opens its grid."""
    table = rows()
    if table.empty:
        return
    st.header("History")
    st.dataframe(
        table,
        key="history",
        hide_index=True,
        column_config=COLUMNS,
        on_select=lambda: _open(table),
        selection_mode="single-row",
        height=min(38 + 35 * len(table), 320),
        alt="Earlier grids of texts",
    )


def _open(table: pd.DataFrame) -> None:
    picked = st.session_state["history"].selection.rows
    if picked and picked[0] < len(table):
        drafts.show(str(table.iloc[picked[0]]["digest"]))


def made(sheet: Sheet) -> None:
    """Notes, side effects, settings and downloads of a stored grid."""
    generation = sheet.generation
    if generation is None:
        return
    for note in generation.notes:
        st.warning(captions.plain(note), icon=":material/warning:")
    with st.expander("Side effects, settings and download", icon=":material/history:"):
        effects = pd.DataFrame(generation.side_effects).T.rename_axis("configuration")
        if not effects.empty:
            st.dataframe(effects.reset_index(), hide_index=True, alt="Side effects")
            st.caption(
                "kl: of the next token after neutral prompts, from the unsteered base model, in "
                "nats. neutral_perplexity: of the base model's own answers to them. relative: mean "
                "norm of the change / median residual norm."
            )
        found = generation.provenance
        st.text(
            f"{captions.seconds(found.seconds)} on {found.device} in {found.dtype}, commit "
            f"{(found.commit or 'unknown')[:8]}{' (changed)' if found.dirty else ''}"
        )
        with st.container(horizontal=True):
            st.button(
                "Use these settings",
                key="use_settings",
                icon=":material/edit:",
                on_click=_use,
                args=(sheet,),
                help="Fills the form with this grid's settings.",
            )
            widgets.download(labelled(sheet), f"generations_{sheet.digest}")
        st.json(generation.config, expanded=False)


def labelled(sheet: Sheet) -> pd.DataFrame:
    """The grid's texts with a person's labels beside the known ones."""
    given = resources.engine().store.labels(sheet.digest)
    return sheet.frame.assign(person_label=[given.get(i, "") for i in range(len(sheet.frame))])


def _use(sheet: Sheet) -> None:
    drafts.load(sheet.config)
    drafts.show(None)


def choose() -> str | None:
    """The grid to show: the link's, the reader's, or else the newest; None for a new one."""
    fresh = drafts.take_link()
    if fresh and "gen" not in st.query_params:
        st.session_state["_composing"] = True
        st.session_state.pop("gen", None)
    known = sheets.known()
    state.resolve("gen", known)
    state.warn_missing("gen", "the generation", known)
    chosen = st.session_state.get("gen")
    if chosen is None and known and not st.session_state.get("_composing"):
        chosen = st.session_state["gen"] = known[0]
    if chosen is not None:
        st.session_state["_composing"] = False
    state.write_link("gen")
    return chosen
