"""What a reader takes away from a view: its link, its picture, its report, its table.

Knows nothing of what the view shows.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

import pandas as pd
import streamlit as st

from dashboard.cards import card as cards
from dashboard.cards.card import Card
from dashboard.session import models, navigation
from dashboard.widgets.taking import copying


def share(address: str) -> None:
    """The address of this view, to copy."""
    with st.popover("Share", icon=":material/share:", help="The address of this very view"):
        _link(address)


def _link(address: str) -> None:
    address = f"{navigation.base()}{models.carried(address)}"
    st.caption("Relative, so that it works through any tunnel:")
    st.code(address, language=None, wrap_lines=True)
    if st.context.url:
        st.caption("With your own host and port:")
        here = urlsplit(st.context.url)
        whole = f"{here.scheme}://{here.netloc}{address}"
        st.code(whole, language=None, wrap_lines=True)


def share_card(
    address: str, card: Callable[[], Card], name: str, report: Callable[[], bytes] | None = None
) -> None:
    """The address of this view, the view as a picture, and its record as a report.

    Pictures and reports are made when their button is clicked, in a thread without a session.

    Args:
        address: The relative link to the view.
        card: Draws the card.
        name: Of the files, without their ending.
        report: Writes the report, if there is one.
    """
    with st.popover("Share", icon=":material/share:", help="Link, picture card and report"):
        _link(address)
        st.caption(
            "A picture with its recipe in words and inside. Drop the PNG on Library: it opens."
        )
        with st.container(horizontal=True):
            made_on_click("Card PNG", f"{name}.png", lambda: cards.png(card()), "image")
            made_on_click("Card SVG", f"{name}.svg", lambda: card().svg.encode(), "image")
        copying.button(f"copy_{name}", lambda: cards.png(card()))
        if report is not None:
            st.caption("The whole record in one HTML file that opens anywhere, offline:")
            made_on_click("Report", f"{name}.html", report, "description")


def made_on_click(
    label: str, file_name: str, make: Callable[[], bytes], icon: str = "download", reason: str = ""
) -> None:
    """A download whose content is made when it is clicked; disabled where a reason is given."""
    st.download_button(
        label,
        data=make,
        file_name=file_name,
        mime="application/octet-stream",
        key=f"made_{label}_{file_name}",
        icon=f":material/{icon}:",
        on_click="ignore",
        disabled=bool(reason),
        help=reason or None,
    )


def download(frame: pd.DataFrame, name: str) -> None:
    """Buttons that make the table as CSV, or as JSON line by line, when they are clicked."""
    with st.container(horizontal=True, gap="xsmall", width="content"):
        made_on_click("CSV", f"{name}.csv", lambda: frame.to_csv(index=False).encode())
        made_on_click("JSONL", f"{name}.jsonl", lambda: jsonl(frame))


def jsonl(frame: pd.DataFrame) -> bytes:
    """A table as JSON, one row a line."""
    return frame.to_json(orient="records", lines=True, force_ascii=False).encode()
