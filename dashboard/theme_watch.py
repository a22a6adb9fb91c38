"""Draws the page again when it changes between light and dark.

Streamlit changes its own colours at once, but the charts' inks are chosen when a page is drawn:
until the next click, lines that were dark on white would be dark on black.
"""

import streamlit as st

SCRIPT = """export default function({ setTriggerValue }) {
  const app = document.querySelector('[data-testid=stApp]');
  const page = () => getComputedStyle(app).backgroundColor;
  let drawn = page();
  const watch = new MutationObserver(() => {
    if (page() === drawn) return;
    drawn = page();
    setTriggerValue('changed', true);
  });
  watch.observe(app, { attributes: true, attributeFilter: ['class'] });
  return () => watch.disconnect();
}"""


def draw() -> None:
    """Watch the colour of the page; nothing is seen of it."""
    watch = st.components.v2.component("theme_watch", js=SCRIPT)
    with st.sidebar:
        watch(key="theme_watch", on_changed_change=_again)


def _again() -> None:
    """Nothing: the run itself is what is wanted."""
