// The editor of a report: preview and saving go by the API, because a text may be longer than a circuit takes. The preview is rendered by the server,
// with every text encoded; nothing in it runs.
const previewMs = 400;

export function start(root) {
  const [title, text, preview, save, said, wrong] = ['#report-title', '#report-text', '[data-preview]', '[data-save]', '[data-said]', '[data-wrong]'].map(s => root.querySelector(s));
  const url = `/api/v1/reports/${encodeURIComponent(root.dataset.report)}`;
  let version = Number(root.dataset.version);
  let saved = JSON.stringify([title.value, text.value]);
  let timer = null;
  let turn = 0;

  const dirty = () => JSON.stringify([title.value, text.value]) !== saved;
  const refuse = sentence => {
    wrong.textContent = sentence;
    wrong.hidden = sentence === '';
  };
  const ask = (path, method, body) => fetch(path, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

  async function show() {
    const mine = ++turn;
    try {
      const answer = await ask('/api/v1/reports/preview', 'POST', { markdown: text.value });
      const body = await answer.json();
      if (mine !== turn) {
        return;
      }
      if (answer.ok) {
        const open = [...preview.querySelectorAll('details')].map(details => details.open);
        preview.replaceChildren(...new DOMParser().parseFromString(body.html, 'text/html').body.childNodes);
        preview.querySelectorAll('details').forEach((details, i) => { details.open = open[i] ?? false; });
      } else {
        preview.textContent = body.detail ?? 'The preview could not be made.';
      }
    } catch {
      preview.textContent = 'The server does not answer; your text is still here.';
    }
  }

  const changed = () => {
    said.textContent = dirty() ? 'Not saved yet' : `Version ${version}`;
    clearTimeout(timer);
    timer = setTimeout(show, previewMs);
  };
  text.addEventListener('input', changed);
  title.addEventListener('input', changed);

  save.addEventListener('click', async () => {
    save.disabled = true;
    refuse('');
    const written = JSON.stringify([title.value, text.value]);
    try {
      const answer = await ask(url, 'PUT', { title: title.value, markdown: text.value, basedOn: version });
      const body = await answer.json().catch(() => ({}));
      if (answer.ok) {
        version = body.version;
        saved = written;
        said.textContent = `Saved as version ${version}`;
      } else {
        refuse(body.detail ?? (answer.status === 404 ? 'The report was removed meanwhile: copy your text.' : `The server answered with status ${answer.status}.`));
      }
    } catch {
      refuse('The server does not answer: nothing was saved, and your text is still here.');
    } finally {
      save.disabled = false;
    }
  });
  root.addEventListener('keydown', event => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') {
      event.preventDefault();
      save.click();
    }
  });
  window.addEventListener('beforeunload', event => {
    if (root.isConnected && dirty()) {
      event.preventDefault();
    }
  });
  show();
}
