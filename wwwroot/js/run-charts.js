// The six charts of a run: from the model to what charts.js draws, to the table, and to one sentence that says the same.
import { decimate, number, smooth } from './charts.js';

const last = list => list[list.length - 1];

function line(model, name) {
  return model.series.get(name) ?? { x: [], y: [] };
}

function trace(points, colour, name, extra = {}) {
  const { x, y } = decimate(points.x, points.y);
  return { type: 'scatter', mode: x.length === 1 ? 'markers' : 'lines', x, y, name, line: { color: colour, width: 2, ...extra.line }, marker: { color: colour }, hoverlabel: { namelength: -1 }, ...extra.other };
}

function cutNote(points) {
  return points.cut ? ` Only the last ${points.x.length.toLocaleString('en-US')} updates are kept here.` : '';
}

const charts = {
  'sft-loss': {
    needs: ['sft/loss'],
    build(model) {
      const points = line(model, 'sft/loss');
      if (points.x.length === 0) {
        return null;
      }
      const smoothed = { x: points.x, y: smooth(points.y) };
      return {
        traces: p => [
          trace(points, p.series[0], 'loss', { line: { width: 1 }, other: { opacity: 0.45 } }),
          trace(smoothed, p.series[0], 'smoothed'),
        ],
        layout: { xTitle: 'update', yTitle: 'nats per token', yaxis: { rangemode: 'tozero' }, legend: true },
        columns: ['update', 'loss', 'smoothed'],
        rows: () => points.x.map((x, i) => [x, number(points.y[i]), number(smoothed.y[i])]),
        summary: `Loss went from ${number(points.y[0])} to ${number(last(smoothed.y))} (smoothed) in ${last(points.x) + 1} updates.${cutNote(points)}`,
      };
    },
  },

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

  'dpo-loss': {
    needs: ['dpo/loss', 'dpo/rewards/accuracies'],
    build(model) {
      const loss = line(model, 'dpo/loss');
      const accuracy = line(model, 'dpo/rewards/accuracies');
      if (loss.x.length === 0) {
        return null;
      }
      return {
        traces: p => [
          trace(loss, p.series[0], 'loss'),
          trace(accuracy, p.series[2], 'in the right order', { line: { dash: 'dot' } }),
          { type: 'scatter', mode: 'lines', x: [loss.x[0], last(loss.x)], y: [Math.LN2, Math.LN2], name: 'ln 2', line: { color: p.muted, width: 1, dash: 'dash' }, hoverinfo: 'skip' },
        ],
        layout: { xTitle: 'update', yaxis: { rangemode: 'tozero' }, legend: true },
        columns: ['update', 'loss', 'share in the right order'],
        rows: () => loss.x.map((x, i) => [x, number(loss.y[i]), number(accuracy.y[i])]),
        summary: `Loss went from ${number(loss.y[0])} to ${number(last(loss.y))}; ${number(100 * last(accuracy.y), 1)} % of the last batch in the right order.${cutNote(loss)}`,
      };
    },
  },

  'dpo-shift': {
    needs: ['dpo/rewards/margins', 'dpo/logps/chosen_shift', 'dpo/logps/rejected_shift'],
    build(model) {
      const margin = line(model, 'dpo/rewards/margins');
      const chosen = line(model, 'dpo/logps/chosen_shift');
      const rejected = line(model, 'dpo/logps/rejected_shift');
      if (margin.x.length === 0) {
        return null;
      }
      return {
        traces: p => [
          trace(margin, p.series[0], 'margin'),
          trace(chosen, p.series[2], 'chosen', { line: { dash: 'dash' } }),
          trace(rejected, p.series[1], 'rejected', { line: { dash: 'dot' } }),
        ],
        layout: { xTitle: 'update', yTitle: 'nats per action', legend: true },
        columns: ['update', 'margin', 'chosen shift', 'rejected shift'],
        rows: () => margin.x.map((x, i) => [x, number(margin.y[i]), number(chosen.y[i]), number(rejected.y[i])]),
        summary: `Margin ${number(last(margin.y))}; against the reference chosen actions moved by ${number(last(chosen.y))} and rejected ones by ${number(last(rejected.y))} nats.`,
      };
    },
  },

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
        type: 'scatter', mode: 'lines', name: r.name, x: [-0.6, 1.6], y: [r.mean, r.mean],
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

export function chartNeeds(key) {
  return charts[key].needs;
}

export function chartModel(key, model) {
  return charts[key].build(model);
}
