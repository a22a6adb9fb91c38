"""The way to a vector's own page from wherever it is mentioned, within the reader's session.

Knows nothing of what the page shows.
"""

import streamlit as st

from dashboard.session import going, naming, navigation
from dashboard.words import captions

PAGE, PARAMETER = "vector", "v"
"""Of the link: `/vector?v=DIGEST:INDEX`; without an index it is the set's first vector."""
SECTION = "v_tab"
"""Of the link: the open section, by its title."""
ABOUT = "All that is known of this vector."


def address(reference: str) -> str:
    """The relative link, for a table whose cells are addresses."""
    return navigation.link(PAGE, **{PARAMETER: reference})


def parameters(reference: str) -> dict[str, str]:
    """What the page is given, with the pin and the model that this tab keeps."""
    return {PARAMETER: reference, **going.kept()}


def link(reference: str, name: str, about: str = ABOUT) -> None:
    """A vector's name as the link to its page.

    Args:
        reference: DIGEST:INDEX.
        name: Shown where its set is not in the store, as its characters.
        about: What is said on hovering.
    """
    st.page_link(
        navigation.page(PAGE),
        label=captions.plain(called(reference, name)),
        icon=navigation.PAGES[PAGE][1],
        query_params=parameters(reference),
        help=about,
        width="content",
    )


def called(reference: str, name: str) -> str:
    """What a vector is called; `name` where its set is not in the store."""
    found = naming.called(reference)
    return name if found == reference else found


def button(reference: str, key: str, label: str = "Vector page") -> None:
    """The same as a button, where buttons stand in a row."""
    icon, asked = navigation.PAGES[PAGE][1], {PARAMETER: reference}
    if st.button(label, key=key, icon=icon, help=ABOUT, on_click=going.leave, args=(PAGE, asked)):
        going.depart()
