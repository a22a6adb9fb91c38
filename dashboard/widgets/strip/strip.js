// Draws a text token by token, and walks it by keys. Everything that a model or a reader wrote is
// put in as text content, never as markup. What is remembered stands by the element, because the
// function is called anew whenever anything changes.
const views = new WeakMap();
const NARROW = 480;
const NAMES = { ' ': '\u00b7', '\n': '\u23ce', '\t': '\u21e5', '\r': '\u240d' };
const FORMAT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const PICTURE = /\p{Extended_Pictographic}|\p{Regional_Indicator}/u;

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector('.strip');
  let view = views.get(root);
  if (view === undefined || view.id !== data.id) {
    view = build(root, data, view);
    views.set(root, view);
  }
  view.tell = index => setStateValue('picked', { id: data.id, index });
  view.pick(data.picked);
}

function element(name, kind, text) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (text !== undefined) made.textContent = text;
  return made;
}

// A token's text with marks for what would not be seen; a joined emoji keeps its joiners.
function written(text) {
  const found = document.createElement('bdi');
  found.className = 'x';
  if (text === '') {
    found.append(element('span', 'mark', '\u2026'));
    return found;
  }
  const joins = PICTURE.test(text);
  let plain = /^\p{M}/u.test(text) ? '\u25cc' : '';
  const flush = () => {
    if (plain) found.append(document.createTextNode(plain));
    plain = '';
  };
  for (const one of text) {
    const code = one.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
    const mark = NAMES[one] ?? (FORMAT.test(one) && !joins ? `U+${code}` : null);
    if (mark === null) plain += one;
    else {
      flush();
      found.append(element('span', 'mark', mark));
    }
  }
  flush();
  return found;
}

function number(value, digits = 2) {
  const shown = Math.abs(value) >= 100 ? Math.abs(value).toFixed(0) : Math.abs(value).toFixed(digits);
  return (value < 0 ? '\u2212' : '+') + shown;
}

// What a token is, in words: for those who hear it, and for the line beneath.
function words(data, index) {
  const shown = JSON.stringify(data.tokens[index]).slice(1, -1) || 'part of the character before';
  const told = [`${index + 1} of ${data.tokens.length}: \u201c${shown}\u201d`];
  if (data.special.includes(index)) told.push('special token');
  for (const row of data.rows) {
    const [value, bound] = [row.values[index], row.bounds[index]];
    const side = Math.abs(value) > bound ? 'beyond' : 'within';
    const name = data.rows.length > 1 ? `${row.name} ` : '';
    told.push(`${name}${number(value)} sd, ${side} the random band of \u00b1${bound.toFixed(2)}`);
  }
  if (index === 0) told.push('the first token is not counted');
  if (data.change && data.change[index] !== null) {
    const bound = data.change_bounds[index];
    const side = Math.abs(data.change[index]) > bound ? 'beyond' : 'within';
    const beside = data.change_band ? `, ${side} the random \u00b1${bound.toFixed(2)}` : '';
    told.push(`log p changed by ${number(data.change[index])} nats${beside}`);
  }
  if (data.steered.includes(index)) told.push('state changed by steering');
  return told.join('; ');
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

// The largest size of bars; the first token is an outlier in most models and does not count.
function limit(rows, least) {
  const all = rows.flatMap(row => row.slice(1)).filter(value => value !== null).map(Math.abs);
  return all.reduce((most, value) => Math.max(most, value), least);
}

function bar(value, bound, most) {
  const made = element('span', 'b');
  const share = Math.min(1, Math.abs(value) / most);
  made.classList.add(value < 0 ? 'down' : 'up');
  made.classList.toggle('beyond', Math.abs(value) > bound);
  made.classList.toggle('clipped', Math.abs(value) > most);
  made.style.setProperty('--size', `${50 * share}%`);
  made.style.setProperty('--band', `${50 * Math.min(1, bound / most)}%`);
  return made;
}

function build(root, data, before) {
  const view = { id: data.id, mode: before?.mode ?? 'projection', at: 0, tell: () => {} };
  if (!data.change) view.mode = 'projection';
  const hasAnswer = data.prompt < data.tokens.length;
  // In a narrow column the same prompt again and again would leave no room for the answers.
  view.showsPrompt = before?.showsPrompt ?? (!hasAnswer || root.clientWidth >= NARROW);
  const first = () => (view.showsPrompt ? 0 : data.prompt);
  const list = element('div', 'list');
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', `Tokens of the text. ${data.about}`);
  list.setAttribute('aria-orientation', 'horizontal');
  const said = element('div', 'said');
  said.setAttribute('aria-hidden', 'true');
  const legend = element('div', 'legend');
  const cells = data.tokens.map((text, index) => {
    const cell = element('span', 't');
    cell.setAttribute('role', 'option');
    cell.setAttribute('aria-selected', 'false');
    cell.setAttribute('aria-label', words(data, index));
    cell.tabIndex = -1;
    cell.dataset.index = index;
    cell.classList.toggle('special', data.special.includes(index));
    cell.classList.toggle('steered', data.steered.includes(index));
    cell.classList.toggle('answer', index === data.prompt && index > 0);
    cell.append(written(text));
    return cell;
  });
  // A template's own lines would push the answer out of sight.
  const lines = data.prompt < cells.length ? data.prompt : 0;
  for (const [index, cell] of cells.entries()) {
    if (index === lines && index > 0) list.append(element('span', 'break'));
    list.append(cell);
    if (index >= lines && data.tokens[index].endsWith('\n')) list.append(element('span', 'break'));
  }
  const show = index => {
    said.textContent = words(data, index);
  };
  // One token of the text is reached by Tab: the one that was looked at last.
  view.reach = index => {
    cells[view.at].tabIndex = -1;
    view.at = Math.max(first(), Math.min(cells.length - 1, index));
    cells[view.at].tabIndex = 0;
  };
  view.focus = index => {
    view.reach(index);
    cells[view.at].focus();
  };
  view.pick = index => {
    const picked = index ?? null;
    cells.forEach((cell, i) => cell.setAttribute('aria-selected', String(i === picked)));
    view.reach(picked ?? view.at);
    if (picked !== null) show(picked);
    view.picked = picked;
  };
  const choose = index => {
    view.pick(index === view.picked ? null : index);
    view.tell(view.picked);
  };
  const indexOf = event => {
    const cell = event.target.closest('.t');
    return cell ? Number(cell.dataset.index) : null;
  };
  list.addEventListener('click', event => {
    const index = indexOf(event);
    if (index === null) return;
    view.focus(index);
    choose(index);
  });
  for (const kind of ['focusin', 'mouseover']) {
    list.addEventListener(kind, event => {
      const index = indexOf(event);
      if (index === null) return;
      show(index);
      if (kind === 'focusin') view.reach(index);
    });
  }
  list.addEventListener('keydown', event => {
    const next = step(event.key, view.at, cells);
    if (next === null && event.key !== 'Enter' && event.key !== ' ') return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // A page may have these keys for its own pager.
    event.preventDefault();
    event.stopPropagation();
    if (next === null) choose(view.at);
    else view.focus(next);
  });
  const paint = () => {
    cells.slice(0, data.prompt).forEach(cell => cell.classList.toggle('away', !view.showsPrompt));
    view.reach(view.at);
    colour(data, cells, view.mode);
    explain(legend, data, view.mode);
  };
  const buttons = element('div', 'modes');
  if (data.change) buttons.append(modes(view, paint));
  if (hasAnswer) buttons.append(promptButton(view, paint));
  root.replaceChildren(buttons, legend, list, said);
  paint();
  view.pick(data.picked);
  return view;
}

// Where a key leads from a token; null where it leads nowhere.
function step(key, at, cells) {
  if (key === 'ArrowRight') return at + 1;
  if (key === 'ArrowLeft') return at - 1;
  if (key === 'Home') return 0;  // Or as near to it as is shown.
  if (key === 'End') return cells.length - 1;
  if (key !== 'ArrowUp' && key !== 'ArrowDown') return null;
  const by = key === 'ArrowUp' ? -1 : 1;
  const top = cell => Math.round(cell.getBoundingClientRect().bottom);
  const left = cell => cell.getBoundingClientRect().left;
  let [line, best] = [null, at];
  for (let i = at + by; i >= 0 && i < cells.length; i += by) {
    if (cells[i].classList.contains('away')) break;
    if (top(cells[i]) === top(cells[at])) continue;
    line ??= top(cells[i]);
    if (top(cells[i]) !== line) break;
    const nearer = Math.abs(left(cells[i]) - left(cells[at])) < Math.abs(left(cells[best]) - left(cells[at]));
    if (best === at || nearer) best = i;
  }
  return best;
}

function promptButton(view, paint) {
  const button = element('button', '', 'Prompt');
  button.type = 'button';
  button.title = 'Show the prompt with the template\'s own tokens';
  button.setAttribute('aria-pressed', String(view.showsPrompt));
  button.addEventListener('click', () => {
    view.showsPrompt = !view.showsPrompt;
    button.setAttribute('aria-pressed', String(view.showsPrompt));
    paint();
  });
  return button;
}

function modes(view, paint) {
  const group = element('span', 'group');
  group.setAttribute('role', 'group');
  group.setAttribute('aria-label', 'What the bars show');
  for (const [mode, text] of [['projection', 'Projection'], ['change', 'Change of log p']]) {
    const button = element('button', '', text);
    button.type = 'button';
    button.dataset.mode = mode;
    button.setAttribute('aria-pressed', String(mode === view.mode));
    button.addEventListener('click', () => {
      view.mode = mode;
      for (const one of group.children) {
        one.setAttribute('aria-pressed', String(one.dataset.mode === mode));
      }
      paint();
    });
    group.append(button);
  }
  return group;
}

function colour(data, cells, mode) {
  const isChange = mode === 'change';
  const rows = isChange
    ? [{ values: data.change, bounds: data.change_bounds }]
    : data.rows;
  const most = limit(rows.map(row => row.values), isChange ? 0.5 : 2.5);
  for (const [index, cell] of cells.entries()) {
    cell.querySelectorAll('.b').forEach(one => one.remove());
    for (const row of rows) {
      cell.append(bar(row.values[index] ?? 0, row.bounds[index], most));
    }
    const [value, bound] = [rows[0].values[index] ?? 0, rows[0].bounds[index]];
    const share = Math.min(1, Math.abs(value) / most);
    cell.classList.toggle('muted', Math.abs(value) <= bound);
    cell.classList.toggle('minus', value < 0);
    cell.style.setProperty('--ink', `${(Math.abs(value) > bound ? 12 + 43 * share : 0).toFixed(0)}%`);
  }
}

function explain(legend, data, mode) {
  legend.replaceChildren();
  const isChange = mode === 'change';
  const rows = isChange ? [data.change] : data.rows.map(row => row.values);
  const most = limit(rows, isChange ? 0.5 : 2.5);
  const unit = isChange ? 'nats' : 'sd';
  const scale = element('span', 'scale');
  const axis = element('span', 'axis');
  const bounds = isChange ? data.change_bounds.slice(data.steered[0] + 1) : data.rows[0].bounds.slice(1);
  const middle = median(bounds);
  axis.style.setProperty('--band', `${50 * Math.min(1, middle / most)}%`);
  axis.append(element('span', 'band'));
  scale.append(element('span', '', `${number(-most, 1)} ${unit}`), axis);
  scale.append(element('span', '', `${number(most, 1)} ${unit}`));
  legend.append(scale);
  const told = isChange
    ? ['log p of the token, steered less unsteered', data.change_band
        ? `grey: ${data.change_band}, \u00b1${middle.toFixed(2)} nats at the median token`
        : 'no random vectors were measured for it']
    : [`grey: ${data.band}, \u00b1${middle.toFixed(1)} sd at the median token`];
  if (!isChange && data.rows.length > 1) {
    told.push(...data.rows.map((row, i) => `${['upper', 'lower'][i] ?? `${i + 1}th`} bars: ${row.name}`));
  }
  if (data.steered.length) told.push('underlined: state changed by steering');
  if (data.special.length) told.push('framed: special token');
  told.push('\u2190 \u2192 walk, Enter opens');
  for (const text of told) legend.append(element('span', 'note', text));
}
