// Says at once, while a number is typed, what the server will say about it: the sentence is the server's (PlanSetting.Set).
export function attach(root) {
  const wrong = field => field.closest('.field').querySelector('[data-wrong]');

  root.addEventListener('input', event => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || !field.dataset.path) {
      return;
    }
    const { path, allowed, min, max, whole } = field.dataset;
    const text = field.value.trim();
    const value = Number(text);
    const bound = (limit, none) => (Number.isFinite(Number(limit)) ? Number(limit) : none);
    const fine = text !== '' && Number.isFinite(value) && (whole !== 'yes' || /^[+-]?\d+$/.test(text))
      && value >= bound(min, -Infinity) && value <= bound(max, Infinity);
    wrong(field).textContent = fine ? '' : `${path} = '${field.value}' is not allowed: it must be ${allowed}.`;
  });

  // From here on the server's own sentence stands in the field.
  root.addEventListener('change', event => {
    if (event.target instanceof HTMLInputElement && event.target.dataset.path) {
      wrong(event.target).textContent = '';
    }
  });
}

// The form writes itself into its address without leaving it; Blazor's own state of the entry is kept.
export function remember(url) {
  history.replaceState(history.state, '', url);
}
