using System.Collections.Concurrent;
using Microsoft.AspNetCore.SignalR;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Web.Components;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>Scripted runs, kept in memory, told to pages and hub in the order in which they happen.</summary>
internal sealed class ScriptedBoard : IRunBoard, IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, string> _runOfKey = new(StringComparer.Ordinal);
    private readonly List<ScriptedEntry> _runs = [];
    private readonly List<Action<string, RunEvent?>> _subscribers = [];
    private int _last;

    public IHubContext<ScriptedHub>? Hub { get; set; }

    public int PauseMs { get; set; } = 5;

    public string? WhyNoRun => null;

    public ScriptedEntry? Find(string runId)
    {
        lock (_runs)
        {
            return _runs.Find(r => r.Id == runId);
        }
    }

    public Task EndOf(string runId) => Find(runId)!.Ended.Task;

    public Task<(IReadOnlyList<RunRow> Rows, int Total)> ListAsync(int skip, int take, CancellationToken cancellationToken)
    {
        lock (_runs)
        {
            IReadOnlyList<RunRow> rows = [.. _runs.AsEnumerable().Reverse().Skip(skip).Take(take).Select(r => r.Row)];
            return Task.FromResult((rows, _runs.Count));
        }
    }

    public Task<RunRow?> FindAsync(string runId, CancellationToken cancellationToken) => Task.FromResult(Find(runId)?.Row);

    public Task<IReadOnlyList<RunFact>> HeaderAsync(string runId, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<RunFact>>([.. Find(runId)!.Events().OfType<RunFact>()
            .Where(e => e is RunStarted or StageStarted or StageFinished or EvaluationFinished or CheckpointSaved or AlertRaised or RunEnded)]);

    public Task<string> EnqueueAsync(RunPlan plan, string key, CancellationToken cancellationToken) => Task.FromResult(_runOfKey.GetOrAdd(key, _ => Start(plan)));

    public Task StopAsync(string runId, CancellationToken cancellationToken) => Find(runId)!.Stop.CancelAsync();

    public IDisposable Subscribe(Action<string, RunEvent?> changed)
    {
        lock (_subscribers)
        {
            _subscribers.Add(changed);
        }

        return new Subscription(() =>
        {
            lock (_subscribers)
            {
                _subscribers.Remove(changed);
            }
        });
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var run in _runs)
        {
            await run.Stop.CancelAsync();
            await run.Ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
            run.Dispose();
        }
    }

    private string Start(RunPlan plan)
    {
        var run = new ScriptedEntry($"r{Interlocked.Increment(ref _last):0000}", plan);
        lock (_runs)
        {
            _runs.Add(run);
        }

        var pause = TimeSpan.FromMilliseconds(PauseMs);
        new Thread(() => Play(run, pause)) { IsBackground = true, Name = run.Id }.Start();
        return run.Id;
    }

    private void Play(ScriptedEntry run, TimeSpan pause)
    {
        var journal = new Journal(this, run);
        try
        {
            journal.Record(new RunEnded(RunState.Finished, null, new ScriptedRun(run.Plan, journal, pause, run.Stop.Token).Play()));
        }
        catch (OperationCanceledException)
        {
            journal.Record(new RunEnded(RunState.Stopped, null, null));
        }

        run.Ended.SetResult();
    }

    private void Tell(ScriptedEntry run, RunEvent happened)
    {
        var first = run.Add(happened);
        Action<string, RunEvent?>[] subscribers;
        lock (_subscribers)
        {
            subscribers = [.. _subscribers];
        }

        foreach (var subscriber in subscribers)
        {
            subscriber(run.Id, happened);
        }

        // Awaited by nobody: a page that misses a message sees the hole in the numbers and asks again.
        _ = Hub?.Clients.Group(run.Id).SendAsync("events", new { runId = run.Id, epoch = 1, first, events = (RunEvent[])[happened] });
    }

    private sealed class Journal(ScriptedBoard board, ScriptedEntry run) : IRunJournal
    {
        public void Record(RunFact fact) => board.Tell(run, fact);

        public void Sample(RunSample sample) => board.Tell(run, sample);
    }

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}

/// <summary>One scripted run and everything it has said.</summary>
internal sealed class ScriptedEntry(string id, RunPlan plan) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<RunEvent> _events = [];
    private RunRow _row = new(id, RunState.Queued, plan, TimeProvider.System.GetUtcNow(), null, null, 0, 0, null, null, null, null, null, null);

    public string Id => id;

    public RunPlan Plan => plan;

    public CancellationTokenSource Stop { get; } = new();

    public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RunRow Row
    {
        get
        {
            lock (_lock)
            {
                return _row;
            }
        }
    }

    public RunEvent[] Events()
    {
        lock (_lock)
        {
            return [.. _events];
        }
    }

    /// <summary>Keeps an event and gives its number.</summary>
    public int Add(RunEvent happened)
    {
        lock (_lock)
        {
            _events.Add(happened);
            var now = TimeProvider.System.GetUtcNow();
            _row = happened switch
            {
                RunStarted => _row with { State = RunState.Running, Started = now },
                StageStarted stage => _row with { Stage = stage.Stage, StageStarted = now, Done = 0, Total = 0 },
                ProgressReported progress => _row with { Done = progress.Done, Total = progress.Total },
                EvaluationFinished { Decoding: "greedy", Stage: Stage.Baseline } before => _row with { Before = before.Mean },
                EvaluationFinished { Decoding: "greedy" } after => _row with { After = after.Mean },
                BudgetReported report => _row with { CandidatesPerStep = report.Budget.CandidatesPerStep, Pairs = report.Budget.Pairs },
                RunEnded ended => _row with { State = ended.State, Error = ended.Error, Stage = null },
                _ => _row,
            };
            return _events.Count - 1;
        }
    }

    public void Dispose() => Stop.Dispose();
}

/// <summary>The hub contract of the run page, over scripted runs.</summary>
internal sealed class ScriptedHub(ScriptedBoard board) : Hub
{
    public async Task<object> Watch(string runId)
    {
        await Groups.AddToGroupAsync(Context.ConnectionId, runId);
        var run = board.Find(runId)!;
        var events = run.Events();
        return new { epoch = 1, seq = events.Length - 1, ended = events.Any(e => e is RunEnded), lastEventMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), events };
    }

    public StepDecided[] Older(string runId, int task, int step, int count) =>
        [.. board.Find(runId)!.Events().OfType<StepDecided>().Reverse().SkipWhile(s => s.Task != task || s.Step != step).Skip(1).Take(count)];

    public CandidateScored[] Candidates(string runId, int task, int step) =>
        [.. board.Find(runId)!.Events().OfType<CandidateScored>().Where(c => c.Task == task && c.Step == step)];
}
