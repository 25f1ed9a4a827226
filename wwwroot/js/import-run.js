// Uploads the bundle of a run: progress with the time that is left, and the server's own sentence when it is refused.
const url = '/api/v1/runs/import';

export function start(root) {
  const [file, button, stop] = ['#import-file', '#import-start', '#import-stop'].map(s => root.querySelector(s));
  const progress = root.querySelector('#import-progress');
  const [bar, said, result] = [progress.querySelector('progress'), progress.querySelector('[data-said]'), root.querySelector('#import-result')];
  let request = null;

  const show = (kind, text, link) => {
    const box = document.createElement('p');
    box.className = `notice ${kind}`;
    box.textContent = text;
    if (link) {
      const anchor = document.createElement('a');
      anchor.href = link;
      anchor.textContent = 'Open the run';
      box.append(' ', anchor);
    }
    result.replaceChildren(box);
  };

  file.addEventListener('change', () => {
    button.disabled = file.files.length === 0;
    result.replaceChildren();
  });
  stop.addEventListener('click', () => request?.abort());
  button.addEventListener('click', () => {
    const chosen = file.files[0];
    if (!chosen || request) {
      return;
    }
    request = new XMLHttpRequest();
    request.open('POST', `${url}?name=${encodeURIComponent(chosen.name)}`);
    request.setRequestHeader('Content-Type', 'application/zip');
    request.responseType = 'json';
    const began = performance.now();
    request.upload.addEventListener('progress', event => {
      const share = event.total > 0 ? event.loaded / event.total : 0;
      const seconds = (performance.now() - began) / 1000;
      bar.value = share;
      said.textContent = share >= 1
        ? 'Uploaded. The files are held against the manifest and read ...'
        : `${(100 * share).toFixed(0)} % uploaded${seconds > 2 && share > 0 ? `, about ${Math.ceil(seconds * (1 - share) / share)} s left` : ''}`;
      if (share >= 1) {
        bar.removeAttribute('value');
      }
    });
    const end = () => {
      request = null;
      progress.hidden = true;
      stop.hidden = true;
      button.disabled = file.files.length === 0;
    };
    request.addEventListener('load', () => {
      const { status, response } = request;
      end();
      if (status === 201) {
        show('', `Run ${response.id} was imported.`, `/runs/${encodeURIComponent(response.id)}`);
      } else {
        show('error', response?.detail ?? (status === 401 ? 'You are signed out: sign in again.' : `The server answered with status ${status}.`));
      }
    });
    request.addEventListener('error', () => {
      end();
      show('error', 'The connection broke while the file was sent. Nothing was imported.');
    });
    request.addEventListener('abort', () => {
      end();
      show('', 'Stopped. Nothing was imported.');
    });
    result.replaceChildren();
    bar.value = 0;
    said.textContent = 'Sending ...';
    progress.hidden = false;
    stop.hidden = false;
    button.disabled = true;
    request.send(chosen);
  });
}
