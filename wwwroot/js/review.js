// The review page: keys, swipes, the limit of a note, and what was typed while no server listened. It only presses what stands on the page.
// Letters and digits obey the same switch as all single-key shortcuts (WCAG 2.1.4); Enter and the arrows are not letters.
const keepPrefix = 'rro-review/';
const swipeLeast = 60;

const page = () => document.querySelector('[data-review]');
const typing = target => target instanceof HTMLElement && (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) || (target.tagName === 'INPUT' && target.type !== 'radio' && target.type !== 'checkbox'));

function lettersOn() {
  try {
    return localStorage.getItem('rro-shortcuts') !== 'off';
  } catch {
    return true;
  }
}

// Scores have one group of keys for several questions: that of the question with the focus, else the first without an answer.
function question() {
  const all = [...page().querySelectorAll('[data-question]')];
  return document.activeElement?.closest?.('[data-question]') ?? all.find(q => !q.querySelector('input:checked')) ?? all[0];
}

function press(key) {
  const within = question();
  const target = within?.querySelector(`input[data-review-key="${CSS.escape(key)}"]:not(:disabled)`) ?? page().querySelector(`:is(button, a)[data-review-key="${CSS.escape(key)}"]:not(:disabled):not([aria-disabled])`);
  if (!target || target.closest('fieldset:disabled')) {
    return false;
  }
  if (target.type === 'radio') {
    target.focus();
  }
  target.click();
  return true;
}

function moveQuestion(by) {
  const all = [...page().querySelectorAll('[data-question]')];
  const next = all[all.indexOf(question()) + by];
  (next?.querySelector('input:checked') ?? next?.querySelector('input'))?.focus();
  return Boolean(next);
}

window.addEventListener('keydown', event => {
  if (!page() || event.defaultPrevented || event.altKey || event.metaKey || document.querySelector('dialog[open], .rz-dialog')) {
    return;
  }
  const target = event.target;
  if (typing(target)) {
    if (event.key === 'Enter' && event.ctrlKey) {
      event.preventDefault();
      press('Enter');
    } else if (event.key === 'Escape' && page().contains(target)) {
      event.preventDefault();
      target.blur();
    }
    return;
  }
  if (event.ctrlKey || event.shiftKey) {
    return;
  }
  const radio = target instanceof HTMLInputElement && target.type === 'radio';
  const single = event.key.length === 1;
  let done = false;
  if (single) {
    done = lettersOn() && event.key !== ' ' && press(event.key.toLowerCase());
  } else if (event.key === 'Enter') {
    // A button or a link with the focus is pressed by the browser itself.
    done = !(target instanceof Element && target.closest('button, a, summary')) && press('Enter');
  } else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
    done = !radio && !(target instanceof Element && target.closest('.table-scroll, pre')) && press(event.key);
  } else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
    done = radio && page().querySelectorAll('[data-question]').length > 1 && moveQuestion(event.key === 'ArrowUp' ? -1 : 1);
  }
  if (done) {
    event.preventDefault();
    event.stopPropagation();
  }
}, true);

// A note that is too long is refused before it is sent: a message of that size would end the connection.
window.addEventListener('input', event => {
  const box = event.target;
  if (!(box instanceof HTMLTextAreaElement) || !box.dataset.keep) {
    return;
  }
  const most = Number(box.dataset.maxBytes ?? 0);
  const bytes = new TextEncoder().encode(box.value).length;
  const refusal = box.parentElement.querySelector('[data-refusal]');
  if (most > 0 && bytes > most) {
    event.stopImmediatePropagation();
    box.value = box.dataset.fits ?? box.defaultValue ?? '';
    if (refusal) {
      refusal.textContent = `That would be ${bytes.toLocaleString('en')} bytes: a note has at most ${most.toLocaleString('en')}. It was not taken; what stood here before stays.`;
    }
    return;
  }
  box.dataset.fits = box.value;
  if (refusal) {
    refusal.textContent = '';
  }
  store(box.dataset.keep, box.value);
  // Until the server says so again: without a connection the page goes on showing what was so before.
  const state = document.getElementById('draft-state');
  if (state) {
    state.dataset.kept = 'false';
  }
}, true);

function store(key, text) {
  try {
    sessionStorage.setItem(keepPrefix + key, text);
  } catch {
    // storage is forbidden or full: the server keeps what reaches it
  }
}

function forget(prefix) {
  for (const key of Object.keys(sessionStorage).filter(k => k.startsWith(keepPrefix + prefix))) {
    sessionStorage.removeItem(key);
  }
}

// What was typed and never reached the server is typed again once the page answers; what the server has kept is forgotten here.
function lookAtPage() {
  if (!page()) {
    return;
  }
  const kept = document.getElementById('draft-state')?.dataset.kept === 'true';
  for (const box of page().querySelectorAll('textarea[data-keep]')) {
    box.dataset.fits ??= box.value;
    let typed = null;
    try {
      typed = sessionStorage.getItem(keepPrefix + box.dataset.keep);
    } catch {
      return;
    }
    if (typed === null) {
      continue;
    }
    if (typed === box.value) {
      if (kept && box.dataset.seen === typed) {
        forget(box.dataset.keep);
      }
      box.dataset.seen = typed;
    } else if (!box.dataset.seen && document.querySelector('main#content[data-interactive]') && !box.disabled && document.activeElement !== box) {
      box.value = typed;
      box.dataset.seen = typed;
      box.dispatchEvent(new Event('input', { bubbles: true }));
    }
  }
}

setInterval(lookAtPage, 500);

// Swipes choose A or B, or go to the item before or after. There is a button for each.
let from = null;
document.addEventListener('pointerdown', event => {
  from = event.pointerType === 'touch' && event.target instanceof Element && event.target.closest('[data-swipe]') && !event.target.closest('.table-scroll, pre, a, button, summary')
    ? { x: event.clientX, y: event.clientY } : null;
});
document.addEventListener('pointerup', event => {
  if (!from || !page()) {
    return;
  }
  const [x, y] = [event.clientX - from.x, event.clientY - from.y];
  from = null;
  if (Math.abs(x) < swipeLeast || Math.abs(y) > Math.abs(x) / 2) {
    return;
  }
  const pairwise = page().querySelector('input[data-review-key="b"]');
  press(pairwise ? (x < 0 ? 'a' : 'b') : (x < 0 ? 'ArrowRight' : 'ArrowLeft'));
});
