// What exploration has spent, and what a fixed number of candidates per step would have spent on the same steps.
const count = value => Math.round(value).toLocaleString('en-US');

function bar(label, value, most, text, arithmetic) {
  const row = document.createElement('div');
  row.className = 'pair';
  const name = document.createElement('span');
  name.textContent = label;
  const track = document.createElement('span');
  track.className = arithmetic ? 'track arithmetic' : 'track';
  const fill = document.createElement('span');
  fill.style.width = `${most > 0 ? Math.min(100, 100 * value / most) : 0}%`;
  track.append(fill);
  const number = document.createElement('strong');
  number.textContent = text;
  row.append(name, track, number);
  return row;
}

function fact(list, term, text) {
  const dt = document.createElement('dt');
  dt.textContent = term;
  const dd = document.createElement('dd');
  dd.textContent = text;
  list.append(dt, dd);
}

export function drawBudget(root, budget, maxCandidates) {
  if (!budget) {
    const empty = document.createElement('p');
    empty.className = 'muted small';
    empty.textContent = 'Exploration fills this: candidates, rollouts and tokens, and what a fixed number of candidates would have cost.';
    root.replaceChildren(empty);
    return;
  }
  const fixed = budget.steps * maxCandidates;
  const saved = fixed > 0 ? 1 - budget.candidates / fixed : 0;
  const parts = [
    bar('This run', budget.candidates, fixed, count(budget.candidates), false),
    bar(`Fixed K = ${maxCandidates}`, fixed, fixed, count(fixed), true),
  ];
  const note = document.createElement('p');
  note.className = 'small muted';
  note.textContent = `${(100 * saved).toFixed(0)} % fewer candidates than ${maxCandidates} at each of ${count(budget.steps)} steps. This comparison is arithmetic, not a run: a real fixed-K run walks other states.`;
  const facts = document.createElement('dl');
  facts.className = 'facts';
  fact(facts, 'Tasks walked', count(budget.tasks));
  fact(facts, 'Candidates', `${count(budget.candidates)}, of which ${count(budget.sameState)} led to a state already valued`);
  if (budget.contrasts > 0) {
    fact(facts, 'Contrasts', `${count(budget.contrasts)} more, drawn only to have a loser`);
  }
  fact(facts, 'Rollouts', count(budget.rollouts));
  fact(facts, 'Tokens', `${count(budget.tokensGenerated)} sampled, ${count(budget.tokensPrefilled)} fed${budget.tokensForced > 0 ? `, ${count(budget.tokensForced)} forced by the action mask` : ''}`);
  root.replaceChildren(...parts, note, facts);
}
