// The wire: one hub connection for the page. Register, then snapshot, then follow; a hole in the sequence numbers or another
// epoch means that the server is asked for a snapshot again. Nothing else knows what messages look like.

const retryMs = [0, 500, 1000, 2000, 5000];

function loadScript(url) {
  if (window.signalR) {
    return Promise.resolve();
  }
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    script.onload = resolve;
    script.onerror = () => reject(new Error('The connection library could not be loaded.'));
    document.head.append(script);
  });
}

// handlers: reset(snapshot), events(list), state('live' | 'reconnecting').
export class RunSource {
  #options;
  #handlers;
  #connection = null;
  #stopped = false;
  #epoch = null;
  #seq = -1;
  #early = null;

  constructor(options, handlers) {
    this.#options = options;
    this.#handlers = handlers;
  }

  async start() {
    for (let attempt = 0; !this.#stopped; attempt++) {
      try {
        await loadScript(this.#options.signalrUrl);
        await this.#connect();
        return;
      } catch {
        // Told by the badge; the server may be starting again.
        this.#handlers.state('reconnecting');
        await new Promise(resolve => setTimeout(resolve, retryMs[Math.min(attempt, retryMs.length - 1)] + 200));
      }
    }
  }

  stop() {
    this.#stopped = true;
    this.#connection?.stop();
  }

  async #connect() {
    this.#connection = new window.signalR.HubConnectionBuilder()
      .withUrl(this.#options.hubUrl, { transport: window.signalR.HttpTransportType.WebSockets, skipNegotiation: true })
      .withAutomaticReconnect({ nextRetryDelayInMilliseconds: context => retryMs[Math.min(context.previousRetryCount, retryMs.length - 1)] })
      .configureLogging(window.signalR.LogLevel.None)
      .build();
    this.#connection.on('events', message => this.#receive(message));
    this.#connection.onreconnecting(() => this.#handlers.state('reconnecting'));
    this.#connection.onreconnected(() => this.#watch());
    await this.#connection.start();
    await this.#watch();
  }

  async #watch() {
    this.#early = [];
    const snapshot = await this.#connection.invoke('Watch', this.#options.runId);
    this.#epoch = snapshot.epoch;
    this.#seq = snapshot.seq;
    this.#handlers.reset(toSnapshot(snapshot));
    this.#handlers.state('live');
    const early = this.#early;
    this.#early = null;
    for (const message of early) {
      this.#receive(message);
    }
  }

  #receive(message) {
    if (message.runId !== this.#options.runId) {
      return;
    }
    if (this.#early) {
      this.#early.push(message);
      return;
    }
    if (message.epoch !== this.#epoch || message.first > this.#seq + 1) {
      this.#fill();
      return;
    }
    this.#take(message);
  }

  // What the snapshot or an earlier frame already had is dropped by its number.
  #take(message) {
    const fresh = message.events.filter((_, i) => message.seqs[i] > this.#seq);
    this.#seq = Math.max(this.#seq, message.last);
    if (fresh.length > 0) {
      this.#handlers.events(fresh);
    }
  }

  // A hole: the server fills it from memory, or says that only a new snapshot can.
  async #fill() {
    this.#early = [];
    const missed = await this.#connection.invoke('Since', this.#options.runId, this.#epoch, this.#seq);
    if (missed.reset) {
      await this.#watch();
      return;
    }
    for (const frame of missed.frames) {
      this.#take(frame);
    }
    const early = this.#early;
    this.#early = null;
    for (const message of early) {
      this.#receive(message);
    }
  }

  older(item, count) {
    return this.#connection.invoke('Older', this.#options.runId, item.task, item.step, count);
  }

  candidates(item) {
    return this.#connection.invoke('Candidates', this.#options.runId, item.task, item.step);
  }
}

function toSnapshot(snapshot) {
  const decisions = snapshot.events.filter(e => e.type === 'stepDecided');
  return {
    decisions: decisions.slice(-60).reverse(),
    ended: snapshot.ended,
    lastEventMs: snapshot.lastEventMs,
    fill(model) {
      for (const e of snapshot.events) {
        if (e.type === 'metricPoint') model.addPoint(e.series, e.step, e.value);
        else if (e.type === 'stepDecided') model.addDecision(e);
        else if (e.type === 'budgetReported') model.setBudget(e.budget);
        else if (e.type === 'evaluationFinished') model.addEvaluation(e);
        else if (e.type === 'referenceEvaluated') model.addReference(e);
      }
    },
  };
}
