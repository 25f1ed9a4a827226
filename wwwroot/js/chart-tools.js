// What a person can set on a chart: smoothing, axis, scale, range; and take away: picture and table. A disclosure in the panel's header, so that
// eight charts do not show eight rows of controls.

let made = 0;

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function save(name, url) {
  const link = element('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}

// Names of runs stand among the columns, and people write those: what a spreadsheet would read as a formula gets an apostrophe before it.
// Numbers, percents and the dash of an empty cell stay as they are.
export function csvCell(value) {
  const text = String(value);
  const isPlain = text === '-' || text === '-Infinity' || /^[+-]?[0-9.,]*[0-9](e[+-]?[0-9]+)?( ?%)?$/i.test(text);
  const safe = !isPlain && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csv(model) {
  const cell = csvCell;
  return [model.columns, ...(model.exact ?? model.rows)()].map(row => row.map(cell).join(',')).join('\n') + '\n';
}

// tools: null for a chart that is no series. actions: { redraw(), png() }.
export function addTools(chart, tools, actions) {
  const id = `tools-${++made}`;
  const { settings, root } = chart;
  const title = root.dataset.title;
  const menu = element('details', { className: 'chart-menu' }, element('summary', { className: 'button tiny', ariaLabel: `Options of ${title}`, textContent: '⋯' }));
  const box = element('div', { className: 'chart-options' });
  const parts = {};

  if (tools) {
    parts.smoothing = element('input', { type: 'range', id: `${id}-smooth`, min: '0', max: '0.99', step: '0.01', value: String(settings.smoothing) });
    parts.smoothed = element('output', { className: 'small muted', textContent: settings.smoothing.toFixed(2) });
    parts.smoothing.addEventListener('input', () => {
      settings.smoothing = Number(parts.smoothing.value);
      parts.smoothed.textContent = settings.smoothing.toFixed(2);
      actions.redraw();
    });
    parts.axis = element('select', { id: `${id}-axis` }, element('option', { value: 'step', textContent: 'update' }));
    parts.axis.addEventListener('change', () => {
      settings.axis = parts.axis.value;
      actions.redraw();
    });
    parts.log = element('input', { type: 'checkbox', id: `${id}-log` });
    parts.log.addEventListener('change', () => {
      settings.log = parts.log.checked;
      actions.redraw();
    });
    parts.from = element('input', { type: 'number', id: `${id}-from`, inputMode: 'numeric' });
    parts.to = element('input', { type: 'number', id: `${id}-to`, inputMode: 'numeric' });
    const zoom = element('button', { type: 'button', className: 'button tiny', textContent: 'Show these' });
    zoom.addEventListener('click', () => {
      const [from, to] = [parts.from, parts.to].map(field => (field.value === '' ? null : Number(field.value)));
      zoomSteps(from ?? -Infinity, to ?? Infinity);
    });
    const all = element('button', { type: 'button', className: 'button tiny', textContent: 'Show all' });
    all.addEventListener('click', () => zoomSteps(null));
    const label = (text, field) => element('label', { htmlFor: field.id, textContent: text });
    box.append(
      element('div', { className: 'option' }, label('Smoothing', parts.smoothing), parts.smoothing, parts.smoothed),
      element('div', { className: 'option' }, label('Across', parts.axis), parts.axis),
      element('div', { className: 'option' }, label('Logarithmic', parts.log), parts.log),
      element('div', { className: 'option' }, label('From', parts.from), parts.from),
      element('div', { className: 'option' }, label('To', parts.to), parts.to),
      element('div', { className: 'row' }, zoom, all));
  }

  const png = element('button', { type: 'button', className: 'button tiny', textContent: 'Picture (PNG)' });
  png.addEventListener('click', async () => {
    if (chart.model) {
      save(`${root.dataset.chart}.png`, await actions.png());
    }
  });
  const table = element('button', { type: 'button', className: 'button tiny', textContent: 'Table (CSV)' });
  table.addEventListener('click', () => {
    if (chart.model) {
      const url = URL.createObjectURL(new Blob([csv(chart.model)], { type: 'text/csv' }));
      save(`${root.dataset.chart}.csv`, url);
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    }
  });
  box.append(element('div', { className: 'row' }, png, table));
  menu.append(box);
  const reset = element('button', { type: 'button', className: 'button tiny', hidden: true, textContent: 'Show all' });
  reset.dataset.reset = '';
  reset.addEventListener('click', () => zoomSteps(null));
  root.querySelector('.tabs').before(reset);
  root.querySelector('.tabs').after(menu);

  // Escape closes it, and so does a click anywhere else.
  const close = event => {
    if (menu.open && (event.type === 'keydown' ? event.key === 'Escape' : !menu.contains(event.target))) {
      menu.open = false;
      if (event.type === 'keydown') {
        menu.querySelector('summary').focus();
      }
    }
  };
  menu.addEventListener('keydown', close);
  document.addEventListener('pointerdown', close);

  function zoomSteps(from, to) {
    settings.range = from === null ? null : [Math.min(from, to), Math.max(from, to)];
    reset.hidden = settings.range === null;
    tools.zoomed(chart);
    actions.redraw();
  }

  return {
    zooms: tools !== null,
    // In the units of the axis that is shown; null for all.
    zoomTo(from, to) {
      if (from === null) {
        zoomSteps(null);
      } else if (chart.model?.toStep) {
        zoomSteps(chart.model.toStep(from), chart.model.toStep(to));
      }
    },
    show(model) {
      png.disabled = table.disabled = model === null;
      if (!tools) {
        return;
      }
      const axes = tools.axes();
      if (axes.map(([value]) => value).join() !== [...parts.axis.options].map(o => o.value).join()) {
        parts.axis.replaceChildren(...axes.map(([value, name]) => element('option', { value, textContent: name })));
        parts.axis.value = settings.axis;
      }
    },
    dispose() {
      document.removeEventListener('pointerdown', close);
    },
  };
}
