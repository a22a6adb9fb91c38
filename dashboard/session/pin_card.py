"""The pinned vector in the sidebar, and the button that pins. Knows nothing of charts."""

import streamlit as st

from dashboard.session import pinned, vector_links
from dashboard.words import captions

ABOUT = "Keeps this vector in sight on every page, beside those you look at next."


def draw() -> None:
    """The pinned vector's name, swap and unpin; nothing without a pin."""
    one = pinned.known(pinned.reference())
    if one is None:
        return
    with st.container(border=True, gap="xsmall"):
        st.caption(f"{captions.PINNED} Pinned")
        vector_links.link(one.reference, one.name)
        st.caption(captions.plain(one.words))
        with st.container(horizontal=True, gap="xsmall"):
            st.button(
                "Swap",
                key="swap_pin",
                icon=":material/swap_horiz:",
                on_click=_swap,
                help="Pins the vector that you look at, and shows this one instead.",
            )
            st.button("Unpin", key="unpin", icon=":material/keep_off:", on_click=pinned.unpin)


def _swap() -> None:
    if not pinned.swap():
        st.toast("There is no other vector to swap with: open one first.", icon=":material/info:")


def warn_missing() -> None:
    """Say that the pinned vector is not here, on whichever page, and offer to unpin it."""
    asked = pinned.reference()
    if asked is None or pinned.known(asked) is not None:
        return
    told = (
        f"The pinned vector {asked[:40]} is not in this store: unpin it, or drop its record on "
        "Library."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(captions.plain(told), icon=":material/link_off:")
        st.button("Unpin", key="unpin_missing", icon=":material/keep_off:", on_click=pinned.unpin)


def button(reference: str, key: str = "pin_here", shortcut: str | None = "P") -> None:
    """Pins a vector, or lets it go if it is the pinned one."""
    is_pinned = reference == pinned.reference()
    st.button(
        "Unpin this" if is_pinned else "Pin",
        key=key,
        icon=":material/keep_off:" if is_pinned else ":material/keep:",
        shortcut=shortcut,
        on_click=pinned.unpin if is_pinned else pinned.pin,
        args=() if is_pinned else (reference,),
        help=ABOUT,
    )
