// Whether the page is live, in words, with the age of the last event: a stall is never silent.
export class LiveBadge {
  #root;
  #state = 'connecting';
  #ended = false;
  #lastMs = 0;
  #timer;
  #paused = false;

  constructor(root) {
    this.#root = root;
    this.#timer = setInterval(() => this.#show(), 1000);
  }

  dispose() {
    clearInterval(this.#timer);
  }

  say(state) {
    this.#state = state;
    this.#show();
  }

  set paused(paused) {
    this.#paused = paused;
    this.#show();
  }

  // ended and begun: what this event said about the run's end; a run that goes on later is live again.
  heard(atMs, ended, begun = false) {
    this.#lastMs = atMs;
    this.#ended = (this.#ended && !begun) || ended;
    if (ended || begun) {
      this.#show();
    }
  }

  #show() {
    const seconds = Math.max(0, Math.round((Date.now() - this.#lastMs) / 1000));
    const age = this.#lastMs === 0 ? '' : seconds < 2 ? ', just now' : seconds < 120 ? `, ${seconds} s ago` : `, ${Math.round(seconds / 60)} min ago`;
    const live = this.#state !== 'live' ? this.#state : this.#ended ? 'ended' : this.#paused ? 'paused' : 'live';
    const words = { connecting: 'Connecting', live: `Live${age}`, paused: `Paused, last event${age.replace(',', '')}`, reconnecting: `Reconnecting, last event${age.replace(',', '') || ' unknown'}`, ended: 'Ended' };
    if (this.#root.dataset.live !== live) {
      this.#root.dataset.live = live;
    }
    if (this.#root.textContent !== words[live]) {
      this.#root.textContent = words[live];
    }
  }
}
