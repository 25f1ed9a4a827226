// The only place that calls Plotly. A chart is a panel with two views of one model: a graph and a table.
// One draw costs 30 to 60 ms whatever the number of points, so draws are limited, spread, and only for what is on the screen;
// a chart that changed stays marked until it was drawn, so the last point always gets there.

const drawsPerSecond = 4;
const maxTableRows = 200;
const maxDrawnPoints = 1000;

let plotlyLoading = null;

export function loadPlotly(url) {
  plotlyLoading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      plotlyLoading = null;
      reject(new Error('The chart library could not be loaded.'));
    };
    document.head.append(script);
  });
  return plotlyLoading;
}

// Plotly reads some HTML in every text it draws; whatever comes from a run is shown as it is.
export function encode(text) {
  return String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
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

// Buckets of a power of two with their lowest and highest point, and always the last one: edges do not move when a point is
// added, so a live curve does not shimmer, and no spike is lost.
export function decimate(xs, ys, limit = maxDrawnPoints) {
  if (xs.length <= limit) {
    return { x: xs, y: ys };
  }
  let size = 1;
  while (2 * Math.ceil(xs.length / size) > limit) {
    size *= 2;
  }
  const x = [];
  const y = [];
  for (let start = 0; start < xs.length; start += size) {
    const end = Math.min(start + size, xs.length);
    let low = start;
    let high = start;
    for (let i = start + 1; i < end; i++) {
      if (ys[i] < ys[low]) low = i;
      if (ys[i] > ys[high]) high = i;
    }
    for (const i of low === high ? [low] : low < high ? [low, high] : [high, low]) {
      x.push(xs[i]);
      y.push(ys[i]);
    }
  }
  const last = xs.length - 1;
  if (x[x.length - 1] !== xs[last]) {
    x.push(xs[last]);
    y.push(ys[last]);
  }
  return { x, y };
}

// Exponential moving average, corrected for its start (Kingma and Ba, 2015, section 3).
export function smooth(ys, weight = 0.9) {
  let sum = 0;
  let power = 1;
  return ys.map(value => {
    sum = weight * sum + (1 - weight) * value;
    power *= weight;
    return sum / (1 - power);
  });
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
    window.addEventListener('rro-theme', this.#onTheme);
    this.#timer = setInterval(() => this.#tick(), 1000 / drawsPerSecond);
  }

  // source() gives the model: { traces(palette), layout, columns, rows, summary }, or null while there is nothing to show.
  add(root, source) {
    const chart = {
      root, source, plot: root.querySelector('.plot'), twin: root.querySelector('.twin'), summary: root.querySelector('.summary'),
      visible: false, graphDirty: true, tableDirty: true, showTable: false, draws: 0, busy: false, width: 0,
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
      chart.graphDirty = chart.tableDirty = true;
      this.#tick();
    };
    root.addEventListener('click', chart.onTab);
    this.#charts.push(chart);
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
      if (window.Plotly && chart.draws > 0) {
        window.Plotly.purge(chart.plot);
      }
    }
    this.#charts = [];
  }

  #tick() {
    if (document.hidden) {
      return;
    }
    for (const chart of this.#charts) {
      if (!chart.visible || chart.busy) {
        continue;
      }
      if (chart.showTable ? chart.tableDirty : chart.graphDirty) {
        this.#draw(chart);
      }
    }
  }

  async #draw(chart) {
    const model = chart.source();
    chart.graphDirty = chart.showTable ? chart.graphDirty : false;
    chart.tableDirty = chart.showTable ? false : chart.tableDirty;
    if (model === null) {
      return;
    }
    chart.summary.textContent = model.summary;
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
      const palette = this.#palette;
      await plotly.react(chart.plot, model.traces(palette), layout(palette, model.layout ?? {}), { displayModeBar: false, responsive: false, scrollZoom: false });
      chart.plot.setAttribute('role', 'img');
      chart.plot.setAttribute('aria-label', `${chart.root.dataset.title}: ${model.summary}`);
      chart.draws++;
      chart.root.dataset.draws = String(chart.draws);
    } catch (error) {
      chart.plot.classList.add('waiting');
      chart.plot.textContent = `${error.message} The table has the numbers.`;
    } finally {
      chart.busy = false;
    }
  }
}

function layout(palette, own) {
  const axis = (title, extra) => ({
    title: { text: title ?? '', font: { size: 11, color: palette.muted }, standoff: 6 }, gridcolor: palette.grid, zerolinecolor: palette.grid,
    linecolor: palette.line, tickfont: { size: 11, color: palette.muted }, automargin: true, fixedrange: true, ...extra,
  });
  return {
    autosize: true, height: 240, margin: { l: 44, r: 12, t: 8, b: 36 }, paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)',
    font: { family: palette.font, size: 11, color: palette.ink }, hoverlabel: { bgcolor: palette.surface, bordercolor: palette.line, font: { color: palette.ink } },
    showlegend: own.legend === true, legend: { orientation: 'h', y: 1.02, yanchor: 'bottom', x: 0, font: { size: 11, color: palette.ink }, bgcolor: 'rgba(0,0,0,0)' },
    dragmode: false, barmode: 'group', bargap: 0.25, hovermode: own.hovermode ?? 'x unified',
    xaxis: axis(own.xTitle, own.xaxis), yaxis: axis(own.yTitle, own.yaxis), ...(own.legend ? { margin: { l: 44, r: 12, t: 28, b: 36 } } : {}),
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
    cut.textContent = `The last ${maxTableRows} of ${rows.length} rows.`;
    parts.unshift(cut);
  }
  const top = twin.scrollTop;
  twin.replaceChildren(...parts);
  twin.scrollTop = top;
}
