// One series in bounded memory: bands of neighbouring points with their last, lowest and highest value. Edges lie at multiples of a power of
// two of the step, here as on the server (Bands in Band.cs), so a live curve does not shimmer, no spike is lost and the last point is there.

export const keptBands = 4096;
export const drawnBands = 400;

export class Line {
  x = [];
  y = [];
  low = [];
  high = [];
  #width = 1;

  get length() {
    return this.x.length;
  }

  // Columns of a snapshot; what came before is forgotten.
  static of(columns) {
    const line = new Line();
    line.x = [...columns.steps];
    line.y = [...columns.values];
    line.low = [...(columns.low ?? columns.values)];
    line.high = [...(columns.high ?? columns.values)];
    return line;
  }

  // False when the point is not new: points of a series come in the order of their steps, and one that comes twice counts once.
  add(step, value) {
    if (this.x.length > 0 && step <= this.x[this.x.length - 1]) {
      return false;
    }
    this.x.push(step);
    this.y.push(value);
    this.low.push(value);
    this.high.push(value);
    if (this.x.length > keptBands) {
      const smaller = this.view(keptBands / 2);
      this.x = smaller.x;
      this.y = smaller.y;
      this.low = smaller.low;
      this.high = smaller.high;
      this.#width = smaller.width;
    }
    return true;
  }

  // At most so many bands, of all steps or of a range.
  view(limit = drawnBands, from = -Infinity, to = Infinity) {
    let bands = { x: this.x, y: this.y, low: this.low, high: this.high };
    if (from > -Infinity || to < Infinity) {
      const inside = this.x.map((step, i) => i).filter(i => this.x[i] >= from && this.x[i] <= to);
      const pick = list => inside.map(i => list[i]);
      bands = { x: pick(bands.x), y: pick(bands.y), low: pick(bands.low), high: pick(bands.high) };
    }
    let width = this.#width;
    while (bands.x.length > limit) {
      width *= 2;
      bands = merge(bands, width);
    }
    return { ...bands, width };
  }
}

function merge(bands, width) {
  const merged = { x: [], y: [], low: [], high: [] };
  let bucket = NaN;
  for (let i = 0; i < bands.x.length; i++) {
    const own = Math.floor(bands.x[i] / width);
    const last = merged.x.length - 1;
    if (own === bucket) {
      merged.x[last] = bands.x[i];
      merged.y[last] = bands.y[i];
      merged.low[last] = Math.min(merged.low[last], bands.low[i]);
      merged.high[last] = Math.max(merged.high[last], bands.high[i]);
    } else {
      bucket = own;
      merged.x.push(bands.x[i]);
      merged.y.push(bands.y[i]);
      merged.low.push(bands.low[i]);
      merged.high.push(bands.high[i]);
    }
  }
  return merged;
}

// Exponential moving average over the step, corrected for its start (Kingma and Ba, 2015, section 3): a gap in the steps forgets as much as the
// points that are missing would.
export function smooth(x, y, weight) {
  if (weight <= 0 || y.length < 2) {
    return y;
  }
  const spacing = (x[x.length - 1] - x[0]) / (x.length - 1) || 1;
  let sum = 0;
  let total = 0;
  return y.map((value, i) => {
    const keep = i === 0 ? 0 : Math.pow(weight, (x[i] - x[i - 1]) / spacing);
    sum = keep * sum + (1 - weight) * value;
    total = keep * total + (1 - weight);
    return sum / total;
  });
}

// From the steps of a stage to another axis and back, along a line that rises: between its points straight, beyond its end with its last slope.
export class Axis {
  #from;
  #to;

  constructor(line) {
    this.#from = line.x;
    this.#to = line.y;
  }

  at(step) {
    return along(this.#from, this.#to, step);
  }

  back(value) {
    return along(this.#to, this.#from, value);
  }
}

function along(from, to, value) {
  const last = from.length - 1;
  if (last < 1) {
    return to[0];
  }
  let right = 1;
  if (value >= from[last]) {
    right = last;
  } else {
    let left = 0;
    right = last;
    while (right - left > 1) {
      const middle = (left + right) >> 1;
      if (from[middle] <= value) left = middle;
      else right = middle;
    }
  }
  const span = from[right] - from[right - 1];
  return span === 0 ? to[right] : to[right - 1] + (to[right] - to[right - 1]) * (value - from[right - 1]) / span;
}
