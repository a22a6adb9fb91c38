"""The looks and roles that no setting of the theme gives, for all pages.

Knows nothing of what they show.
"""

from pathlib import Path

import streamlit as st

SHEET = Path(__file__).with_name("look.css")

# Streamlit gives the place where files are dropped a name and the role of something that has none:
# a screen reader may then leave out either. A name that its menu cuts is shown whole by the sheet.
ROLES = """const roles = () => document
  .querySelectorAll('[data-testid=stFileUploaderDropzone][role=presentation]')
  .forEach(one => one.setAttribute('role', 'group'));
const names = () => document
  .querySelectorAll('[data-testid=stMain] [data-testid=stSelectbox]')
  .forEach(one => {
    const field = one.querySelector('input');
    const isCut = field && field !== document.activeElement
      && field.scrollWidth > field.clientWidth + 1;
    const whole = isCut ? field.value : '';
    if (field && field.title !== whole) field.title = whole;
    if ((one.dataset.whole || '') === whole) return;
    if (whole) one.dataset.whole = whole; else delete one.dataset.whole;
  });
const rows = () => document
  .querySelectorAll('[data-testid=stMain] [data-testid=stHorizontalBlock]')
  .forEach(row => {
    if (row.querySelector(':scope > [data-testid=stColumn]')) return;
    const cut = row.querySelector('[data-whole]');
    const label = cut && cut.querySelector('label');
    const under = !cut ? null : label && label.offsetHeight > 4 ? 'label' : 'field';
    if (row.getAttribute('data-under') === under) return;
    if (under) row.setAttribute('data-under', under); else row.removeAttribute('data-under');
  });
const mend = () => { roles(); names(); rows(); };
let timer;
const watch = new MutationObserver(() => {
  timer ??= setTimeout(() => { timer = undefined; mend(); }, 100);
});
export default function() {
  mend();
  watch.observe(document.body, { childList: true, subtree: true });
  window.addEventListener('resize', mend);
  return () => { watch.disconnect(); window.removeEventListener('resize', mend); };
}"""


def draw() -> None:
    """Give this page the sheet and the roles; nothing is seen of either."""
    st.html(SHEET)
    with st.sidebar:
        st.components.v2.component("roles", js=ROLES)(key="roles")
