"""The looks and roles that no setting of the theme gives, for all pages.

Knows nothing of what they show.
"""

from pathlib import Path

import streamlit as st

SHEET = Path(__file__).with_name("look.css")

# Streamlit gives the place where files are dropped a name and the role of something that has none:
# a screen reader may then leave out either.
ROLES = """const mend = () => document
  .querySelectorAll('[data-testid=stFileUploaderDropzone][role=presentation]')
  .forEach(one => one.setAttribute('role', 'group'));
let timer;
const watch = new MutationObserver(() => {
  timer ??= setTimeout(() => { timer = undefined; mend(); }, 100);
});
export default function() {
  mend();
  watch.observe(document.body, { childList: true, subtree: true });
  return () => watch.disconnect();
}"""


def draw() -> None:
    """Give this page the sheet and the roles; nothing is seen of either."""
    st.html(SHEET)
    with st.sidebar:
        st.components.v2.component("roles", js=ROLES)(key="roles")
