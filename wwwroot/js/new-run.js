// Says at once, while a number is typed, what the server would say: the sentence is the server's (PlanSetting.Set).
export function attach(root) {
  root.addEventListener('input', event => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || !field.dataset.path) {
      return;
    }
    const { path, allowed, min, max, whole } = field.dataset;
    const text = field.value.trim();
    const value = Number(text);
    const bound = (name, missing) => (Number.isNaN(Number(name)) ? missing : Number(name));
    const fine = text !== '' && Number.isFinite(value) && (whole !== 'True' || /^[+-]?\d+$/.test(text))
      && value >= bound(min, -Infinity) && value <= bound(max, Infinity);
    field.setAttribute('aria-invalid', String(!fine));
    const wrong = field.closest('.field').querySelector('[data-wrong]');
    const sentence = fine ? '' : `${path} = '${field.value}' is not allowed: it must be ${allowed}.`;
    // Only the text of Blazor's own text node, so that its next render finds what it left.
    if (wrong.firstChild) {
      wrong.firstChild.data = sentence;
    } else {
      wrong.append(sentence);
    }
  });
}
