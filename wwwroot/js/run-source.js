// The wire: one hub connection for the page. Register, then snapshot, then follow; a hole in the sequence numbers or another
// epoch means that the server is asked for a snapshot again. Nothing else knows what messages look like.

import { loadScript } from './scripts.js';

const retryMs = [0, 500, 1000, 2000, 5000];

// handlers: reset(snapshot), frame({ events, points, atMs }), state('live' | 'reconnecting').
export class RunSource {
  #options;
  #handlers;
  #connection = null;
  #stopped = false;
  #epoch = null;
  #seq = -1;
  #early = null;
  #turn = 0;

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
        // Told by the badge; the server may be starting again. Given up before it is stopped: its end is no reason to begin anew beside this loop.
        const broken = this.#connection;
        this.#connection = null;
        broken?.stop();
        if (this.#stopped) {
          return;
        }
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
    const connection = new window.signalR.HubConnectionBuilder()
      .withUrl(this.#options.hubUrl, { transport: window.signalR.HttpTransportType.WebSockets, skipNegotiation: true })
      .withAutomaticReconnect({ nextRetryDelayInMilliseconds: context => retryMs[Math.min(context.previousRetryCount, retryMs.length - 1)] })
      .configureLogging(window.signalR.LogLevel.None)
      .build();
    this.#connection = connection;
    connection.on('events', message => this.#receive(message));
    connection.onreconnecting(() => {
      if (!this.#stopped) {
        this.#handlers.state('reconnecting');
      }
    });
    connection.onreconnected(() => this.#again(() => this.#watch()));
    connection.onclose(() => {
      // The server closed it for good, for example when it ended: begin anew.
      if (!this.#stopped && this.#connection === connection) {
        this.#handlers.state('reconnecting');
        this.start();
      }
    });
    await connection.start();
    await this.#watch();
  }

  // A question that fails because the connection broke is asked again by whoever connects next; any other failure ends the connection, so that
  // someone does.
  async #again(question) {
    const connection = this.#connection;
    try {
      await question();
    } catch {
      if (!this.#stopped && this.#connection === connection && connection.state === window.signalR.HubConnectionState.Connected) {
        await connection.stop();
      }
    }
  }

  async #watch() {
    const turn = ++this.#turn;
    this.#early = [];
    const snapshot = await this.#connection.invoke('Watch', this.#options.runId);
    if (turn !== this.#turn || this.#stopped) {
      return;
    }
    this.#epoch = snapshot.epoch;
    this.#seq = snapshot.seq;
    this.#handlers.reset(snapshot);
    this.#handlers.state('live');
    this.#late();
  }

  #late() {
    const early = this.#early ?? [];
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
      this.#again(() => this.#fill());
      return;
    }
    this.#take(message);
  }

  // What the snapshot or an earlier frame already had is dropped by its number.
  #take(message) {
    const before = this.#seq;
    if (message.last <= before) {
      return;
    }
    this.#seq = message.last;
    if (message.first > before) {
      this.#handlers.frame(message);
      return;
    }
    const points = message.points.map(columns => {
      const fresh = columns.seqs.map((_, i) => i).filter(i => columns.seqs[i] > before);
      return { series: columns.series, steps: fresh.map(i => columns.steps[i]), values: fresh.map(i => columns.values[i]) };
    }).filter(columns => columns.steps.length > 0);
    this.#handlers.frame({ ...message, events: message.events.filter((_, i) => message.seqs[i] > before), points });
  }

  // A hole: the server fills it from memory, or says that only a new snapshot can.
  async #fill() {
    const turn = ++this.#turn;
    this.#early = [];
    const missed = await this.#connection.invoke('Since', this.#options.runId, this.#epoch, this.#seq);
    if (turn !== this.#turn) {
      return;
    }
    if (missed.reset) {
      await this.#watch();
      return;
    }
    for (const frame of missed.frames) {
      this.#take(frame);
    }
    this.#late();
  }

  // Begins anew with a snapshot: what was followed so far no longer counts.
  refresh() {
    return this.#again(() => this.#watch());
  }

  older(item, count) {
    return this.#connection.invoke('Older', this.#options.runId, item.task, item.step, count);
  }

  candidates(item) {
    return this.#connection.invoke('Candidates', this.#options.runId, item.task, item.step);
  }

  // Series between two steps, in bands; null for no bound.
  bands(names, from, to, limit) {
    return this.#connection.invoke('Bands', this.#options.runId, names, from, to, limit);
  }
}
