// A shared page that follows: the ticket in the page goes to the hub, and parts of the page come back when they change. The server has rendered them,
// with every text encoded; nothing in them runs. Without this script the page stands still.
const retryMs = [0, 1000, 2000, 5000, 10000];

const page = document.querySelector('#share');
const badge = document.querySelector('#share-live');
const { ticket, hub, frozen } = page.dataset;
let closed = false;

document.title = `${page.querySelector('h1, h2')?.textContent.trim() ?? 'A shared page'} - RroDashboard`;

function say(state, text) {
  badge.dataset.live = state;
  badge.textContent = text;
}

function replace({ id, html }) {
  const old = [...page.querySelectorAll('[data-section]')].find(section => section.id === id);
  if (!old) {
    return;
  }
  const open = [...old.querySelectorAll('details')].map(details => details.open);
  const scrolled = [...old.querySelectorAll('[data-scroll]')].map(box => [box.scrollLeft, box.scrollTop]);
  // Parsed as a document of its own: scripts of such a document do not run.
  const fresh = new DOMParser().parseFromString(html, 'text/html').body;
  old.replaceChildren(...fresh.childNodes);
  old.querySelectorAll('details').forEach((details, i) => { details.open = open[i] ?? false; });
  old.querySelectorAll('[data-scroll]').forEach((box, i) => { [box.scrollLeft, box.scrollTop] = scrolled[i] ?? [0, 0]; });
}

function close() {
  closed = true;
  say('ended', 'Closed');
  const title = document.createElement('h1');
  title.textContent = 'This link does not work any more';
  const text = document.createElement('p');
  text.textContent = 'It has expired, or whoever made it has taken it back. Ask whoever sent it for a new one.';
  const panel = document.createElement('section');
  panel.className = 'panel stack';
  panel.id = 'share-closed';
  panel.setAttribute('role', 'alert');
  panel.append(title, text);
  page.replaceChildren(panel);
  document.title = 'Closed - RroDashboard';
}

async function follow() {
  const connection = new window.signalR.HubConnectionBuilder()
    .withUrl(hub, { transport: window.signalR.HttpTransportType.WebSockets, skipNegotiation: true })
    .configureLogging(window.signalR.LogLevel.None)
    .build();
  let first = true;
  connection.on('sections', sections => {
    sections.forEach(replace);
    // The first message is everything, whether it changed since the page was made or not.
    say('live', first ? 'Live' : `Live, changed at ${new Date().toLocaleTimeString()}`);
    first = false;
  });
  connection.on('closed', close);
  const ended = new Promise(resolve => { connection.onclose(resolve); });
  await connection.start();
  try {
    await connection.invoke('Follow', ticket);
  } catch (error) {
    await connection.stop();
    if (error.message.endsWith('closed')) {
      close();
    } else if (error.message.endsWith('full')) {
      closed = true;
      say('ended', 'Stands still: too many people follow this page');
    } else {
      throw error; // The line broke meanwhile, or the server stops: tried again.
    }
    return;
  }
  say(frozen ? 'ended' : 'live', frozen ? 'Frozen copy' : 'Live');
  await ended;
}

for (let attempt = 0; !closed; attempt++) {
  try {
    await follow();
    attempt = 0;
  } catch {
    // The server may be starting; said below.
  }
  if (!closed) {
    say('reconnecting', frozen ? 'Frozen copy' : 'Reconnecting');
    await new Promise(resolve => setTimeout(resolve, retryMs[Math.min(attempt, retryMs.length - 1)] + 200));
  }
}
