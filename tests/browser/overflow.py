"""What is clipped or covered on every page: `python -m tests.browser.overflow [VIEW…]`.

Every page at widths from a phone's to 2560 pixels. Prints a line for every text that is cut off,
for every column of a table that is too narrow for a figure in it, and for every toolbar that lies
on something else; ends with 1 if there was any.
"""

import sys
from typing import Any

from tests.browser import everywhere
from tests.browser.walk import say

WIDTHS = everywhere.PHONE | everywhere.SIZES

CLIPPED = """() => {
  const shown = one => one.checkVisibility(
    {contentVisibilityAuto: true, opacityProperty: true, visibilityProperty: true});
  const found = [];
  const main = document.querySelector('[data-testid=stMain]');
  if (main.scrollWidth > main.clientWidth + 1)
    found.push(`page: wider than the window by ${main.scrollWidth - main.clientWidth}`);
  // A choice of many words ends in an ellipsis and opens on a click; code scrolls in its box; what
  // is only read out is a pixel wide.
  const free = '[data-testid=stIconMaterial], svg, pre, code, canvas, [role=combobox], '
    + '[data-testid=stSelectbox], textarea, '
    + '[data-testid=stTabs] [role=tablist], [data-testid=stDataFrame], [data-testid=stJson]';
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = texts.nextNode();) {
    const words = node.data.trim();
    const own = node.parentElement;
    if (!words || !own || own.closest(free) || !shown(own)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    // A menu that is folded away lies beside the window.
    if (own.closest('[data-testid=stSidebar]')?.getBoundingClientRect().right < 4) continue;
    for (let one = own; one && one !== main && one !== document.body; one = one.parentElement) {
      const look = getComputedStyle(one);
      if (look.position === 'fixed') break;
      const [x, y] = [look.overflowX, look.overflowY].map(each => each !== 'visible');
      if (!x && !y) continue;
      const room = one.getBoundingClientRect();
      // A pixel of width and height is how words are hidden that are read out.
      if (room.width < 4 || room.height < 4) break;
      const right = box.right - room.right, left = room.left - box.left;
      if (x && Math.max(right, left) > 1.5) {
        const where = one.closest('[data-testid]')?.dataset.testid || one.tagName;
        found.push(`clipped: "${words.slice(0, 60)}" in ${where}`);
        break;
      }
    }
  }
  for (const one of document.querySelectorAll('input')) {
    if (!shown(one) || !one.value || one.type === 'file') continue;
    if (one.closest('[role=combobox], [data-testid=stSelectbox], [data-testid=stMultiSelect]'))
      continue;
    if (one.type === 'number' && one.scrollWidth > one.clientWidth + 2)
      found.push(`clipped: number ${one.value} of ${one.ariaLabel}`);
  }
  return found;
}"""

TOOLBARS = """() => {
  const found = [];
  const marks = 'p, label, button, [data-testid=stMetricValue], input, [role=radio], h1, h2, h3';
  const things = [...document.querySelectorAll(marks)].filter(one => one.checkVisibility()
    && !one.closest('[data-testid=stElementToolbar], [data-testid=stSidebar], header'));
  for (const bar of document.querySelectorAll('[data-testid=stElementToolbar]')) {
    const own = bar.closest('[data-testid=stElementContainer]');
    const place = bar.getBoundingClientRect();
    if (place.width < 2) continue;
    for (const one of things) {
      if (own && own.contains(one)) continue;
      // A heading is as wide as the page, its words are not.
      const range = document.createRange();
      range.selectNodeContents(one);
      const isText = /^(P|H[1-6]|LABEL)$/.test(one.tagName);
      const box = (isText ? range : one).getBoundingClientRect();
      const wide = Math.min(box.right, place.right) - Math.max(box.left, place.left);
      const high = Math.min(box.bottom, place.bottom) - Math.max(box.top, place.top);
      if (wide > 2 && high > 2) {
        const words = (one.innerText || one.ariaLabel || one.tagName).trim().slice(0, 50);
        const key = own?.className.match(/st-key-\\S+/)?.[0] || 'a chart';
        found.push(`toolbar of ${key} lies on "${words}"`);
        break;
      }
    }
  }
  return found;
}"""

# What a table draws is in its canvas; its own component knows the words and the widths.
COLUMNS = """() => {
  const found = [], pen = document.createElement('canvas').getContext('2d');
  for (const table of document.querySelectorAll('[data-testid=stDataFrame]')) {
    const name = table.querySelector('[role=region]')?.ariaLabel || 'a table';
    const grid = table.querySelector('canvas[data-testid=data-grid-canvas]');
    const key = grid && Object.keys(grid).find(one => one.startsWith('__reactFiber'));
    let fiber = key && grid[key], given;
    for (let up = 0; fiber && up < 60 && !given; up++, fiber = fiber.return) {
      const props = fiber.memoizedProps;
      if (props?.getCellContent && typeof props.columns?.[0]?.width === 'number') given = props;
    }
    if (!table.checkVisibility({contentVisibilityAuto: true})) continue;
    if (!given) { found.push(`table "${name}" could not be looked into`); continue; }
    const look = getComputedStyle(grid);
    const font = name => look.getPropertyValue(`--gdg-${name}`).trim();
    pen.font = `${font('base-font-style') || '14px'} ${font('font-family') || look.fontFamily}`;
    given.columns.forEach((column, place) => {
      for (let row = 0; row < Math.min(given.rows, 300); row++) {
        const cell = given.getCellContent([place, row]);
        const words = String(cell?.displayData ?? '').trim();
        // Long words end in an ellipsis and open on a click; half a figure is another figure.
        if (!/^[-+\u2212]?[0-9][0-9.,]*\\s?%?$/.test(words)) continue;
        if (pen.measureText(words).width + 16 > column.width + 1) {
          found.push(`column "${column.title}" of "${name}" is too narrow for ${words}`);
          break;
        }
      }
    });
  }
  return [...new Set(found)];
}"""


def clipped(page: Any) -> list[str]:
    """What of the open page cannot be read: texts cut off, narrow columns, covered things."""
    return sorted({one for look in (CLIPPED, TOOLBARS, COLUMNS) for one in page.evaluate(look)})


def main(asked: everywhere.Asked) -> int:
    """Look at the views asked for; on a dashboard of its own unless an address is given."""
    looks = [everywhere.Look("light", *size) for size in WIDTHS.items()]
    told = everywhere.looked(clipped, looks, asked)
    say(f"{told.kinds} clipped or covered things on {told.views} views x {told.looks} widths")
    return 1 if told.kinds else 0


if __name__ == "__main__":
    sys.exit(everywhere.command(__doc__, main))
