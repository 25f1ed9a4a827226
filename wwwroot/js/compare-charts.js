// Curves of several runs over each other, and their last values against the baseline's. Read once, and again when a run said more.
import { ChartBoard, encode, number } from './charts.js';

const maxPoints = 400;
const dashes = ['solid', 'dash'];
let board = null;

const last = list => list[list.length - 1];

async function read(run, series) {
  const answer = await fetch(`/api/v1/runs/${encodeURIComponent(run)}/metrics?series=${encodeURIComponent(series)}&points=${maxPoints}`);
  if (!answer.ok) {
    return { steps: [], values: [] };
  }
  return answer.json();
}

// The baseline's value at a step: that of its last point before.
function at(line, step) {
  let value = null;
  for (let i = 0; i < line.steps.length && line.steps[i] <= step; i++) {
    value = line.values[i];
  }
  return value;
}

function percent(value, base) {
  return base === null || base === 0 || !Number.isFinite(base) ? '-' : `${value >= base ? '+' : ''}${(100 * (value - base) / Math.abs(base)).toFixed(1)} %`;
}

function colour(place) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--run-${place}`).trim();
}

function model(lines, baseline) {
  const drawn = lines.filter(line => line.steps.length > 0);
  if (drawn.length === 0) {
    return null;
  }
  const base = drawn.find(line => line.id === baseline) ?? null;
  const end = line => last(line.values);
  return {
    traces: () => drawn.map(line => ({
      type: 'scatter', mode: line.steps.length === 1 ? 'markers' : 'lines', x: line.steps, y: line.values, name: encode(line.name),
      line: { color: colour(line.place), width: line === base ? 3 : 1.75, dash: dashes[line.place < 5 ? 0 : 1] }, marker: { color: colour(line.place) },
      hovertemplate: '%{y:.4g}', hoverlabel: { namelength: 24 },
    })),
    layout: { xTitle: 'step' },
    columns: ['run', 'last step', 'last value', base ? 'against the baseline at that step' : 'against the baseline'],
    rows: () => drawn.map(line => [line.name, last(line.steps), number(end(line)), line === base ? 'baseline' : percent(end(line), base ? at(base, last(line.steps)) : null)]),
    summary: drawn.map(line => `${line.name}: ${number(end(line))}${base && line !== base ? ` (${percent(end(line), at(base, last(line.steps)))})` : ''}`).join('; ') + '.',
  };
}

async function draw(root, options) {
  board?.dispose();
  const mine = board = new ChartBoard(options.plotlyUrl);
  for (const chart of options.charts) {
    const panel = root.querySelector(`#chart-${CSS.escape(chart.key)}`);
    if (!panel) {
      continue;
    }
    let shown = null;
    const added = mine.add(panel, () => shown);
    // Only trainers elsewhere have series of their own.
    const asked = chart.own ? options.runs.filter(run => run.remote) : options.runs;
    const lines = await Promise.all(asked.map(async run => ({ ...run, ...await read(run.id, chart.series) })));
    if (board !== mine) {
      return;
    }
    shown = model(lines, options.baseline);
    mine.changed(added);
  }
}

// What is to be drawn next. A pass that was begun is finished: were it given up for a newer one, the last charts of a page whose runs report quickly
// would never be drawn.
let next = null;
let drawing = false;

export async function show(root, options) {
  next = { root, options };
  if (drawing) {
    return;
  }
  drawing = true;
  try {
    while (next) {
      const now = next;
      next = null;
      await draw(now.root, now.options);
    }
  } finally {
    drawing = false;
  }
}

export function stop() {
  next = null;
  board?.dispose();
  board = null;
}
