"""Draws the page again when it changes between light and dark.

Streamlit changes its own colours at once, but the charts' inks are chosen when a page is drawn:
until the next click, lines that were dark on white would be dark on black.
"""

import streamlit as st

# The scheme of stApp is the one that Streamlit sends with each request. A change may come before
# this script runs, and a request may be lost, so it asks until page and charts agree, ever more
# rarely: a page that never agrees should not keep the server busy. What is remembered stands
# outside the function, which Streamlit calls anew for new data without ending the call before.
SCRIPT = """const app = document.querySelector('[data-testid=stApp]');
const watch = new MutationObserver(() => later(50));
let drawn, ask, timer, patience = 1000, next = 0;
const later = wait => {
  clearTimeout(timer);
  timer = setTimeout(look, wait);
};
const look = () => {
  if (getComputedStyle(app).colorScheme === drawn) {
    [patience, next] = [1000, 0];
    return;
  }
  if (Date.now() >= next) {
    ask();
    [patience, next] = [2 * patience, Date.now() + patience];
  }
  later(next - Date.now());
};
export default function({ data, setTriggerValue }) {
  drawn = data.drawn;
  ask = () => setTriggerValue('changed', true);
  watch.observe(app, { attributes: true, attributeFilter: ['class'] });
  later(50);
  return () => {
    clearTimeout(timer);
    watch.disconnect();
  };
}"""


def draw() -> None:
    """Compare the page with the theme of this run's charts; nothing is seen of it."""
    watch = st.components.v2.component("theme_watch", js=SCRIPT)
    with st.sidebar:
        watch(
            key="theme_watch",
            data={"drawn": st.context.theme.type},
            on_changed_change=_again,
        )


def _again() -> None:
    """Nothing: the run itself is what is wanted."""
