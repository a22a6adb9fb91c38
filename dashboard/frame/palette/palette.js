// One field that goes anywhere. It stands in the page's body, above all else: a closed sidebar would
// take it along. What is known of it lies outside the function, which Streamlit calls anew for new
// data without ending the call before.

const MOST = 60; // rows that are drawn; more letters find the rest
const MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const MOD = MAC ? '⌘' : 'Ctrl';

let known = { start: [], stored: [], keys: [] };
let tell = () => {};
let dialog, input, list, found = [], at = 0;
let has = false; // whether the store's own lines have come
let waits = false; // whether Enter was pressed before

const make = (kind, name, text) => {
  const one = document.createElement(kind);
  if (name) one.className = name;
  if (text !== undefined) one.textContent = text;
  return one;
};

const plain = text => text.toLowerCase().normalize('NFKD').replace(/[\u0300-\u036f]/g, '');

// How well an item fits all words that were typed; nothing where one of them is nowhere in it.
function fit(item, words, whole) {
  if (item.code && item.code === whole) return 1000;
  let sum = 0;
  for (const word of words) {
    const place = item.label_.indexOf(word);
    const begins = place === 0 || (place > 0 && !/[\p{L}\p{N}]/u.test(item.label_[place - 1]));
    if (place >= 0) sum += begins ? 30 : 15;
    else if (item.code && item.code.startsWith(word)) sum += 12;
    else if (item.more_.includes(word)) sum += 8;
    else if (within(item.label_, word)) sum += 3;
    else return 0;
  }
  if (item.label_ === whole) sum += 40;
  return sum + (item.kind === 'Page' || item.kind === 'Action' ? 5 : 0) + (item.star ? 4 : 0);
}

// Whether the letters of a word follow one another in a text.
function within(text, word) {
  let place = 0;
  for (const letter of word) {
    place = text.indexOf(letter, place) + 1;
    if (!place) return false;
  }
  return word.length > 1;
}

function items() {
  for (const item of [...known.start, ...known.stored]) {
    item.label_ ??= plain(item.label);
    item.more_ ??= plain(item.more);
  }
  return [...known.start, ...known.stored];
}

function search() {
  const whole = plain(input.value.trim());
  const words = whole.split(/\s+/).filter(Boolean);
  found = items();
  if (words.length) {
    found = found.map((item, place) => [fit(item, words, whole), -place, item])
      .filter(one => one[0]).sort((a, b) => b[0] - a[0] || b[1] - a[1]).map(one => one[2]);
    found.push({ kind: 'Library', label: `Search the library for “${input.value.trim()}”`, code: '',
      page: 'library', with: { lib_text: input.value.trim() } });
  }
  found = found.slice(0, MOST);
  list.replaceChildren(...found.map(row));
  mark(0);
}

function row(item, place) {
  const one = make('li');
  one.id = `vs-palette-${place}`;
  one.setAttribute('role', 'option');
  one.append(make('span', 'vs-label', (item.star ? '★ ' : '') + item.label));
  if (item.code) one.append(make('kbd', '', item.code));
  one.append(make('span', 'vs-kind', item.kind));
  one.addEventListener('mousemove', () => place !== at && mark(place, false));
  one.addEventListener('click', () => choose(item));
  return one;
}

function mark(place, moves = true) {
  at = Math.max(0, Math.min(place, found.length - 1));
  [...list.children].forEach((one, i) => one.setAttribute('aria-selected', i === at));
  const one = list.children[at];
  input.setAttribute('aria-activedescendant', one ? one.id : '');
  if (one && moves) one.scrollIntoView({ block: 'nearest' });
}

function choose(item) {
  if (!item) return;
  if (!has && item.kind === 'Library') {
    waits = true;
    return;
  }
  close();
  if (item.do === 'keys') return keys();
  if (item.do === 'copy') return navigator.clipboard?.writeText(location.href);
  const { page, do: does, job, questions } = item;
  tell('chosen', { page, with: item.with, do: does, job, questions });
}

// Streamlit's own keys must not hear what is typed here.
function hear(event) {
  event.stopPropagation();
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
  if (!list || event.isComposing) return;
  if (step) {
    event.preventDefault();
    const end = found.length - 1;
    const next = at + step;
    mark(Math.abs(step) === 1 ? (next < 0 ? end : next > end ? 0 : next) : next);
  } else if (event.key === 'Enter') {
    event.preventDefault();
    choose(found[at]);
  }
}

function close() {
  if (dialog) dialog.close();
}

function show(label) {
  close();
  const own = make('dialog', 'vs-palette');
  dialog = own;
  own.setAttribute('aria-label', label);
  own.addEventListener('keydown', hear);
  own.addEventListener('click', event => event.target === own && own.close());
  own.addEventListener('close', () => {
    own.remove();
    if (dialog === own) dialog = input = list = undefined;
  });
  const style = getComputedStyle(document.querySelector('[data-testid=stApp]'));
  own.style.setProperty('--back', style.backgroundColor);
  own.style.setProperty('--ink', style.color);
  own.style.fontFamily = style.fontFamily;
  own.style.colorScheme = style.colorScheme;
  document.body.append(own);
  return own;
}

function palette() {
  const own = show('Go to anything');
  input = make('input');
  input.type = 'text';
  input.placeholder = 'Page, vector, run, data or action';
  input.autocomplete = 'off';
  input.spellcheck = false;
  for (const [name, value] of Object.entries({
    role: 'combobox', 'aria-label': 'Go to', 'aria-expanded': 'true', 'aria-autocomplete': 'list',
    'aria-controls': 'vs-palette-list',
  })) input.setAttribute(name, value);
  list = make('ul');
  list.id = 'vs-palette-list';
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', 'What fits');
  waits = false;
  input.addEventListener('input', () => {
    waits = false;
    search();
  });
  const foot = make('p', 'vs-foot', '↑ ↓ choose · Enter opens · Esc closes · a vector’s code opens it');
  own.append(input, list, foot);
  own.showModal();
  input.focus();
  search();
  tell('opened', true);
}

// The keys of this page are those that its own buttons show, and those that hold everywhere.
function keys() {
  const own = show('Keys of this page');
  const rows = new Map();
  for (const key of document.querySelectorAll('[data-testid=stMain] button kbd, '
    + '[data-testid=stSidebar] button kbd')) {
    const button = key.closest('button');
    const name = button.querySelector('[data-testid=stMarkdownContainer]')?.textContent.trim();
    const word = key.textContent.trim();
    if (name) rows.set(word, rows.has(word) ? rows.get(word) : name);
  }
  const heading = make('h2', '', 'Keys of this page');
  const table = make('dl');
  const add = (key, words) => {
    const term = make('dt');
    term.append(make('kbd', '', key));
    table.append(term, make('dd', '', words));
  };
  rows.forEach((words, key) => add(key, words));
  for (const [key, words] of known.keys) add(key.replace('Mod', MOD), words);
  const button = make('button', '', 'Close');
  button.addEventListener('click', close);
  own.append(heading, table, button);
  own.showModal();
  button.focus();
}

const types = event => {
  const one = event.composedPath()[0];
  return one instanceof Element
    && (one.isContentEditable || one.closest('input, textarea, select, [contenteditable=true]'));
};

function pressed(event) {
  const isMod = MAC ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  if (isMod && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    event.stopPropagation();
    if (dialog && list) close();
    else palette();
  } else if (event.key === '?' && !event.ctrlKey && !event.metaKey && !event.altKey
    && !dialog && !types(event)) {
    event.preventDefault();
    keys();
  }
}

export default function({ data, setTriggerValue }) {
  tell = setTriggerValue;
  known = { ...known, ...data, stored: data.stored ?? known.stored };
  has = has || Boolean(data.stored);
  if (dialog && list) {
    // What was chosen so far stays chosen when the store's own lines come.
    const before = found[at];
    search();
    const place = found.findIndex(one => before && one.label === before.label
      && one.kind === before.kind && one.code === before.code);
    if (input.value === '' && place > 0) mark(place);
    if (has && waits) choose(found[0]);
  }
  window.vectorscopeKeys?.();
  window.addEventListener('keydown', pressed, true);
  window.vectorscopeKeys = () => window.removeEventListener('keydown', pressed, true);
  return () => window.vectorscopeKeys?.();
}
