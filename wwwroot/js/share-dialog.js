// The clipboard, which a server cannot reach: a button copies the field that it names.
const shownMs = 2000;

export function attach(root) {
  root.addEventListener('click', async event => {
    const button = event.target instanceof Element ? event.target.closest('[data-copy-from]') : null;
    if (!button) {
      return;
    }
    const field = root.querySelector(`#${button.dataset.copyFrom}`);
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = 'Copied';
    } catch {
      // No clipboard without https or permission: the text is marked, and the keys work.
      field.select();
      button.textContent = 'Press Ctrl+C';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, shownMs);
  });
}
