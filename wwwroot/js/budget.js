// What exploration has spent, and what a fixed number of candidates per step would have spent on the same steps.
const count = value => Math.round(value).toLocaleString('en-US');
const svg = 'http://www.w3.org/2000/svg';

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

// A drawing that says in words what it shows.
function drawing(className, label, shapes) {
  const root = document.createElementNS(svg, 'svg');
  root.setAttribute('class', className);
  root.setAttribute('viewBox', '0 0 100 24');
  root.setAttribute('preserveAspectRatio', 'none');
  root.setAttribute('role', 'img');
  root.setAttribute('aria-label', label);
  for (const [tag, attributes] of shapes) {
    const shape = document.createElementNS(svg, tag);
    for (const [name, value] of Object.entries(attributes)) {
      shape.setAttribute(name, value);
    }
    root.append(shape);
  }
  return root;
}

// Saved share over the tasks: one minus candidates per step over K.
function savedLine(line, maxCandidates) {
  const { x, y } = line.view(100);
  const saved = y.map(candidates => 1 - candidates / maxCandidates);
  const span = x[x.length - 1] - x[0] || 1;
  const points = x.map((at, i) => `${(100 * (at - x[0]) / span).toFixed(2)},${(23 - 22 * Math.max(0, saved[i])).toFixed(2)}`).join(' ');
  return drawing('spark', `Saved share over the tasks: from ${(100 * saved[0]).toFixed(0)} to ${(100 * saved[saved.length - 1]).toFixed(0)} percent.`, [
    ['line', { x1: 0, x2: 100, y1: 23, y2: 23, class: 'floor' }], ['polyline', { points, class: 'line' }],
  ]);
}

function histogram(model) {
  const k = Math.max(model.rule.maxCandidates, model.tried.length - 1);
  const counts = [...Array.from({ length: k }, (_, i) => model.tried[i + 1] ?? 0), model.noRise];
  const most = Math.max(1, ...counts);
  const width = 100 / counts.length;
  return drawing('spark', `Candidates per step: ${counts.slice(0, -1).map((n, i) => `${n} steps rose at the ${i + 1}.`).join(', ')}; at ${model.noRise} nothing rose.`, counts.map((n, i) => ['rect', {
    x: (i * width + width * 0.1).toFixed(2), width: (width * 0.8).toFixed(2), y: (24 - 24 * n / most).toFixed(2), height: (24 * n / most).toFixed(2), class: i === counts.length - 1 ? 'column none' : 'column',
  }]));
}

function caption(text, drawn) {
  const figure = document.createElement('figure');
  const words = document.createElement('figcaption');
  words.className = 'small muted';
  words.textContent = text;
  figure.append(words, drawn);
  return figure;
}

export function drawBudget(root, model, maxCandidates) {
  const budget = model?.budget;
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
  const line = model.series.get('explore/candidates_per_step');
  const drawn = document.createElement('div');
  drawn.className = 'sparks';
  if (line && line.length > 1) {
    drawn.append(caption('Saved, over the tasks', savedLine(line, maxCandidates)));
  }
  if (model.decided > 0) {
    drawn.append(caption(`Tried: 1 to ${Math.max(maxCandidates, model.tried.length - 1)}, no rise`, histogram(model)));
  }
  const facts = document.createElement('dl');
  facts.className = 'facts';
  fact(facts, 'Tasks walked', count(budget.tasks));
  fact(facts, 'Candidates', `${count(budget.candidates)}, of which ${count(budget.sameState)} led to a state already valued`);
  if (budget.contrasts > 0) {
    fact(facts, 'Contrasts', `${count(budget.contrasts)} more, drawn only to have a loser`);
  }
  fact(facts, 'Rollouts', count(budget.rollouts));
  fact(facts, 'Tokens', `${count(budget.tokensGenerated)} sampled, ${count(budget.tokensPrefilled)} fed${budget.tokensForced > 0 ? `, ${count(budget.tokensForced)} forced by the action mask` : ''}`);
  root.replaceChildren(...parts, note, drawn, facts);
}
