// The log page's two small needs that a server cannot meet: the end of a scrolled box, and the clipboard.
const shownMs = 2000;

export function attach(root) {
  root.addEventListener('click', async event => {
    const button = event.target instanceof Element ? event.target.closest('[data-copy]') : null;
    if (!button) {
      return;
    }
    const lines = [...root.querySelectorAll('[data-log] li')].map(line => [...line.children].map(part => part.textContent).join(' '));
    try {
      await navigator.clipboard.writeText(lines.join('\n'));
      button.textContent = `Copied ${lines.length} lines`;
    } catch {
      button.textContent = 'The browser refused to copy';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, shownMs);
  });
}

export function toEnd(root) {
  const box = root.querySelector('[data-log]');
  box.scrollTop = box.scrollHeight;
}
