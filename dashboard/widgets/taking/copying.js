// Writes a picture to the clipboard. A browser allows that only right after a click, so it is given
// the promise of the picture at once, and the picture when the page has drawn it.
const waiting = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const button = parentElement.querySelector('button');
  const told = parentElement.querySelector('output');
  const give = waiting.get(parentElement);
  if (data.png && give) {
    waiting.delete(parentElement);
    const signs = Uint8Array.from(atob(data.png), sign => sign.charCodeAt(0));
    give(new Blob([signs], { type: 'image/png' }));
  }
  button.onclick = async () => {
    if (!navigator.clipboard?.write || !window.ClipboardItem) {
      told.textContent = data.refused;
      return;
    }
    told.textContent = data.busy;
    const picture = new Promise(done => waiting.set(parentElement, done));
    setTriggerValue('asked', true);
    try {
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]);
      told.textContent = data.done;
    } catch {
      told.textContent = data.refused;
    }
  };
}
