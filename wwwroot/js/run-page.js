// The live run page. One hub connection feeds the model; the model feeds charts, feed, budget and the numbers of the header.
// Blazor renders everything that moves seldom (state, stages, progress, alerts) and never touches what this module fills.
import { ChartBoard } from './charts.js';
import { RunModel, sentence } from './run-model.js';
import { chartKeys, chartModel, chartNeeds } from './run-charts.js';
import { Feed, maxRows } from './feed.js';
import { drawBudget } from './budget.js';
import { RunSource } from './run-source.js';

const renderMs = 250;
const speakMs = 10_000;

const pages = new Map();

// root: the article of the run; options: see RunPageOptions in Run.razor.cs.
export function start(root, options) {
  stop(root);
  pages.set(root, new RunPage(root, options));
}

export function stop(root) {
  pages.get(root)?.dispose();
  pages.delete(root);
}

class RunPage {
  #root;
  #options;
  #model;
  #board;
  #charts = new Map();
  #feed;
  #source;
  #badge;
  #decided = [];
  #state = 'connecting';
  #ended = false;
  #lastEvent = 0;
  #spokenAt = 0;
  #spokenText = '';
  #renderTimer;
  #badgeTimer;

  constructor(root, options) {
    this.#root = root;
    this.#options = options;
    this.#badge = root.querySelector('#live');
    this.#board = new ChartBoard(options.plotlyUrl);
    this.#newModel();
    for (const key of chartKeys) {
      this.#charts.set(key, this.#board.add(root.querySelector(`#chart-${key}`), () => chartModel(key, this.#model)));
    }
    this.#feed = new Feed(root.querySelector('#feed'), {
      loadOlder: item => this.#source.older(item, maxRows),
      loadCandidates: item => this.#source.candidates(item),
      describe: item => sentence(item, options.rule),
    });
    drawBudget(root.querySelector('#budget .meter'), null, options.rule.maxCandidates);
    this.#source = new RunSource(options, {
      reset: snapshot => this.#reset(snapshot),
      events: events => this.#events(events),
      state: state => {
        this.#state = state;
        this.#showBadge();
      },
    });
    this.#source.start();
    this.#renderTimer = setInterval(() => this.#render(), renderMs);
    this.#badgeTimer = setInterval(() => this.#showBadge(), 1000);
  }

  dispose() {
    clearInterval(this.#renderTimer);
    clearInterval(this.#badgeTimer);
    this.#source.stop();
    this.#board.dispose();
  }

  #newModel() {
    this.#model = new RunModel();
    this.#model.rule = this.#options.rule;
    this.#model.range = this.#options.range;
  }

  // Everything up to now: at the start, and whenever the server says that what we have cannot be continued.
  #reset(snapshot) {
    this.#newModel();
    this.#decided = [];
    snapshot.fill(this.#model);
    this.#feed.reset(snapshot.decisions, this.#model.decided);
    this.#ended = snapshot.ended;
    this.#lastEvent = snapshot.lastEventMs ?? Date.now();
    for (const chart of this.#charts.values()) {
      this.#board.changed(chart);
    }
    this.#model.changes.add('decisions').add('budget').add('held');
    this.#render();
    this.#showBadge();
  }

  #events(events) {
    for (const event of events) {
      switch (event.type) {
        case 'metricPoint':
          this.#model.addPoint(event.series, event.step, event.value);
          break;
        case 'stepDecided':
          this.#model.addDecision(event);
          this.#decided.push(event);
          break;
        case 'budgetReported':
          this.#model.setBudget(event.budget);
          break;
        case 'evaluationFinished':
          this.#model.addEvaluation(event);
          break;
        case 'referenceEvaluated':
          this.#model.addReference(event);
          break;
        case 'progressReported':
          this.#model.setProgress(event.stage, event.done, event.total);
          break;
        case 'runEnded':
          this.#ended = true;
          break;
      }
    }
    this.#lastEvent = Date.now();
  }

  #render() {
    const changes = this.#model.takeChanges();
    if (this.#decided.length > 0) {
      const decided = this.#decided;
      this.#decided = [];
      this.#feed.add(decided);
    }
    if (changes.size === 0) {
      return;
    }
    for (const [key, chart] of this.#charts) {
      if (chartNeeds(key).some(name => changes.has(name))) {
        this.#board.changed(chart);
      }
    }
    if (changes.has('budget') || changes.has('decisions')) {
      this.#numbers();
    }
    if (changes.has('budget')) {
      drawBudget(this.#root.querySelector('#budget .meter'), this.#model.budget, this.#options.rule.maxCandidates);
    }
    this.#speak();
  }

  #numbers() {
    const { decided, rose, budget, tried, noRise } = this.#model;
    const put = (name, text) => {
      this.#root.querySelector(`[data-now="${name}"]`).textContent = text;
    };
    put('steps', decided === 0 ? '-' : decided.toLocaleString('en-US'));
    put('rose', decided === 0 ? '-' : `${(100 * rose / decided).toFixed(1)} %`);
    const candidates = tried.reduce((sum, count, k) => sum + (count ?? 0) * k, 0) + noRise * this.#options.rule.maxCandidates;
    put('per-step', decided === 0 ? '-' : ((budget && budget.steps === decided ? budget.candidates : candidates) / decided).toFixed(2));
    put('pairs', budget ? budget.pairs.toLocaleString('en-US') : '-');
  }

  #showBadge() {
    const seconds = Math.max(0, Math.round((Date.now() - this.#lastEvent) / 1000));
    const age = this.#lastEvent === 0 ? '' : seconds < 2 ? ', just now' : seconds < 120 ? `, ${seconds} s ago` : `, ${Math.round(seconds / 60)} min ago`;
    const live = this.#state === 'live' && this.#ended ? 'ended' : this.#state;
    const words = { connecting: 'Connecting', live: `Live${age}`, reconnecting: `Reconnecting, last event${age.replace(',', '') || ' unknown'}`, ended: 'Ended' };
    if (this.#badge.dataset.live !== live) {
      this.#badge.dataset.live = live;
    }
    if (this.#badge.textContent !== words[live]) {
      this.#badge.textContent = words[live];
    }
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
