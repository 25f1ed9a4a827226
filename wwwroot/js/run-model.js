// What a run has said so far, as the run page needs it. Facts and samples go in one by one, in order; nothing here touches
// the page. The same events always give the same model, so a reload and a late joiner see the same numbers.
import { Axis, Line } from './series.js';

const maxMarks = 200;

export function mean(estimate) {
  return estimate.outcomes.reduce((sum, value) => sum + value, 0) / estimate.outcomes.length;
}

const fixed = value => value.toFixed(2);

function basis(estimate) {
  if (estimate.exact) {
    return 'the final reward itself';
  }
  return estimate.outcomes.length === 1 ? '1 rollout' : `${estimate.outcomes.length} rollouts`;
}

// The twin of LedgerSentence.cs, word for word: made from the ledger entry and the rule alone. A test compares both.
export function sentence(step, rule) {
  const previous = fixed(mean(step.previous));
  const accepted = step.accepted ? fixed(mean(step.accepted)) : null;
  if (step.verdict === 'Rose' && accepted !== null) {
    const bestOf = step.tried > step.acceptedAttempt + 1 ? `, the best of ${step.tried} seen,` : '';
    return `Candidate ${step.acceptedAttempt + 1} of at most ${rule.maxCandidates}${bestOf} rose: ${accepted} ${rule.symbol} ${previous} (${basis(step.accepted)}).`;
  }
  if (step.verdict === 'KeptBest' && accepted !== null) {
    return `Nothing rose over ${previous} in ${step.tried} candidates; the best seen was kept at ${accepted} (${basis(step.accepted)}).`;
  }
  if (step.verdict === 'KeptExpert' && accepted !== null) {
    return `Nothing rose over ${previous} in ${step.tried} candidates; the expert's action was followed at ${accepted} (${basis(step.accepted)}).`;
  }
  if (step.verdict === 'BestOfAll' && accepted !== null) {
    return `The best of ${step.tried} candidates was followed: ${accepted} (${basis(step.accepted)}).`;
  }
  if (step.verdict === 'Forced' && accepted !== null) {
    return `A forced move: there was nothing to choose, and it was followed at ${accepted} without a test.`;
  }
  return `Nothing rose over ${previous} in ${step.tried} candidates; the walk stopped.`;
}

export class RunModel {
  constructor() {
    this.series = new Map();
    this.byStep = [];
    this.baseline = { n: 0, sum: 0 };
    this.tried = [];
    this.decided = 0;
    this.rose = 0;
    this.noRise = 0;
    this.noise = { estimates: 0, outcomes: 0, varianceSum: 0, rises: new Map() };
    this.budget = null;
    this.held = new Map();
    this.references = new Map();
    this.marks = [];
    this.startedMs = null;
    this.changes = new Set();
  }

  // Names of what changed since the last call, so that only those parts of the page are drawn again.
  takeChanges() {
    const changes = this.changes;
    this.changes = new Set();
    return changes;
  }

  // The snapshot's sums, as DecisionSummary has them.
  load(snapshot) {
    const d = snapshot.decisions;
    this.decided = d.decided;
    this.rose = d.rose;
    this.noRise = d.noRise;
    this.tried = [...d.tried];
    this.byStep = d.stepCount.map((n, i) => ({ n, sum: d.stepSum[i] }));
    this.baseline = { n: d.baselineCount, sum: d.baselineSum };
    this.noise = {
      estimates: d.estimates, outcomes: d.outcomes, varianceSum: d.varianceSum,
      rises: new Map(d.rises.map(r => [`${r.previous}|${r.accepted}|${r.thousandths}`, r.count])),
    };
    this.startedMs = snapshot.startedMs;
    for (const columns of snapshot.series) {
      this.series.set(columns.series, Line.of(columns));
    }
    for (const mark of snapshot.marks) {
      this.addMark(mark.event, mark.atMs);
    }
    for (const event of snapshot.events) {
      this.addEvent(event);
    }
  }

  addPoints(columns) {
    let line = this.series.get(columns.series);
    if (!line) {
      this.series.set(columns.series, line = new Line());
    }
    for (let i = 0; i < columns.steps.length; i++) {
      line.add(columns.steps[i], columns.values[i]);
    }
    this.changes.add(columns.series);
  }

  addEvent(event, atMs) {
    switch (event.type) {
      case 'stepDecided':
        this.addDecision(event);
        break;
      case 'budgetReported':
        this.budget = event.budget;
        this.changes.add('budget');
        break;
      case 'evaluationFinished':
        this.held.set(`${event.stage}/${event.decoding}`, event);
        this.changes.add('held');
        break;
      case 'referenceEvaluated':
        this.references.set(event.name, event);
        this.changes.add('held');
        break;
      case 'runStarted':
        this.startedMs ??= atMs;
        break;
      case 'stageStarted':
      case 'checkpointSaved':
      case 'noteAdded':
        this.addMark(event, atMs);
        break;
    }
  }

  addDecision(step) {
    this.decided++;
    const previous = mean(step.previous);
    this.#addNoise(step.previous, previous);
    if (step.step === 0 && !step.previous.exact) {
      this.baseline.n++;
      this.baseline.sum += previous;
    }
    if (step.accepted) {
      const accepted = mean(step.accepted);
      this.#addNoise(step.accepted, accepted);
      while (this.byStep.length <= step.step) {
        this.byStep.push({ n: 0, sum: 0 });
      }
      this.byStep[step.step].n++;
      this.byStep[step.step].sum += accepted;
      if (step.verdict === 'Rose') {
        const rollouts = estimate => (estimate.exact ? 0 : estimate.outcomes.length);
        const key = `${rollouts(step.previous)}|${rollouts(step.accepted)}|${Math.floor((accepted - previous) * 1000 + 0.5)}`;
        this.noise.rises.set(key, (this.noise.rises.get(key) ?? 0) + 1);
      }
    }
    if (step.verdict === 'Rose') {
      this.rose++;
      while (this.tried.length <= step.tried) {
        this.tried.push(0);
      }
      this.tried[step.tried]++;
    } else if (step.verdict !== 'BestOfAll' && step.verdict !== 'Forced') {
      this.noRise++;
    }
    this.changes.add('decisions');
  }

  addMark(event, atMs) {
    this.marks.push({ atMs, kind: event.type, text: event.type === 'noteAdded' ? event.text : event.stage });
    if (this.marks.length > maxMarks) {
      this.marks.shift();
    }
    this.changes.add('marks');
  }

  // How the steps of a stage ("sft", "explore", "dpo") stand on another axis; null when that was not recorded.
  axis(stage, kind) {
    const line = this.series.get(kind === 'time' ? `time/${stage}` : `${stage}/${kind}`);
    return line && line.length > 1 ? new Axis(line) : null;
  }

  #addNoise(estimate, middle) {
    const n = estimate.outcomes.length;
    if (estimate.exact || n < 2) {
      return;
    }
    this.noise.estimates++;
    this.noise.outcomes += n;
    this.noise.varianceSum += estimate.outcomes.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (n - 1);
  }
}
