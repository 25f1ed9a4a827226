// Keys of the exploration pages. They act only on what has the focus: nodes of a candidate tree, links of rows, the player.
// Which node is selected is part of the address: Enter follows the node's own link.

function follow(item, event) {
  if (!item) {
    return;
  }
  event.preventDefault();
  item.focus();
  item.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

// Left and right among the candidates of a step; up and down along the path that was followed.
function moveInTree(node, event) {
  const nodes = [...node.closest('[data-tree]').querySelectorAll('[role="treeitem"]')];
  const step = Number(node.dataset.step);
  const inStep = number => nodes.filter(n => Number(n.dataset.step) === number);
  const row = inStep(step);
  const entry = number => inStep(number).find(n => n.dataset.followed !== undefined) ?? inStep(number)[0];
  const target = {
    ArrowRight: () => row[row.indexOf(node) + 1],
    ArrowLeft: () => row[row.indexOf(node) - 1],
    ArrowDown: () => entry(step + 1),
    j: () => entry(step + 1),
    ArrowUp: () => entry(step - 1),
    k: () => entry(step - 1),
    Home: () => nodes[0],
    End: () => nodes.at(-1),
  }[event.key];
  if (!target) {
    return;
  }
  // An arrow at an edge must not scroll the page away.
  event.preventDefault();
  const next = target();
  if (next) {
    for (const other of nodes) {
      other.tabIndex = other === next ? 0 : -1;
    }
    follow(next, event);
  }
}

function moveInRows(link, event) {
  const links = [...link.closest('[data-rows]').querySelectorAll('[data-row]')];
  const at = links.indexOf(link);
  const next = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (next !== undefined) {
    event.preventDefault();
    follow(links[next], event);
  }
}

document.addEventListener('keydown', event => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof Element)) {
    return;
  }
  const node = event.target.closest('[data-tree] [role="treeitem"]');
  if (node) {
    moveInTree(node, event);
    return;
  }
  const link = event.target.closest('[data-rows] [data-row]');
  if (link) {
    moveInRows(link, event);
    return;
  }
  const player = event.target.closest('[data-player]');
  if (player && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
    const button = { ArrowRight: '[data-next]', ArrowLeft: '[data-previous]' }[event.key];
    if (button) {
      event.preventDefault();
      player.querySelector(button)?.click();
    }
  }
}, true);
