// Single-key shortcuts. Which keys there are is data in the help dialog (KeyboardShortcuts.cs); this file only obeys it.
// They never act while typing, with a modifier, or under a dialog, and one switch turns them off (WCAG 2.1.4).
const storageKey = 'rro-shortcuts';

function enabled() {
  try {
    return localStorage.getItem(storageKey) !== 'off';
  } catch {
    return true;
  }
}

function help() {
  return document.getElementById('keyboard-help');
}

function openHelp() {
  const dialog = help();
  if (dialog && !dialog.open) {
    dialog.querySelector('[data-shortcut-switch]').checked = enabled();
    dialog.showModal();
  }
}

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

document.addEventListener('keydown', event => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector('dialog[open], .rz-dialog')) {
    return;
  }
  if (!enabled()) {
    return;
  }
  const rows = help()?.querySelectorAll('[data-key]') ?? [];
  for (const row of rows) {
    if (row.dataset.key !== event.key) {
      continue;
    }
    event.preventDefault();
    const { act, target } = row.dataset;
    if (act === 'help') {
      openHelp();
    } else if (act === 'go') {
      document.querySelector(`a[href="${target}"]`)?.click();
    } else if (act === 'focus') {
      document.querySelector(target)?.focus();
    } else if (act === 'click') {
      document.querySelector(target)?.click();
    }
    return;
  }
});

document.addEventListener('click', event => {
  if (!(event.target instanceof Element)) {
    return;
  }
  if (event.target.closest('.skip')) {
    // Blazor scrolls there but leaves the focus where it was.
    document.getElementById('content')?.focus();
  } else if (event.target.closest('[data-open-help]')) {
    openHelp();
  } else if (event.target.closest('[data-close-help]')) {
    help()?.close();
  } else if (event.target.matches('[data-shortcut-switch]')) {
    try {
      localStorage.setItem(storageKey, event.target.checked ? 'on' : 'off');
    } catch {
      // storage is forbidden: the choice lasts until the page is left
    }
  }
});
