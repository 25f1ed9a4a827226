// Dark, light or system. A classic script in the head, so that the first paint has the right colours.
(function () {
  const key = 'rro-theme';
  const order = ['system', 'light', 'dark'];
  const system = window.matchMedia('(prefers-color-scheme: dark)');

  function chosen() {
    try {
      const value = localStorage.getItem(key);
      return order.includes(value) ? value : 'system';
    } catch {
      return 'system'; // storage can be forbidden; the page works without
    }
  }

  function apply() {
    const choice = chosen();
    const dark = choice === 'dark' || (choice === 'system' && system.matches);
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    for (const link of document.querySelectorAll('link[data-for-theme]')) {
      link.media = link.dataset.forTheme === (dark ? 'dark' : 'light') ? 'all' : 'not all';
    }
    for (const label of document.querySelectorAll('[data-theme-name]')) {
      label.textContent = choice[0].toUpperCase() + choice.slice(1);
    }
    window.dispatchEvent(new CustomEvent('rro-theme', { detail: { dark } }));
  }

  function next() {
    try {
      localStorage.setItem(key, order[(order.indexOf(chosen()) + 1) % order.length]);
    } catch {
      // see chosen()
    }
    apply();
  }

  apply();
  system.addEventListener('change', apply);
  document.addEventListener('DOMContentLoaded', apply);
  document.addEventListener('click', event => {
    if (event.target instanceof Element && event.target.closest('[data-theme-switch]')) {
      next();
    }
  });
  // Blazor may put the button back after the first paint.
  new MutationObserver(() => {
    for (const label of document.querySelectorAll('[data-theme-name]')) {
      const name = chosen()[0].toUpperCase() + chosen().slice(1);
      if (label.textContent !== name) {
        label.textContent = name;
      }
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
