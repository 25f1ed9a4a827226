// Load of the machine while a run works: every sample that was stored, and new ones as they come.
import { ChartBoard, number } from './charts.js';
import { Line } from './series.js';
import { LiveBadge } from './live-badge.js';
import { RunSource } from './run-source.js';

const bands = 400;
const gib = 1024 ** 3;
const last = list => list[list.length - 1];

const charts = {
  processor: { unit: 'percent', lines: [{ series: 'system/cpu_percent', name: 'machine', colour: 0 }, { series: 'system/process_cpu_percent', name: 'this program (100 is one processor)', colour: 1, dash: 'dash' }], scale: 1 },
  memory: { unit: 'GiB', lines: [{ series: 'system/memory_bytes', name: 'machine', colour: 0 }, { series: 'system/process_memory_bytes', name: 'this program', colour: 1, dash: 'dash' }], scale: gib },
  tokens: { unit: 'tokens per second', lines: [{ series: 'system/tokens_per_second', name: 'trained, sampled or fed', colour: 2 }], scale: 1 },
  gpu: { unit: 'percent', lines: [{ series: 'system/gpu_percent', name: 'load', colour: 0 }], scale: 1 },
  'gpu-memory': { unit: 'GiB', lines: [{ series: 'system/gpu_memory_bytes', name: 'in use', colour: 3 }], scale: gib },
};

const pages = new Map();

export function start(root, options) {
  stop(root);
  pages.set(root, new SystemPage(root, options));
}

export function stop(root) {
  pages.get(root)?.dispose();
  pages.delete(root);
}

function build(own, series, start) {
  const lines = own.lines.map(line => ({ ...line, view: (series.get(line.series) ?? new Line()).view(bands) })).filter(line => line.view.x.length > 0);
  if (lines.length === 0) {
    return null;
  }
  const minutes = step => (step - start) / 60;
  const scaled = list => list.map(value => value / own.scale);
  const main = lines[0].view;
  return {
    traces: p => lines.map(line => ({
      type: 'scatter', mode: line.view.x.length === 1 ? 'markers' : 'lines', x: line.view.x.map(minutes), y: scaled(line.view.y), name: line.name, line: { color: p.series[line.colour], width: 2, dash: line.dash }, hovertemplate: '%{y:.3g}', hoverlabel: { namelength: -1 },
    })),
    layout: { xTitle: 'minutes', yTitle: own.unit, yaxis: { rangemode: 'tozero' }, legend: lines.length > 1 },
    columns: ['minute', ...lines.map(line => line.name)],
    rows: () => main.x.map((x, i) => [minutes(x).toFixed(2), ...lines.map(line => number(scaled(line.view.y)[i]))]),
    summary: `${number(last(scaled(main.y)), 1)} ${own.unit} at the last sample, ${number(Math.max(...scaled(main.high)), 1)} at most.`,
  };
}

class SystemPage {
  #root;
  #board;
  #source;
  #badge;
  #series = new Map();
  #charts;
  #start = 0;

  constructor(root, options) {
    this.#root = root;
    this.#badge = new LiveBadge(root.querySelector('#live'));
    this.#board = new ChartBoard(options.plotlyUrl);
    this.#charts = Object.entries(charts).map(([key, own]) => this.#board.add(root.querySelector(`#chart-${key}`), () => build(own, this.#series, this.#start)));
    this.#source = new RunSource(options, {
      reset: snapshot => this.#reset(snapshot),
      frame: frame => this.#frame(frame),
      state: state => this.#badge.say(state),
    });
    this.#source.start();
  }

  dispose() {
    this.#badge.dispose();
    this.#source.stop();
    this.#board.dispose();
  }

  async #reset(snapshot) {
    this.#badge.heard(snapshot.lastEventMs, snapshot.ended);
    try {
      const found = await this.#source.bands(['system/'], null, null, bands);
      for (const columns of found) {
        const line = Line.of(columns);
        // What came while the answer was on its way.
        const early = this.#series.get(columns.series);
        early?.x.forEach((step, i) => line.add(step, early.y[i]));
        this.#series.set(columns.series, line);
      }
      this.#changed();
    } catch {
      // The connection broke; the next snapshot asks again.
    }
  }

  #frame(frame) {
    this.#badge.heard(Date.now(), frame.events.some(e => e.type === 'runEnded'), frame.events.some(e => e.type === 'stageStarted'));
    let changed = false;
    for (const columns of frame.points.filter(c => c.series.startsWith('system/'))) {
      const line = this.#series.get(columns.series) ?? new Line();
      this.#series.set(columns.series, line);
      columns.steps.forEach((step, i) => line.add(step, columns.values[i]));
      changed = true;
    }
    if (changed) {
      this.#changed();
    }
  }

  #changed() {
    this.#start = Math.min(...[...this.#series.values()].map(line => line.x[0]));
    this.#root.querySelector('[data-empty]').hidden = this.#series.size > 0;
    const gpu = this.#series.has('system/gpu_percent');
    for (const key of ['gpu', 'gpu-memory']) {
      this.#root.querySelector(`#chart-${key}`).hidden = !gpu;
    }
    for (const chart of this.#charts) {
      this.#board.changed(chart);
    }
  }
}
