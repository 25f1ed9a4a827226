// The eight charts of a run, and those of any other series: from the model to what charts.js draws, to the table, and to one sentence that says the same.
import { encode, number } from './charts.js';
import { Line, smooth } from './series.js';

const last = list => list[list.length - 1];

// Signs beside a line, so that a mark is not told by colour alone; its words are in the list of marks on the page.
const signs = { stageStarted: '▸', checkpointSaved: '⬦', noteAdded: '✎' };
const stages = { Sft: 'fine-tuning', Baseline: 'held-out before', Explore: 'exploration', Dpo: 'preference training', Evaluate: 'held-out after' };
const markWords = { stageStarted: mark => `${stages[mark.text] ?? mark.text} begins`, checkpointSaved: mark => `checkpoint after ${stages[mark.text] ?? mark.text}`, noteAdded: mark => `note: ${mark.text}` };

// A stage marks its charts where they begin anyway.
const ownStage = { sft: 'Sft', explore: 'Explore', dpo: 'Dpo' };

// Points of a series on the axis that was chosen, thinned to what a chart shows.
function view(model, name, zoomed) {
  const line = zoomed?.get(name) ?? model.series.get(name) ?? new Line();
  return line.view();
}

// The axis that was chosen, as far as it was recorded.
function axisOf(model, stage, kind) {
  const axis = kind === 'step' ? null : model.axis(stage, kind);
  if (axis === null) {
    return { key: `${stage}/step`, at: step => step, back: x => x, title: null };
  }
  if (kind === 'time') {
    const start = (model.startedMs ?? 0) / 1000;
    const end = axis.at(last(model.series.get(`time/${stage}`).x)) - start;
    const [unit, size] = end < 180 ? ['seconds', 1] : end < 7200 ? ['minutes', 60] : ['hours', 3600];
    return { key: 'time', at: step => (axis.at(step) - start) / size, back: x => axis.back(x * size + start), ofMs: ms => (ms / 1000 - start) / size, title: `${unit} since the start` };
  }
  return { key: `${stage}/${kind}`, at: step => axis.at(step), back: x => axis.back(x), title: kind === 'tokens' ? 'tokens' : 'rollouts' };
}

function marksOn(model, stage, axis, steps) {
  if (steps.length === 0) {
    return [];
  }
  const time = axis.ofMs ? null : model.axis(stage, 'time');
  if (!axis.ofMs && time === null) {
    return [];
  }
  const [first, end] = [axis.at(steps[0]), axis.at(last(steps))];
  return model.marks.filter(mark => !(mark.kind === 'stageStarted' && mark.text === ownStage[stage]))
    .map(mark => ({ x: axis.ofMs ? axis.ofMs(mark.atMs) : axis.at(time.back(mark.atMs / 1000)), sign: signs[mark.kind], text: markWords[mark.kind](mark) }))
    .filter(mark => mark.x >= first && mark.x <= end);
}

// A chart of one or more series of a stage. own: { stage, unit, xTitle, lines: [{ series, name, colour, dash }], summary(views), yaxis, extra(palette, x) }.
function seriesChart(own) {
  return {
    needs: [...own.lines.map(line => line.series), 'marks', `time/${own.stage}`],
    series: own.lines.map(line => line.series),
    stage: own.stage,
    stepName: own.xTitle,
    build(model, settings, zoomed) {
      const views = own.lines.map(line => view(model, line.series, zoomed));
      if (model.series.get(own.lines[0].series) === undefined) {
        return null;
      }
      const axis = axisOf(model, own.stage, settings.axis);
      const main = views[0].x.length === 0 ? { x: [] } : views[0];
      const smoothed = views.map(v => smooth(v.x, v.y, settings.smoothing));
      const ghost = settings.smoothing > 0;
      const raw = own.lines.map(line => model.series.get(line.series) ?? new Line());
      const range = settings.range === null || main.x.length === 0
        ? null
        : [axis.at(Math.max(settings.range[0], raw[0].x[0])), axis.at(Math.min(settings.range[1], last(raw[0].x)))];
      return {
        traces: p => own.lines.flatMap((line, i) => traces(views[i], smoothed[i], axis, p.series[line.colour], line, ghost)).concat(own.extra ? own.extra(p, main.x.map(axis.at)) : []),
        layout: { xTitle: axis.title ?? own.xTitle, yTitle: own.unit, yaxis: own.yaxis ?? { rangemode: 'tozero' }, legend: own.lines.length > 1 || own.legend === true },
        columns: [own.xTitle, ...own.lines.flatMap((line, i) => [line.name, ...(thick(views[i]) ? [`${line.name}, lowest`, `${line.name}, highest`] : [])])],
        rows: () => rowsOf(views, value => number(value)),
        exact: () => rowsOf(views, value => value ?? ''),
        summary: main.x.length === 0 ? 'No points between these steps.' : own.summary(views, smoothed, model),
        marks: marksOn(model, own.stage, axis, main.x),
        toStep: axis.back,
        axisKey: axis.key,
        range: range !== null && range[0] < range[1] ? range : null,
      };
    },
  };
}

function thick(v) {
  return v.high.some((value, i) => value !== v.low[i]);
}

function rowsOf(views, write) {
  const at = views.map(v => new Map(v.x.map((x, i) => [x, i])));
  return views[0].x.map((x, row) => [x, ...views.flatMap((v, i) => {
    const found = i === 0 ? row : at[i].get(x);
    return [write(v.y[found]), ...(thick(v) ? [write(v.low[found]), write(v.high[found])] : [])];
  })]);
}

// Band from lowest to highest, the line as it is (a ghost where it is smoothed), and the smoothed line.
function traces(v, smoothed, axis, colour, line, ghost) {
  const x = v.x.map(axis.at);
  const band = thick(v)
    ? [
        { type: 'scatter', mode: 'lines', x, y: v.high, line: { width: 0, color: colour }, hoverinfo: 'skip', showlegend: false },
        { type: 'scatter', mode: 'lines', x, y: v.low, line: { width: 0, color: colour }, fill: 'tonexty', fillcolor: fade(colour), hoverinfo: 'skip', showlegend: false },
      ]
    : [];
  const mode = x.length === 1 ? 'markers' : 'lines';
  const plain = { type: 'scatter', mode, x, y: v.y, name: ghost ? `${line.name}, as it is` : line.name, marker: { color: colour }, hoverlabel: { namelength: -1 }, hovertemplate: '%{y:.4g}', line: { color: colour, width: ghost ? 1 : 2, dash: ghost ? undefined : line.dash }, opacity: ghost ? 0.4 : 1, showlegend: !ghost };
  const soft = { type: 'scatter', mode, x, y: smoothed, name: line.name, marker: { color: colour }, hoverlabel: { namelength: -1 }, hovertemplate: '%{y:.4g}', line: { color: colour, width: 2, dash: line.dash } };
  return [...band, plain, ...(ghost ? [soft] : [])];
}

function fade(colour) {
  return /^#[0-9a-f]{6}$/i.test(colour) ? `${colour}24` : 'rgba(127,127,127,0.15)';
}

const charts = {
  'sft-loss': seriesChart({
    stage: 'sft', unit: 'nats per token', xTitle: 'update', lines: [{ series: 'sft/loss', name: 'loss', colour: 0 }],
    summary: ([loss], [smoothed]) => `Loss went from ${number(loss.y[0])} to ${number(last(smoothed))} (smoothed) in ${(last(loss.x) + 1).toLocaleString('en-US')} updates.`,
  }),

  'step-reward': {
    needs: ['decisions'],
    build(model) {
      const steps = model.byStep.map((at, step) => ({ step, ...at })).filter(at => at.n > 0);
      if (steps.length === 0) {
        return null;
      }
      const means = steps.map(at => at.sum / at.n);
      const baseline = model.baseline.n === 0 ? null : model.baseline.sum / model.baseline.n;
      const x = steps.map(at => at.step);
      return {
        traces: p => [
          { type: 'scatter', mode: 'lines+markers', x, y: means, name: 'accepted', line: { color: p.series[0], width: 2 }, marker: { color: p.series[0], size: 8 }, customdata: steps.map(at => at.n), hovertemplate: '%{y:.3f} over %{customdata} steps' },
          ...(baseline === null ? [] : [{ type: 'scatter', mode: 'lines', x: [Math.min(-0.3, x[0]), last(x) + 0.3], y: [baseline, baseline], name: 'start state', line: { color: p.muted, width: 2, dash: 'dash' }, hovertemplate: '%{y:.3f}' }]),
        ],
        layout: { xTitle: 'step of the walk', yTitle: 'mean reward', xaxis: { dtick: x.length > 12 ? undefined : 1 }, yaxis: { rangemode: 'tozero' }, legend: true },
        columns: ['step', 'mean accepted reward', 'decided steps'],
        rows: () => steps.map((at, i) => [at.step, number(means[i]), at.n]),
        summary: `Accepted steps are worth ${number(means[0])} at step 0 and ${number(last(means))} at step ${last(x)}${baseline === null ? '' : `; the start state is worth ${number(baseline)}`}.`,
      };
    },
  },

  candidates: {
    needs: ['decisions'],
    build(model) {
      if (model.decided === 0) {
        return null;
      }
      const most = Math.max(model.rule.maxCandidates, model.tried.length - 1);
      const labels = [];
      const counts = [];
      for (let k = 1; k <= most; k++) {
        labels.push(String(k));
        counts.push(model.tried[k] ?? 0);
      }
      const share = count => `${(100 * count / model.decided).toFixed(1)} %`;
      return {
        traces: p => [
          { type: 'bar', x: labels, y: counts, name: 'rose at candidate', marker: { color: p.series[0] }, hovertemplate: '%{y} steps' },
          { type: 'bar', x: ['no rise'], y: [model.noRise], name: 'no rise', marker: { color: p.series[1] }, hovertemplate: '%{y} steps' },
        ],
        layout: { xTitle: 'candidates tried until one rose', yTitle: 'steps', xaxis: { type: 'category', categoryorder: 'array', categoryarray: [...labels, 'no rise'] }, hovermode: 'closest' },
        columns: ['candidates tried', 'steps', 'share'],
        rows: () => [...labels.map((label, i) => [label, counts[i], share(counts[i])]), ['no rise', model.noRise, share(model.noRise)]],
        summary: `${share(counts[0])} of ${model.decided.toLocaleString('en-US')} steps rose at the first candidate; at ${share(model.noRise)} nothing rose.`,
      };
    },
  },

  walks: seriesChart({
    stage: 'explore', unit: 'reward, candidates', xTitle: 'tasks finished',
    lines: [{ series: 'explore/walk_reward', name: 'mean final reward', colour: 0 }, { series: 'explore/candidates_per_step', name: 'candidates per step', colour: 1, dash: 'dash' }],
    summary: ([reward, candidates]) => `After ${last(reward.x).toLocaleString('en-US')} tasks the walks ended with ${number(last(reward.y))} on average, at ${number(last(candidates.y), 2)} candidates per step.`,
  }),

  'dpo-loss': seriesChart({
    stage: 'dpo', unit: 'nats', xTitle: 'update', legend: true, lines: [{ series: 'dpo/loss', name: 'loss', colour: 0 }],
    extra: (p, x) => [{ type: 'scatter', mode: 'lines', x: [x[0], last(x)], y: [Math.LN2, Math.LN2], name: 'ln 2', line: { color: p.muted, width: 1, dash: 'dash' }, hoverinfo: 'skip' }],
    summary: ([loss]) => `Loss went from ${number(loss.y[0])} to ${number(last(loss.y))}; ln 2 is what a model that prefers nothing has.`,
  }),

  'dpo-shift': seriesChart({
    stage: 'dpo', unit: 'nats per action', xTitle: 'update', yaxis: {},
    lines: [{ series: 'dpo/rewards/margins', name: 'margin', colour: 0 }, { series: 'dpo/logps/chosen_shift', name: 'chosen', colour: 2, dash: 'dash' }, { series: 'dpo/logps/rejected_shift', name: 'rejected', colour: 1, dash: 'dot' }],
    summary: ([margin, chosen, rejected]) => `Margin ${number(last(margin.y))}; against the reference chosen actions moved by ${number(last(chosen.y))} and rejected ones by ${number(last(rejected.y))} nats.`,
  }),

  'dpo-accuracy': seriesChart({
    stage: 'dpo', unit: 'share of pairs', xTitle: 'update', yaxis: { range: [0, 1.02] }, lines: [{ series: 'dpo/rewards/accuracies', name: 'in the right order', colour: 2 }],
    summary: ([accuracy]) => `${number(100 * last(accuracy.y), 1)} % of the last batch of pairs in the right order.`,
  }),

  held: {
    needs: ['held'],
    build(model) {
      const decodings = ['greedy', 'sampled'];
      const found = decodings.map(decoding => ({ decoding, before: model.held.get(`Baseline/${decoding}`), after: model.held.get(`Evaluate/${decoding}`) }))
        .filter(row => row.before || row.after);
      if (found.length === 0) {
        return null;
      }
      const points = (key, colour, name, symbol, shift) => {
        const rows = found.filter(row => row[key]);
        return {
          type: 'scatter', mode: 'markers', name, x: rows.map(row => decodings.indexOf(row.decoding) + shift), y: rows.map(row => row[key].mean),
          error_y: { type: 'data', symmetric: false, array: rows.map(row => row[key].high - row[key].mean), arrayminus: rows.map(row => row[key].mean - row[key].low), color: colour, thickness: 2, width: 8 },
          marker: { color: colour, size: 11, symbol }, hovertemplate: '%{y:.3f}',
        };
      };
      const references = [...model.references.values()];
      const lines = p => references.map((r, i) => ({
        type: 'scatter', mode: 'lines', name: encode(r.name), x: [-0.6, 1.6], y: [r.mean, r.mean],
        line: { color: p.muted, width: 1, dash: i === 0 ? 'dash' : 'dot' }, hovertemplate: '%{y:.3f}',
      }));
      const interval = at => at ? `${number(at.mean)} [${number(at.low)}, ${number(at.high)}]` : '-';
      const greedy = found.find(row => row.decoding === 'greedy');
      return {
        traces: p => [points('before', p.series[1], 'after fine-tuning', 'circle', -0.1), points('after', p.series[0], 'after DPO', 'diamond', 0.1), ...lines(p)],
        layout: { yTitle: 'mean reward', xaxis: { tickvals: [0, 1], ticktext: decodings, range: [-0.6, 1.6], zeroline: false }, yaxis: { range: [Math.min(0, model.range.low), model.range.high * 1.02] }, legend: true, hovermode: 'closest' },
        columns: ['decoding', 'before [95 %]', 'after [95 %]'],
        rows: () => [...found.map(row => [row.decoding, interval(row.before), interval(row.after)]), ...references.map(r => [`scripted: ${r.name}`, interval(r), '-'])],
        summary: greedy?.after && greedy?.before
          ? `Greedy reward on held-out tasks went from ${number(greedy.before.mean)} to ${number(greedy.after.mean)}; bars are 95 % intervals.`
          : `Before preference training: ${interval(greedy?.before ?? greedy?.after)} greedy.`,
      };
    },
  },
};

export const chartKeys = Object.keys(charts);

// Series that a chart of the page shows.
export const knownSeries = new Set(Object.values(charts).flatMap(chart => chart.series ?? []));

// A chart of any other series; its axes are those of the part of its name before the first slash. The same name gives the same chart.
export function addSeriesChart(name) {
  const key = `series:${name}`;
  const slash = name.indexOf('/');
  charts[key] ??= seriesChart({
    stage: slash > 0 ? name.slice(0, slash) : '', unit: '', xTitle: 'step', yaxis: {}, lines: [{ series: name, name: 'value', colour: 0 }],
    summary: ([line]) => `From ${number(line.y[0])} to ${number(last(line.y))} at step ${last(line.x).toLocaleString('en-US')}.`,
  });
  return key;
}

export function chartNeeds(key) {
  return charts[key].needs;
}

// Series of a chart that can be zoomed and set on other axes; null for one that is no series.
export function chartSeries(key) {
  return charts[key].series ?? null;
}

// Axes that were recorded for a chart's stage: [value, name].
export function chartAxes(key, model) {
  const { stage, stepName } = charts[key];
  const others = [['time', 'time'], ['tokens', 'tokens'], ['rollouts', 'rollouts']].filter(([kind]) => model.axis(stage, kind) !== null);
  return [['step', stepName], ...others];
}

export function chartModel(key, model, settings, zoomed) {
  return charts[key].build(model, settings, zoomed);
}
