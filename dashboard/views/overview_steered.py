"""A steered text on the overview: what the newest study of two poles wrote at its chosen cell.

Knows nothing of how texts are made or judged.
"""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard.session import resources
from dashboard.widgets import chatting, widgets
from dashboard.words import captions
from engine.configs.behaviours import BehaviourConfig
from engine.configs.core import PRESETS

TOLD = (
    "The study's first prompt, greedy, cut at {tokens} tokens. Block {block} and scale were chosen "
    "on other sentences."
)
STEERED = "The vector's scale while this text was written."
UNSTEERED = "Written without any vector."


def draw() -> None:
    """One prompt's text without steering and at both signs; nothing where no study has texts."""
    found = resources.experiments(BehaviourConfig.method)
    if not found:
        return
    record = resources.study(found[0].digest)
    if not record["generations"]:
        return
    texts = rows(resources.texts(record["generations"][-1]), record["chosen"]["scale"])
    if texts.empty:
        return
    known = PRESETS.get(found[0].model)
    name = known.title if known else found[0].model
    st.header(captions.plain(f"{record['title']} on {name}"))
    st.markdown(f"**{captions.plain(texts['prompt'].iloc[0])}**")
    for column, row in zip(st.columns(len(texts)), texts.to_dict("records"), strict=True):
        with column, st.container(border=True, height="stretch"):
            _text(row)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_told(record))
        _chat(record)
        widgets.go_button(
            "Open the study", "studies", "to_study", ":material/science:", study=found[0].digest
        )


def _chat(record: dict[str, Any]) -> None:
    """The way to a conversation with the chosen vector, where its model is here."""
    chosen, model = record["chosen"], str(record["config"]["model"]["model"])
    if chatting.can_ask(model):
        chatting.button(
            f"{record['vectors'][0]}:{chosen['index']}",
            "chat_study",
            "Chat with this vector",
            scale=float(chosen["scale"]),
            model=model,
        )


def rows(frame: pd.DataFrame, scale: float) -> pd.DataFrame:
    """The first prompt's texts at minus the scale, at none and at the scale, in that order.

    Args:
        frame: A study's grid, with one column of texts a configuration.
        scale: That of the chosen cell.
    """
    own = frame[~frame["configuration"].str.startswith("random")]
    first = own[own["prompt"] == own["prompt"].iloc[0]]
    wanted = [first[first["scale"].fillna(0) == one].head(1) for one in (-scale, 0.0, scale)]
    return pd.concat(wanted)


def _text(row: dict[str, Any]) -> None:
    is_steered = bool(row["scale"]) and not pd.isna(row["scale"])
    name = captions.scale(row["scale"]) if is_steered else "unsteered"
    with st.container(horizontal=True):
        told = STEERED if is_steered else UNSTEERED
        st.badge(captions.plain(name), color="blue" if is_steered else "gray", help=told)
        if row["label"]:
            words = f"judged {captions.plain(row['label'])}"
            st.badge(words, color="gray", help="What the study's judge says that it shows.")
    st.write(captions.plain(row["text"]))


def _told(record: dict[str, Any]) -> str:
    tokens, block = record["config"]["max_new_tokens"], record["chosen"]["block"]
    return TOLD.format(tokens=tokens, block=block)
