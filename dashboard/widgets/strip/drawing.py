"""Strips of one text on a page: what they say, the tokens, and what is known of a chosen one.

The tokens are a component without a frame of its own (`strip.js`, `strip.css`). Knows nothing of
where strips come from.
"""

import functools
import hashlib
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.charts import strips as charts
from dashboard.widgets import widgets
from dashboard.words import captions
from dashboard.words import strips as words
from engine.records.strips import Strip, Token

CHART_WIDTH, TABLE_WIDTH = 460, 330
"""Pixels, where the page has them."""
MOST_ROWS = 2
"""Vectors of one strip: the one that is looked at, and the pinned one."""


def draw(
    strips: Sequence[Strip], key: str, on_select: Callable[[int | None], None] | None = None
) -> int | None:
    """Strips of one text; the token that the reader chose, if any.

    Args:
        strips: Of the same text; the first ones are shown.
        key: Of the widget; another text under the same key forgets the choice.
        on_select: Called with a token's place, or None, before the page is drawn again.
    """
    shown = list(strips)[:MOST_ROWS]
    sent = _sent(shown)

    def told() -> None:
        if on_select is not None:
            on_select(_picked(key, sent["id"], len(shown[0].tokens)))

    picked = _picked(key, sent["id"], len(shown[0].tokens))
    for one in shown:
        told_of = f"**{captions.plain(words.title(one))}.** {captions.plain(words.standing(one))}"
        st.caption(told_of, help=words.READS if one is shown[0] else None)
    if shown[0].is_steered:
        st.caption(captions.plain(words.changed(shown[0])))
    mount = st.components.v2.component(
        "token_strip", html='<div class="strip"></div>', css=_file("css"), js=_file("js")
    )
    mount(
        key=key,
        data={**sent, "picked": picked},
        default={"picked": None},
        on_picked_change=told,
    )
    if picked is not None:
        _drawer(shown, picked, key)
    return picked


@functools.cache
def _file(ending: str) -> str:
    return Path(__file__).with_name(f"strip.{ending}").read_text(encoding="utf-8")


def _picked(key: str, text: str, tokens: int) -> int | None:
    """The chosen token, unless it was chosen in another text; a browser may send anything."""
    found: Any = dict(st.session_state.get(key) or {}).get("picked")
    index = found.get("index") if isinstance(found, dict) and found.get("id") == text else None
    return index if isinstance(index, int) and 0 <= index < tokens else None


def _sent(strips: Sequence[Strip]) -> dict[str, Any]:
    """What the browser is given, with a name by which it knows that nothing has changed."""
    first = strips[0]
    sent = {
        "tokens": [one.text for one in first.tokens],
        "special": [i for i, one in enumerate(first.tokens) if one.is_special],
        "steered": [i for i, one in enumerate(first.tokens) if one.is_steered],
        "change": [_rounded(one.change) for one in first.tokens] if first.is_steered else None,
        "change_bounds": [_rounded(one.change_bound) or 0.0 for one in first.tokens],
        "change_band": words.change_band(first),
        "prompt": first.prompt_length,
        "band": words.band(first),
        "about": words.spoken(strips),
        "rows": [
            {
                "name": one.name or one.vector,
                "values": list(map(_rounded, one.values)),
                "bounds": list(map(_rounded, one.bounds)),
            }
            for one in strips
        ],
    }
    text = json.dumps(sent, sort_keys=True)
    return {**sent, "id": hashlib.sha256(text.encode()).hexdigest()[:12]}


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 3)


def _drawer(strips: Sequence[Strip], picked: int, key: str) -> None:
    """All that is known of one token."""
    token = strips[0].tokens[picked]
    with st.container(border=True):
        _heading(strips, picked)
        # Side by side where there is room, and one below the other in a narrow column.
        beside = st.container(horizontal=True, gap="medium")
        with beside.container(width=CHART_WIDTH):
            drawing = charts.over_blocks(strips, picked, widgets.inks())
            widgets.chart(drawing, "Value of this token at every block", f"{key}_blocks")
            place = "grey: " + words.band(strips[0]) + "; dashed: the block of the strip"
            st.caption(captions.plain(place))
        with beside.container(width=TABLE_WIDTH):
            _alternatives(token, strips[0].is_steered)


def _heading(strips: Sequence[Strip], picked: int) -> None:
    token = strips[0].tokens[picked]
    values = [
        f"{one.name or one.vector} {captions.number(one.values[picked])} sd, projection "
        f"{captions.number(one.projections[picked])}, "
        f"{'beyond' if one.is_beyond(picked) else 'within'} ±{one.bounds[picked]:.2f}"
        for one in strips
    ]
    told = [f"Token {picked + 1}, id {token.id}", *values]
    st.text(f"{words.visible(token.text) or '…'}   ({'; '.join(told)})")


def _alternatives(token: Token, is_steered: bool) -> None:
    """What the model expected in this place."""
    if token.logp is None:
        st.caption("Nothing stands before the first token, so nothing was expected there.")
        return
    plain = {one.text: one.probability for one in token.likely}
    steered = {one.text: one.probability for one in token.likely_steered}
    here = words.visible(token.text) or "…"
    rows = [{"token": f"▸ {here} (in the text)", "p": math.exp(token.logp)}]
    if is_steered and token.change is not None:
        rows[0]["p steered"] = math.exp(token.logp + token.change)
    for text in dict.fromkeys([*plain, *steered]):
        row: dict[str, Any] = {"token": words.visible(text), "p": plain.get(text)}
        if is_steered:
            row["p steered"] = steered.get(text)
        rows.append(row)
    share = st.column_config.NumberColumn(format="%.4f")
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={"p": share, "p steered": share},
        height=225,
        alt="The likeliest tokens in this place, unsteered and steered",
    )
    st.caption("Likeliest in its place; empty: not among the 8 likeliest there.")
