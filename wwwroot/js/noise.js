// How far the process rewards can be trusted: the standard error of an estimate, and how large the accepted rises are beside it.
// The twin of DecisionSummary: the variance of all estimates together, since that of three rollouts alone is as uncertain as their mean.

const classes = [
  { upTo: 1, name: 'below one', className: 'low' },
  { upTo: 2, name: 'one to two', className: 'middle' },
  { upTo: Infinity, name: 'above two', className: 'high' },
];

export function noiseOf(model) {
  const { estimates, outcomes, varianceSum, rises } = model.noise;
  const variance = estimates === 0 ? 0 : varianceSum / estimates;
  const counts = classes.map(() => 0);
  for (const [key, count] of rises) {
    const [previous, accepted, thousandths] = key.split('|').map(Number);
    const error = Math.sqrt(variance * ((previous && 1 / previous) + (accepted && 1 / accepted)));
    const gain = thousandths / 1000;
    counts[classes.findIndex(c => gain < c.upTo * error || c.upTo === Infinity)] += count;
  }
  return { rollouts: estimates === 0 ? null : outcomes / estimates, error: estimates === 0 ? null : Math.sqrt(variance / (outcomes / estimates)), counts, all: counts.reduce((a, b) => a + b, 0) };
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

export function drawNoise(root, model) {
  const noise = noiseOf(model);
  if (noise.error === null || noise.all === 0) {
    root.replaceChildren(element('p', 'muted small', 'Exploration fills this: how far an estimate of a few rollouts can be off, and how many accepted rises are smaller than that.'));
    return;
  }
  const share = count => 100 * count / noise.all;
  const facts = document.createElement('dl');
  facts.className = 'noise-facts';
  const add = (term, value, note) => {
    const box = document.createElement('div');
    const dd = element('dd', '', value);
    dd.append(element('small', '', note));
    box.append(element('dt', '', term), dd);
    facts.append(box);
  };
  add('Standard error', `±${noise.error.toFixed(3)}`, `of an estimate with ${noise.rollouts.toFixed(noise.rollouts % 1 === 0 ? 0 : 1)} rollouts`);
  add('Rises below one error', `${share(noise.counts[0]).toFixed(0)} %`, `of ${noise.all.toLocaleString('en-US')} accepted rises`);
  const track = document.createElement('div');
  track.className = 'noise-track';
  track.setAttribute('role', 'img');
  track.setAttribute('aria-label', classes.map((c, i) => `${share(noise.counts[i]).toFixed(0)} percent ${c.name} standard error${c.upTo === 1 ? '' : 's'}`).join(', '));
  const legend = document.createElement('ul');
  legend.className = 'noise-legend small muted';
  classes.forEach((c, i) => {
    const part = element('span', c.className, '');
    part.style.width = `${share(noise.counts[i])}%`;
    track.append(part);
    const item = element('li', '', `${c.name}: ${share(noise.counts[i]).toFixed(0)} %`);
    item.prepend(element('i', c.className, ''));
    legend.append(item);
  });
  root.replaceChildren(facts, track, legend, element('p', 'small muted', 'Accepted rises in standard errors of their difference. A rise below one error may be luck' + (model.remote ? '.' : ': a re-roll measures how many are.')));
}
