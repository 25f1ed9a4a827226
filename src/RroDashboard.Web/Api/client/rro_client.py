"""Shows a run of your own trainer on an RroDashboard. Python 3.8 or later, nothing but its standard library: copy this file beside your trainer.

    with Run("http://127.0.0.1:5080", token, name="grpo seed 1", method="GRPO", environment="ALFWorld", config={"lr": 1e-6}) as run:
        for step in range(1000):
            run.metric("train/loss", step, loss)
            if run.stop_asked: raise KeyboardInterrupt      # a person pressed Stop on the page

The token is one of the dashboard's API tokens with the scope "read, review and run" (page Account, API tokens).

What is said is kept in a bounded queue and sent by a thread, in numbered batches. The server takes each number once, so a batch that got no answer is sent
again under its number, with growing pauses, until it is answered. Before it is sent a batch is written to the state file with its number: a trainer that
was killed and starts again with the same state file goes on with the same run, and a batch in flight is neither lost nor taken twice. (What was still in the
queue dies with the process.) While the queue is full, facts (candidates, decisions, pairs, evaluations, the end) wait for a place; samples (metrics, log
lines, progress) are dropped and counted in run.dropped. What the server refuses for good is raised as Refused by the next call.
"""
import collections, http.client, json, math, os, re, sys, threading, time, urllib.error, urllib.request, uuid

BATCH_EVENTS, BATCH_CHARACTERS, EVENT_CHARACTERS = 500, 1_000_000, 4_000_000  # the server takes 1000 events and 4 MiB
SAMPLES = ("metricPoint", "progressReported", "budgetReported", "logLine")


class Refused(Exception):
    """The server understood and said no: sending the same again would not help."""
    code = 0


class Run:
    def __init__(self, url, token, name, method, environment, state=None, config=None, capacity=10_000, every=0.25, heartbeat=10.0, patience=60.0, **more):
        """state: a file of this trainer alone, by default rro-NAME.json here. every: shortest time between two batches, seconds. more: settings, trainer, rewardRange, silentAfterSeconds and the like, see BeginRemoteRun in the API's document. patience: seconds that the start may take."""
        state = state or "rro-" + re.sub("[^A-Za-z0-9]+", "-", name) + ".json"
        self._url, self._token, self._file, self._capacity, self._every, self._beat = url.rstrip("/") + "/api/v1/runs", token, state, capacity, every, heartbeat
        self._queue, self._changed, self._sending, self._ended, self._error = collections.deque(), threading.Condition(), False, False, None
        self.stop_asked, self.dropped = False, 0
        self._saved = {"key": uuid.uuid4().hex, "id": None, "number": 1, "events": []}
        if os.path.exists(state):
            with open(state, encoding="utf-8") as file:
                self._saved = json.load(file)
        if self._saved["id"] is None:
            self._save()  # the key first: a start that got no answer makes no second run
            about = dict(more, name=name, method=method, environment=environment, config=config or {})
            begun = self._post("/remote", json.dumps(about, allow_nan=False), {"Idempotency-Key": self._saved["key"]}, time.monotonic() + patience)[0]
            self._saved.update(id=begun["id"], number=begun["next"])
            self._save()
        self.id = self._saved["id"]
        self._thread = threading.Thread(target=self._work, daemon=True, name="rro-client")
        self._thread.start()

    def metric(self, series, step, value):
        """One number of a series. Steps of a series go upwards; NaN and infinity are holes in the curve, and an alert says so once."""
        value = float(value)
        self.event("metricPoint", series=series, step=step, value=value if math.isfinite(value) else "NaN" if value != value else "Infinity" if value > 0 else "-Infinity")

    def log(self, text, level="info"):
        self.event("logLine", level=level, text=str(text)[:4000])

    def event(self, kind, **fields):
        """Any event that the API shows, for example event("stageStarted", stage="Explore")."""
        text = json.dumps(dict(fields, type=kind), allow_nan=False)
        if len(text) > EVENT_CHARACTERS:
            raise ValueError(f"the event has {len(text)} characters: at most {EVENT_CHARACTERS} are allowed")
        with self._changed:
            if self._ended:
                raise Refused("the run has ended: nothing follows its end")
            while len(self._queue) >= self._capacity and self._error is None:
                if kind in SAMPLES:
                    self.dropped += 1
                    return
                self._changed.wait(1)
            if self._error is not None:
                raise self._error
            self._queue.append(text)
            self._ended = kind == "runEnded"
            self._changed.notify_all()

    def flush(self, timeout=None):
        """Waits until all that was said is taken; false when it is not in time."""
        with self._changed:
            done = self._changed.wait_for(lambda: self._error is not None or not (self._queue or self._sending or self._saved["events"]), timeout)
            if self._error is not None:
                raise self._error
            return done

    def finish(self, state="Finished", error=None, timeout=None):
        """Ends the run: "Finished", "Failed" or "Stopped". The state file goes when the end is taken."""
        if self.dropped:
            self.event("alertRaised", severity="warning", text=f"{self.dropped} metric points or log lines came faster than they could be sent and were dropped by the trainer.")
        self.event("runEnded", state=state, error=None if error is None else str(error)[:4000], summary=None)
        if self.flush(timeout):
            os.remove(self._file)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, Refused):
            return
        state = "Finished" if kind is None else "Stopped" if issubclass(kind, KeyboardInterrupt) else "Failed"
        self.finish(state, f"{kind.__name__}: {error}" if state == "Failed" else None)

    def _work(self):
        said = time.monotonic()
        try:
            while True:
                with self._changed:
                    self._sending = False
                    self._changed.notify_all()
                    if self._ended and not self._queue:
                        return
                    self._changed.wait_for(lambda: self._queue or self._saved["events"], max(0.0, said + self._beat - time.monotonic()))
                    fresh = not self._saved["events"]  # else one that a process before this left in flight
                    if self._queue:  # more may come
                        self._changed.wait_for(lambda: self._ended or len(self._queue) >= BATCH_EVENTS, max(0.0, said + self._every - time.monotonic()))
                    if fresh:
                        characters = 0
                        while self._queue and len(self._saved["events"]) < BATCH_EVENTS and (characters == 0 or characters + len(self._queue[0]) < BATCH_CHARACTERS):
                            characters += len(self._queue[0])
                            self._saved["events"].append(self._queue.popleft())
                    self._sending = bool(self._saved["events"])
                if self._sending:
                    self._save()
                    answer, tries = self._post(f"/{self.id}/batches", '{"number":%d,"events":[%s]}' % (self._saved["number"], ",".join(self._saved["events"])))
                    if fresh and tries == 1 and not answer["taken"]:
                        raise Refused(f"another process logs to run {self.id}: a trainer needs a state file of its own, and {self._file} is shared")
                    self._saved.update(number=self._saved["number"] + 1, events=[])
                    self._save()
                else:
                    answer, _ = self._post(f"/{self.id}/heartbeat", "{}")
                self.stop_asked, said = answer["stop"], time.monotonic()
        except Exception as error:
            if getattr(error, "code", 0) in (400, 413):  # it will never be taken: the next start goes on behind it
                self._saved["events"] = []
                self._save()
            with self._changed:
                self._error = error if isinstance(error, Refused) else Refused(repr(error))
                self._changed.notify_all()

    def _post(self, path, body, headers=None, until=math.inf):
        pause, tries = 0.25, 0
        while True:
            tries += 1
            try:
                request = urllib.request.Request(self._url + path, body.encode(), dict(headers or {}, Authorization="Bearer " + self._token, **{"Content-Type": "application/json"}))
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.load(answer), tries
            except urllib.error.HTTPError as refusal:
                if refusal.code not in (408, 425, 429, 500, 502, 503, 504):
                    told = Refused(f"{refusal.code}: {refusal.read(4000).decode(errors='replace')}")
                    told.code = refusal.code
                    raise told from refusal
                why, pause = refusal, max(pause, float(refusal.headers.get("Retry-After") or 0))
            except (OSError, http.client.HTTPException, ValueError) as broken:  # no answer, or half of one: it may have been taken
                why = broken
            if time.monotonic() + pause > until:
                raise Refused(f"{self._url} gives no answer: {why}")
            print(f"rro-client: {why}; again in {pause:.2g} s", file=sys.stderr)
            time.sleep(pause)
            pause = min(30.0, 2 * pause)

    def _save(self):
        with open(self._file + ".new", "w", encoding="utf-8") as file:
            json.dump(self._saved, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self._file + ".new", self._file)
