// Charts of series that have no chart of their own: a trainer elsewhere names its series as it likes. Each gets a panel like those of the page,
// in the order in which they came.
import { addSeriesChart, knownSeries } from './run-charts.js';

export const maxCharts = 48;

let made = 0;

function element(tag, properties = {}, attributes = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// The same parts as ChartPanel.razor. The name of the series is text, never markup.
function panel(name) {
  const id = `series-chart-${++made}`;
  const button = (view, title, pressed) => element('button', { type: 'button', textContent: title }, { 'data-view': view, 'aria-pressed': String(pressed) });
  return element('section', { className: 'panel chart' }, { 'data-chart': name, 'data-title': name, 'aria-labelledby': id },
    element('header', {}, {},
      element('h3', { id, textContent: name, className: 'mono' }),
      element('div', { className: 'tabs' }, { role: 'group', 'aria-label': `View of ${name}` }, button('graph', 'Graph', true), button('table', 'Table', false))),
    element('div', { className: 'plot waiting', textContent: 'Drawn with its first point.' }),
    element('div', { className: 'twin', tabIndex: 0, hidden: true }, { role: 'region', 'aria-label': `${name} as a table` }),
    element('p', { className: 'summary' }));
}

// Adds a chart for each series that has none: add(key, root) of those that are new. Nothing on a page without the section.
export class SeriesCharts {
  #root;
  #known = new Set();
  #cut = 0;

  constructor(root) {
    this.#root = root;
  }

  show(names, add) {
    if (this.#root === null) {
      return;
    }
    for (const name of names) {
      if (this.#known.has(name) || knownSeries.has(name) || name.startsWith('time/') || name.startsWith('system/')) {
        continue;
      }
      this.#known.add(name);
      if (this.#known.size > maxCharts) {
        this.#cut++;
        continue;
      }
      const root = panel(name);
      this.#root.querySelector('[data-charts]').append(root);
      add(addSeriesChart(name), root);
    }
    this.#root.querySelector('[data-empty]').hidden = this.#known.size > 0;
    const cut = this.#root.querySelector('[data-cut]');
    cut.hidden = this.#cut === 0;
    cut.textContent = `${this.#cut} more series are not drawn here: the first ${maxCharts} are. The API and the export have all of them.`;
  }
}
