// The acceptance feed: newest first, bounded, and it says what it leaves out. Every text of a run is written with
// textContent: an action is what a model wrote, and a model may write HTML.
import { plain } from './plain-text.js';
import { mean } from './run-model.js';

export const maxRows = 60;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) {
    made.className = className;
  }
  if (text !== undefined) {
    made.textContent = text;
  }
  return made;
}

const two = value => value.toFixed(2);

const accounts = {
  Accepted: 'accepted', Lower: 'lower', Tie: 'tie', SameState: 'same state', Invalid: 'invalid', NoRise: 'best seen, kept',
  Truncated: 'cut', Contrast: 'contrast', Unconsidered: 'seen in a rollout',
};

// loadOlder(beforeKey) and loadCandidates(task, step) ask the server.
export class Feed {
  #list;
  #foot;
  #older;
  #pause;
  #items = [];
  #waiting = [];
  #missed = 0;
  #paused = false;
  #total = 0;
  #load;
  #describe;

  constructor(root, { loadOlder, loadCandidates, describe }) {
    this.#list = root.querySelector('ol');
    this.#foot = root.querySelector('[data-foot]');
    this.#older = root.querySelector('[data-older]');
    this.#pause = root.querySelector('[data-pause]');
    this.#load = { older: loadOlder, candidates: loadCandidates };
    this.#describe = describe;
    this.#pause.addEventListener('click', () => this.#togglePause());
    this.#older.addEventListener('click', () => this.#showOlder());
  }

  // Decisions of the snapshot, newest first, and how many there are in all.
  reset(items, total) {
    this.#items = [];
    this.#waiting = [];
    this.#missed = 0;
    this.#list.replaceChildren();
    this.#total = total;
    for (const item of items) {
      this.#items.push(item);
      this.#list.append(this.#row(item));
    }
    this.#say();
  }

  // New decisions, oldest first: the newest of as many as count says.
  add(items, count) {
    this.#total += count;
    if (this.#paused) {
      // More than the list shows would only fill the memory; the server has them all.
      this.#waiting = this.#waiting.concat(items).slice(-maxRows);
      this.#missed += count;
      this.#say();
      return;
    }
    const rows = document.createDocumentFragment();
    for (const item of items.slice(-maxRows).reverse()) {
      rows.append(this.#row(item));
    }
    const open = this.#list.contains(document.activeElement);
    this.#list.prepend(rows);
    this.#items.unshift(...items.slice(-maxRows).reverse());
    // A row that someone is in stays, however old it is.
    while (this.#items.length > maxRows && !(open && this.#list.lastElementChild.contains(document.activeElement))) {
      this.#items.pop();
      this.#list.lastElementChild.remove();
    }
    this.#say();
  }

  #togglePause() {
    this.#paused = !this.#paused;
    this.#pause.setAttribute('aria-pressed', String(this.#paused));
    if (!this.#paused) {
      const [items, count] = [this.#waiting, this.#missed];
      this.#waiting = [];
      this.#missed = 0;
      this.#total -= count;
      this.add(items, count);
    }
    this.#say();
  }

  async #showOlder() {
    const last = this.#items.at(-1);
    if (!last) {
      return;
    }
    this.#older.disabled = true;
    try {
      // Reading back and following at once would move the list under the reader.
      if (!this.#paused) {
        this.#togglePause();
      }
      const older = await this.#load.older(last);
      for (const item of older) {
        this.#items.push(item);
        this.#list.append(this.#row(item));
      }
    } catch (error) {
      this.#foot.textContent = `Older steps could not be read: ${error.message}`;
      return;
    } finally {
      this.#older.disabled = false;
    }
    this.#say();
  }

  #say() {
    const shown = this.#items.length;
    const hidden = this.#total - shown - this.#missed;
    this.#pause.textContent = this.#paused ? `Resume${this.#missed ? ` (${this.#missed.toLocaleString('en-US')} new)` : ''}` : 'Pause';
    this.#foot.textContent = this.#total === 0
      ? 'Steps appear here when exploration decides them: what was tried, what it was worth, and why it was followed.'
      : `Showing the newest ${shown} of ${this.#total.toLocaleString('en-US')} decided steps.`;
    this.#older.hidden = hidden <= 0;
  }

  #row(item) {
    const row = element('li');
    row.dataset.key = `${item.task}-${item.step}`;
    const line = element('div', 'line');
    const where = element('a', 'where', `task ${item.task} · step ${item.step}`);
    where.href = `${location.pathname}/tasks/${item.task}`;
    line.append(where);
    const action = element('span', 'action', item.action === '' ? '(nothing was followed)' : plain(item.action));
    action.dir = 'auto';
    action.title = plain(item.action);
    line.append(action);
    const previous = mean(item.previous);
    if (item.accepted) {
      const value = mean(item.accepted);
      const rose = ['Rose', 'BestOfAll', 'Forced'].includes(item.verdict);
      const sign = value > previous + 1e-9 ? '↑' : value < previous - 1e-9 ? '↓' : '=';
      line.append(element('span', `values ${rose ? 'rise' : 'fall'}`, `${sign} ${two(previous)} → ${two(value)}`));
    } else {
      line.append(element('span', 'values fall', `■ ${two(previous)}`));
    }
    row.append(line, element('div', 'verdict', this.#describe(item)));

    const details = element('details');
    const tried = item.accounts?.length ?? item.tried;
    details.append(element('summary', '', `${tried} ${tried === 1 ? 'candidate' : 'candidates'}`));
    const box = element('div', 'candidates');
    box.tabIndex = 0;
    box.setAttribute('role', 'region');
    box.setAttribute('aria-label', `Candidates of task ${item.task}, step ${item.step}`);
    details.append(box);
    details.addEventListener('toggle', () => {
      if (details.open && box.childElementCount === 0) {
        this.#fill(box, item);
      }
    });
    row.append(details);
    return row;
  }

  async #fill(box, item) {
    box.textContent = 'Reading ...';
    try {
      const candidates = item.candidates ?? await this.#load.candidates(item);
      const table = element('table');
      const head = table.createTHead().insertRow();
      for (const name of ['#', 'Action', 'Value', 'Rollouts', 'Account']) {
        const cell = element('th', name === 'Value' ? 'number' : '', name);
        cell.scope = 'col';
        head.append(cell);
      }
      const body = table.createTBody();
      for (const candidate of candidates) {
        const line = body.insertRow();
        line.append(
          element('td', '', String(candidate.attempt + 1)),
          element('td', '', plain(candidate.action)),
          element('td', 'number', two(mean(candidate.value))),
          element('td', '', candidate.value.exact ? 'final reward' : candidate.value.outcomes.map(two).join(' ')),
          element('td', '', accounts[item.accounts?.[candidate.attempt]] ?? ''));
      }
      box.replaceChildren(table);
    } catch (error) {
      box.textContent = `The candidates could not be read: ${error.message}`;
    }
  }
}
