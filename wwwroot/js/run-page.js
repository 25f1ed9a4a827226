// The live run page. One hub connection feeds the model; the model feeds charts, feed, budget and the numbers of the header.
// Blazor renders everything that moves seldom (state, stages, progress, alerts) and never touches what this module fills.
import { ChartBoard } from './charts.js';
import { RunModel, sentence } from './run-model.js';
import { chartAxes, chartKeys, chartModel, chartNeeds, chartSeries } from './run-charts.js';
import { Feed, maxRows } from './feed.js';
import { drawBudget } from './budget.js';
import { drawNoise } from './noise.js';
import { LiveBadge } from './live-badge.js';
import { Line } from './series.js';
import { SeriesCharts } from './series-charts.js';
import { RunSource } from './run-source.js';

const renderMs = 100;
const speakMs = 10_000;
const zoomMs = 1000;
const zoomBands = 400;

const pages = new Map();

// root: the article of the run; options: see OnAfterRenderAsync in Run.razor.cs.
export function start(root, options) {
  stop(root);
  pages.set(root, new RunPage(root, options));
}

export function stop(root) {
  pages.get(root)?.dispose();
  pages.delete(root);
}

// Freezes what is shown; what happens is collected all the same.
export function pause(root, paused) {
  pages.get(root)?.pause(paused);
}

class RunPage {
  #root;
  #options;
  #model;
  #board;
  #charts = new Map();
  #seriesCharts;
  #feed;
  #source;
  #badge;
  #decided = [];
  #decidedCount = 0;
  #frames = [];
  #paused = false;
  #missed = 0;
  #spokenAt = 0;
  #spokenText = '';
  #renderTimer;

  constructor(root, options) {
    this.#root = root;
    this.#options = options;
    this.#badge = new LiveBadge(root.querySelector('#live'));
    this.#board = new ChartBoard(options.plotlyUrl);
    this.#newModel();
    for (const key of chartKeys) {
      const panel = root.querySelector(`#chart-${key}`);
      // A trainer elsewhere may know nothing of these: they come with what they show.
      panel.hidden = options.remote === true;
      this.#addChart(key, panel);
    }
    this.#seriesCharts = new SeriesCharts(root.querySelector('#series-charts'));
    this.#feed = new Feed(root.querySelector('#feed'), {
      loadOlder: item => this.#source.older(item, maxRows),
      loadCandidates: item => this.#source.candidates(item),
      describe: item => sentence(item, options.rule),
    });
    this.#meters();
    this.#source = new RunSource(options, {
      reset: snapshot => this.#reset(snapshot),
      frame: frame => this.#frame(frame),
      state: state => this.#badge.say(state),
    });
    this.#source.start();
    this.#renderTimer = setInterval(() => this.#render(), renderMs);
  }

  #addChart(key, panel) {
    const shown = { zoomed: null, askedAt: 0 };
    const chart = this.#board.add(panel, settings => chartModel(key, this.#model, settings, shown.zoomed), chartSeries(key) === null ? null : {
      axes: () => chartAxes(key, this.#model),
      zoomed: changed => this.#zoom(key, changed, shown),
    });
    this.#charts.set(key, { chart, shown });
  }

  dispose() {
    clearInterval(this.#renderTimer);
    this.#badge.dispose();
    this.#source.stop();
    this.#board.dispose();
  }

  pause(paused) {
    this.#paused = paused;
    this.#badge.paused = paused;
    if (!paused) {
      this.#missed = 0;
      this.#sayMissed();
      for (const frame of this.#frames.splice(0)) {
        this.#take(frame);
      }
      this.#render();
    }
  }

  #newModel() {
    this.#model = new RunModel();
    this.#model.rule = this.#options.rule;
    this.#model.range = this.#options.range;
    // There is no policy here to re-roll with.
    this.#model.remote = this.#options.remote === true;
  }

  // Everything up to now: at the start, and whenever the server says that what we have cannot be continued.
  #reset(snapshot) {
    this.#newModel();
    this.#decided = [];
    this.#decidedCount = 0;
    this.#frames = [];
    this.#model.load(snapshot);
    this.#feed.reset([...snapshot.newest].reverse(), this.#model.decided);
    this.#badge.heard(snapshot.lastEventMs, snapshot.ended);
    for (const [key, { chart, shown }] of this.#charts) {
      shown.zoomed = null;
      this.#board.changed(chart);
      if (chart.settings.range !== null) {
        this.#zoom(key, chart, shown);
      }
    }
    this.#dropped(snapshot.droppedSamples);
    this.#model.changes.add('decisions').add('budget').add('held');
    this.#render();
  }

  #frame(frame) {
    const resumed = frame.events.some(e => e.type === 'runResumed');
    this.#badge.heard(Date.now(), frame.events.some(e => e.type === 'runEnded'), resumed || frame.events.some(e => e.type === 'stageStarted'));
    if (resumed) {
      // What was broken off is done again, and its steps no longer count.
      this.#source.refresh();
      return;
    }
    if (!this.#paused) {
      this.#take(frame);
      return;
    }
    this.#frames.push(frame);
    this.#missed += frame.events.length + frame.points.reduce((sum, columns) => sum + columns.steps.length, 0);
    this.#sayMissed();
    // A pause over lunch must not fill the memory: what waits is taken in unseen, charts stay as they are until they are asked.
    if (this.#frames.length > 2000) {
      for (const old of this.#frames.splice(0, 1000)) {
        this.#take(old);
      }
    }
  }

  #take(frame) {
    for (const columns of frame.points) {
      this.#model.addPoints(columns);
    }
    for (const event of frame.events) {
      this.#model.addEvent(event, frame.atMs);
      if (event.type === 'stepDecided') {
        // The feed shows no more than these; how many there were is enough of the rest.
        this.#decidedCount++;
        this.#decided.push(event);
        if (this.#decided.length > maxRows) {
          this.#decided.shift();
        }
      }
    }
  }

  #sayMissed() {
    const counter = this.#root.querySelector('[data-missed]');
    const text = this.#missed === 0 ? '' : ` (${this.#missed.toLocaleString('en-US')} new)`;
    if (counter && counter.textContent !== text) {
      counter.textContent = text;
    }
  }

  #dropped(count) {
    const note = this.#root.querySelector('[data-dropped]');
    note.hidden = count === 0;
    note.textContent = count === 0 ? '' : `${count.toLocaleString('en-US')} samples came faster than they could be written and are not in the charts; decided steps, pairs and results are complete.`;
  }

  // A zoomed chart asks the server, which still has every point.
  async #zoom(key, chart, shown) {
    const range = chart.settings.range;
    if (range === null) {
      shown.zoomed = null;
      this.#board.changed(chart);
      return;
    }
    shown.askedAt = performance.now();
    const bound = value => (Number.isFinite(value) ? Math.round(value) : null);
    try {
      const series = await this.#source.bands(chartSeries(key), bound(range[0]), bound(range[1]), zoomBands);
      if (chart.settings.range === range) {
        shown.zoomed = new Map(chartSeries(key).map(name => [name, Line.of(series.find(s => s.series === name) ?? { steps: [], values: [] })]));
        this.#board.changed(chart);
      }
    } catch {
      // The connection broke: the badge says so, and the next snapshot asks again.
    }
  }

  #render() {
    if (this.#paused) {
      return;
    }
    const changes = this.#model.takeChanges();
    if (this.#decided.length > 0) {
      const [decided, count] = [this.#decided, this.#decidedCount];
      this.#decided = [];
      this.#decidedCount = 0;
      this.#feed.add(decided, count);
    }
    if (changes.size === 0) {
      return;
    }
    this.#seriesCharts.show(this.#model.series.keys(), (key, panel) => this.#addChart(key, panel));
    for (const [key, { chart, shown }] of this.#charts) {
      if (chart.root.hidden && chartModel(key, this.#model, chart.settings, null) !== null) {
        chart.root.hidden = false;
      }
      if (!chartNeeds(key).some(name => changes.has(name))) {
        continue;
      }
      this.#board.changed(chart);
      const newest = chartSeries(key)?.map(name => this.#model.series.get(name)?.x.at(-1) ?? -Infinity)[0];
      if (chart.settings.range !== null && newest <= chart.settings.range[1] && performance.now() - shown.askedAt > zoomMs) {
        this.#zoom(key, chart, shown);
      }
    }
    if (changes.has('budget') || changes.has('decisions')) {
      this.#numbers();
      this.#meters();
    }
    this.#speak();
  }

  #meters() {
    drawBudget(this.#root.querySelector('#budget .meter'), this.#model, this.#options.rule.maxCandidates);
    drawNoise(this.#root.querySelector('#noise [data-noise]'), this.#model);
  }

  #numbers() {
    const { decided, rose, budget, tried } = this.#model;
    const put = (name, text) => {
      this.#root.querySelector(`[data-now="${name}"]`).textContent = text;
    };
    put('steps', decided === 0 ? '-' : decided.toLocaleString('en-US'));
    put('rose', decided === 0 ? '-' : `${(100 * rose / decided).toFixed(1)} %`);
    const candidates = tried.reduce((sum, count, k) => sum + count * k, 0) + (decided - rose) * this.#options.rule.maxCandidates;
    put('per-step', decided === 0 ? '-' : ((budget && budget.steps === decided ? budget.candidates : candidates) / decided).toFixed(2));
    put('pairs', budget ? budget.pairs.toLocaleString('en-US') : '-');
  }

  // One summary at most every ten seconds: a screen reader is not a ticker.
  #speak() {
    const now = Date.now();
    if (now - this.#spokenAt < speakMs || this.#model.decided === 0) {
      return;
    }
    const text = `${this.#model.decided} steps decided, ${(100 * this.#model.rose / this.#model.decided).toFixed(0)} percent rose.`;
    if (text !== this.#spokenText) {
      this.#spokenAt = now;
      this.#spokenText = text;
      this.#root.querySelector('#spoken').textContent = text;
    }
  }
}
