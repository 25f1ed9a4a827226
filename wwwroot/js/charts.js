// The only place that calls Plotly. A chart is a panel with two views of one model: a graph and a table.
// One draw costs 30 to 60 ms whatever the number of points, so draws are limited, spread, and only for what is on the screen;
// a chart that changed stays marked until it was drawn, so the last point always gets there.
import { addTools } from './chart-tools.js';
import { plain } from './plain-text.js';
import { loadScript } from './scripts.js';

const drawsPerSecond = 4;
const tickMs = 50;
const maxTableRows = 200;
const maxDrawnMarks = 30;
const markTextLength = 80;

export async function loadPlotly(url) {
  await loadScript(url);
  return window.Plotly;
}

// Plotly reads some HTML in every text it draws; whatever comes from a run is shown as it is.
export function encode(text) {
  return plain(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export function number(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return '-';
  }
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) {
    return value.toExponential(2);
  }
  return size >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(size >= 100 ? 1 : digits);
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const read = name => style.getPropertyValue(name).trim();
  return {
    ink: read('--ink'), muted: read('--muted'), line: read('--line-strong'), grid: read('--chart-grid'), surface: read('--surface'),
    band: read('--chart-band'), font: read('--font'), series: [1, 2, 3, 4].map(i => read(`--chart-${i}`)),
  };
}

// All charts of a page.
export class ChartBoard {
  #charts = [];
  #plotlyUrl;
  #timer;
  #palette = colours();
  #visible = new IntersectionObserver(entries => {
    for (const entry of entries) {
      const chart = this.#charts.find(c => c.root === entry.target);
      if (chart) {
        chart.visible = entry.isIntersecting;
      }
    }
  }, { rootMargin: '100px' });
  #resized = new ResizeObserver(entries => {
    for (const entry of entries) {
      const chart = this.#charts.find(c => c.plot === entry.target);
      const width = Math.round(entry.contentRect.width);
      if (chart && width > 0 && width !== chart.width) {
        chart.width = width;
        chart.graphDirty = true;
      }
    }
  });
  #onTheme = () => {
    this.#palette = colours();
    for (const chart of this.#charts) {
      chart.graphDirty = true;
    }
  };

  constructor(plotlyUrl) {
    this.#plotlyUrl = plotlyUrl;
    // While the page still connects; a failure is told by the first draw.
    loadPlotly(plotlyUrl).catch(() => {});
    window.addEventListener('rro-theme', this.#onTheme);
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  // source(settings) gives the model { traces(palette), layout, columns, rows, summary, marks, toStep }, or null while there is nothing to show.
  // tools: what a person may set: { axes: () => [[value, name]], zoomed(chart) }; none for a chart that is no series.
  add(root, source, tools = null) {
    const chart = {
      root, source, plot: root.querySelector('.plot'), twin: root.querySelector('.twin'), summary: root.querySelector('.summary'),
      visible: false, graphDirty: true, tableDirty: true, showTable: false, draws: 0, drawnAt: 0, busy: false, held: false, width: 0, model: null, listens: false,
      settings: { smoothing: 0.8, axis: 'step', log: false, range: null },
    };
    chart.onTab = event => {
      const button = event.target instanceof Element ? event.target.closest('[data-view]') : null;
      if (!button) {
        return;
      }
      chart.showTable = button.dataset.view === 'table';
      for (const other of root.querySelectorAll('[data-view]')) {
        other.setAttribute('aria-pressed', String(other === button));
      }
      chart.plot.hidden = chart.showTable;
      chart.twin.hidden = !chart.showTable;
      this.#now(chart);
    };
    root.addEventListener('click', chart.onTab);
    this.#charts.push(chart);
    chart.tools = addTools(chart, tools, { redraw: () => this.#now(chart), png: () => this.#png(chart) });
    this.#visible.observe(root);
    this.#resized.observe(chart.plot);
    return chart;
  }

  changed(chart) {
    chart.graphDirty = chart.tableDirty = true;
  }

  dispose() {
    clearInterval(this.#timer);
    window.removeEventListener('rro-theme', this.#onTheme);
    this.#visible.disconnect();
    this.#resized.disconnect();
    for (const chart of this.#charts) {
      chart.root.removeEventListener('click', chart.onTab);
      chart.tools.dispose();
      if (window.Plotly && chart.draws > 0) {
        window.Plotly.purge(chart.plot);
      }
    }
    this.#charts = [];
  }

  // What a person asked for is not made to wait for the draw limit.
  #now(chart) {
    this.changed(chart);
    chart.drawnAt = 0;
    this.#tick();
  }

  #tick() {
    if (document.hidden) {
      return;
    }
    const now = performance.now();
    for (const chart of this.#charts) {
      if (!chart.visible || chart.busy || chart.held || now - chart.drawnAt < 1000 / drawsPerSecond) {
        continue;
      }
      if (chart.showTable ? chart.tableDirty : chart.graphDirty) {
        this.#draw(chart, now);
      }
    }
  }

  async #draw(chart, now) {
    const model = chart.source(chart.settings);
    chart.graphDirty = chart.showTable ? chart.graphDirty : false;
    chart.tableDirty = chart.showTable ? false : chart.tableDirty;
    chart.model = model;
    chart.tools.show(model);
    if (model === null) {
      return;
    }
    chart.drawnAt = now;
    if (chart.summary.textContent !== model.summary) {
      chart.summary.textContent = model.summary;
    }
    if (chart.showTable) {
      fillTable(chart.twin, model);
      return;
    }
    chart.busy = true;
    try {
      const plotly = await loadPlotly(this.#plotlyUrl);
      // Each draw in a frame of its own keeps the page quick.
      await new Promise(resolve => requestAnimationFrame(resolve));
      if (!chart.plot.isConnected) {
        return;
      }
      if (chart.plot.classList.contains('waiting')) {
        chart.plot.classList.remove('waiting');
        chart.plot.replaceChildren();
      }
      await plotly.react(chart.plot, model.traces(this.#palette), layout(this.#palette, model, chart.settings), { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false });
      chart.plot.setAttribute('role', 'img');
      chart.plot.setAttribute('aria-label', `${chart.root.dataset.title}: ${model.summary}`);
      this.#listen(chart);
      chart.draws++;
      chart.root.dataset.draws = String(chart.draws);
    } catch (error) {
      chart.plot.classList.add('waiting');
      chart.plot.textContent = `${error.message} The table has the numbers.`;
    } finally {
      chart.busy = false;
    }
  }

  // Zoom by dragging, and one crosshair for all charts with the same axis. A draw under a drag would end it.
  #listen(chart) {
    if (chart.listens || !chart.tools.zooms) {
      return;
    }
    chart.listens = true;
    chart.plot.addEventListener('pointerdown', () => {
      chart.held = true;
      window.addEventListener('pointerup', () => setTimeout(() => { chart.held = false; }, 50), { once: true });
    });
    chart.plot.on('plotly_relayout', change => {
      if (change['xaxis.range[0]'] !== undefined) {
        chart.held = false;
        chart.tools.zoomTo(Number(change['xaxis.range[0]']), Number(change['xaxis.range[1]']));
      }
    });
    chart.plot.on('plotly_doubleclick', () => chart.tools.zoomTo(null, null));
    chart.plot.on('plotly_hover', event => this.#cross(chart, event.xvals?.[0] ?? event.points[0].x));
    chart.plot.on('plotly_unhover', () => this.#cross(chart, null));
  }

  #cross(from, x) {
    for (const chart of this.#charts) {
      if (chart === from || !chart.listens || chart.model?.axisKey !== from.model?.axisKey) {
        continue;
      }
      let line = chart.plot.querySelector('.crosshair');
      const full = chart.plot._fullLayout;
      const at = x === null ? -1 : full.xaxis.l2p(x);
      if (at < 0 || at > full.xaxis._length) {
        line?.remove();
        continue;
      }
      if (!line) {
        line = document.createElement('span');
        line.className = 'crosshair';
        chart.plot.append(line);
      }
      line.style.left = `${full._size.l + at}px`;
      line.style.top = `${full._size.t}px`;
      line.style.height = `${full._size.h}px`;
    }
  }

  async #png(chart) {
    const plotly = await loadPlotly(this.#plotlyUrl);
    const model = chart.source(chart.settings);
    const own = layout(this.#palette, model, chart.settings);
    const title = { text: encode(chart.root.dataset.title), font: { size: 14, color: this.#palette.ink }, x: 0.02, xanchor: 'left' };
    return plotly.toImage(
      { data: model.traces(this.#palette), layout: { ...own, title, margin: { ...own.margin, t: 60 }, paper_bgcolor: this.#palette.surface, plot_bgcolor: this.#palette.surface } },
      { format: 'png', width: 900, height: 450, scale: 2 });
  }
}

// Marks of stages, checkpoints and notes that fall into what is shown.
function marks(palette, model, range) {
  const shown = (model.marks ?? []).filter(mark => range === null || (mark.x >= range[0] && mark.x <= range[1])).slice(-maxDrawnMarks);
  return {
    shapes: shown.map(mark => ({ type: 'line', x0: mark.x, x1: mark.x, yref: 'paper', y0: 0, y1: 1, line: { color: palette.muted, width: 1, dash: 'dot' } })),
    annotations: shown.map(mark => ({
      x: mark.x, yref: 'paper', y: 1, yanchor: 'bottom', text: encode(mark.sign), showarrow: false, font: { size: 11, color: palette.muted },
      hovertext: encode(mark.text.length > markTextLength ? `${mark.text.slice(0, markTextLength)} …` : mark.text), hoverlabel: { bgcolor: palette.surface, bordercolor: palette.line, font: { color: palette.ink } },
    })),
  };
}

function layout(palette, model, settings) {
  const own = model.layout ?? {};
  const axis = (title, extra) => ({
    title: { text: title ?? '', font: { size: 11, color: palette.muted }, standoff: 6 }, gridcolor: palette.grid, zerolinecolor: palette.grid,
    linecolor: palette.line, tickfont: { size: 11, color: palette.muted }, automargin: true, fixedrange: true, ...extra,
  });
  const range = model.range ?? null;
  const zooms = Boolean(model.toStep) && !window.matchMedia('(pointer: coarse)').matches;
  const log = settings.log && model.toStep;
  return {
    autosize: true, height: 240, margin: { l: 44, r: 12, t: own.legend || model.marks?.length ? 28 : 8, b: 36 }, paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)',
    font: { family: palette.font, size: 11, color: palette.ink }, hoverlabel: { bgcolor: palette.surface, bordercolor: palette.line, font: { color: palette.ink } },
    showlegend: own.legend === true, legend: { orientation: 'h', y: model.marks?.length ? 1.06 : 1.02, yanchor: 'bottom', x: 0, font: { size: 11, color: palette.ink }, bgcolor: 'rgba(0,0,0,0)', itemclick: false, itemdoubleclick: false },
    dragmode: zooms ? 'zoom' : false, barmode: 'group', bargap: 0.25, hovermode: own.hovermode ?? 'x unified',
    xaxis: axis(own.xTitle, { ...own.xaxis, ...(model.toStep ? { fixedrange: !zooms, ...(range ? { range: [...range], autorange: false } : { autorange: true }) } : {}) }),
    yaxis: axis(own.yTitle, { ...own.yaxis, ...(log ? { type: 'log', rangemode: 'normal' } : { type: own.yaxis?.type ?? 'linear' }) }),
    ...marks(palette, model, range),
  };
}

function fillTable(twin, model) {
  const table = document.createElement('table');
  const head = table.createTHead().insertRow();
  for (const column of model.columns) {
    const cell = document.createElement('th');
    cell.scope = 'col';
    cell.className = 'number';
    cell.textContent = column;
    head.append(cell);
  }
  const body = table.createTBody();
  const rows = model.rows();
  for (const row of rows.slice(-maxTableRows)) {
    const line = body.insertRow();
    for (const value of row) {
      const cell = line.insertCell();
      cell.className = 'number';
      cell.textContent = value;
    }
  }
  const parts = [table];
  if (rows.length > maxTableRows) {
    const cut = document.createElement('p');
    cut.className = 'small muted';
    cut.textContent = `The last ${maxTableRows} of ${rows.length} rows; the CSV file has all.`;
    parts.unshift(cut);
  }
  const top = twin.scrollTop;
  twin.replaceChildren(...parts);
  twin.scrollTop = top;
}
