// What a run has said so far, as the run page needs it. Facts and samples go in one by one, in order; nothing here touches
// the page. The same events always give the same model, so a reload and a late joiner see the same numbers.

export const maxPointsKept = 20000;

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
    return `Candidate ${step.acceptedAttempt + 1} of at most ${rule.maxCandidates} rose: ${accepted} ${rule.symbol} ${previous} (${basis(step.accepted)}).`;
  }
  if (step.verdict === 'KeptBest' && accepted !== null) {
    return `Nothing rose over ${previous} in ${step.tried} candidates; the best seen was kept at ${accepted} (${basis(step.accepted)}).`;
  }
  if (step.verdict === 'KeptExpert' && accepted !== null) {
    return `Nothing rose over ${previous} in ${step.tried} candidates; the expert's action was followed at ${accepted} (${basis(step.accepted)}).`;
  }
  return `Nothing rose over ${previous} in ${step.tried} candidates; the walk stopped.`;
}

export class RunModel {
  constructor() {
    this.series = new Map();
    this.byStep = [];
    this.baseline = { n: 0, sum: 0 };
    this.tried = [];
    this.noRise = 0;
    this.decided = 0;
    this.rose = 0;
    this.budget = null;
    this.held = new Map();
    this.references = new Map();
    this.progress = new Map();
    this.stage = null;
    this.changes = new Set();
  }

  // Names of what changed since the last call, so that only those parts of the page are drawn again.
  takeChanges() {
    const changes = this.changes;
    this.changes = new Set();
    return changes;
  }

  addPoint(name, step, value) {
    let line = this.series.get(name);
    if (!line) {
      this.series.set(name, line = { x: [], y: [] });
    }
    // A point that comes twice (snapshot and stream) counts once; points of a series come in the order of their steps.
    if (line.x.length > 0 && step <= line.x[line.x.length - 1]) {
      return;
    }
    line.x.push(step);
    line.y.push(value);
    if (line.x.length > maxPointsKept) {
      line.x.splice(0, line.x.length - maxPointsKept);
      line.y.splice(0, line.y.length - maxPointsKept);
      line.cut = true;
    }
    this.changes.add(name);
  }

  addDecision(step) {
    this.decided++;
    if (step.step === 0) {
      this.baseline.n++;
      this.baseline.sum += mean(step.previous);
    }
    if (step.accepted) {
      const at = this.byStep[step.step] ??= { n: 0, sum: 0 };
      at.n++;
      at.sum += mean(step.accepted);
    }
    if (step.verdict === 'Rose') {
      this.rose++;
      this.tried[step.tried] = (this.tried[step.tried] ?? 0) + 1;
    } else {
      this.noRise++;
    }
    this.changes.add('decisions');
  }

  setBudget(budget) {
    this.budget = budget;
    this.changes.add('budget');
  }

  addEvaluation(evaluation) {
    this.held.set(`${evaluation.stage}/${evaluation.decoding}`, evaluation);
    this.changes.add('held');
  }

  addReference(reference) {
    this.references.set(reference.name, reference);
    this.changes.add('held');
  }

  setProgress(stage, done, total) {
    this.stage = stage;
    this.progress.set(stage, { done, total });
    this.changes.add('progress');
  }
}
