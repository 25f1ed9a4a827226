using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Web;
using RroDashboard.Web.Components;
using RroDashboard.Web.Configuration;

namespace RroDashboard.EndToEnd.Tests;

internal sealed class DashboardUnderTest : IAsyncDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"rro-e2e-{Guid.NewGuid():N}");
    private readonly MemoryBoard _board = new();
    private RroWebApplication? _server;

    public string Url => _server!.Url;

    public async Task StartAsync()
    {
        _server = new RroWebApplication(
            new DashboardOptions { Url = "http://127.0.0.1:0", DataFolder = _folder, StartDemo = false },
            services =>
            {
                services.AddSingleton<IRunBoard>(_board);
                services.AddSingleton(_board);
                services.AddSignalR().AddJsonProtocol(o => o.PayloadSerializerOptions.Converters.Add(new JsonStringEnumConverter()));
            });
        _server.App.MapHub<MemoryHub>("/hubs/runs");
        await _server.StartAsync();
        _board.Hub = _server.App.Services.GetRequiredService<IHubContext<MemoryHub>>();
    }

    public string CreateSignInLink() => _server!.CreateSignInLink();

    public Task<string> EnqueueAsync(int tasks, int pauseMs)
    {
        var plan = Presets.Create("demo");
        plan.Explore.Tasks = tasks;
        _board.PauseMs = pauseMs;
        return _board.EnqueueAsync(plan, Guid.NewGuid().ToString("N"), default);
    }

    public Task WaitForEndAsync(string run) => _board.EndOf(run).WaitAsync(TimeSpan.FromSeconds(90));

    public async Task<int> CountRunsAsync() => (await _board.ListAsync(0, 1, default)).Total;

    public async ValueTask DisposeAsync()
    {
        await _server!.App.StopAsync();
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

internal sealed class MemoryRun(string id, RunPlan plan) 
{
    public string Id => id;
    public RunPlan Plan => plan;
    public DateTimeOffset Created { get; } = DateTimeOffset.UtcNow;
    public List<RunEvent> Events { get; } = [];
    public CancellationTokenSource Stop { get; } = new();
    public TaskCompletionSource Ended { get; } = new();
    public RunView2 View { get; } = new();
}

internal sealed class RunView2
{
    public Stage? Stage;
    public DateTimeOffset StageStarted;
    public ProgressReported? Progress;
    public double? Before, After, PerStep;
    public int? Pairs;
    public RunEnded? End;
    public bool Began;
}

internal sealed class MemoryBoard : IRunBoard
{
    private readonly ConcurrentDictionary<string, string> _keys = new();
    private readonly List<MemoryRun> _runs = [];
    private readonly List<Action<string, RunEvent?>> _subscribers = [];
    private static int s_next;

    public IHubContext<MemoryHub>? Hub { get; set; }
    public int PauseMs { get; set; } = 5;
    public string? WhyNoRun => null;

    public MemoryRun? Get(string id) { lock (_runs) { return _runs.Find(r => r.Id == id); } }

    public Task EndOf(string id) => Get(id)!.Ended.Task;

    public Task<(IReadOnlyList<RunRow> Rows, int Total)> ListAsync(int skip, int take, CancellationToken cancellationToken)
    {
        lock (_runs) { return Task.FromResult<(IReadOnlyList<RunRow>, int)>(([.. _runs.AsEnumerable().Reverse().Skip(skip).Take(take).Select(Row)], _runs.Count)); }
    }

    public Task<RunRow?> FindAsync(string runId, CancellationToken cancellationToken) => Task.FromResult(Get(runId) is { } run ? Row(run) : null);

    private static RunRow Row(MemoryRun r) => new(r.Id, r.View.End?.State ?? (r.View.Began ? RunState.Running : RunState.Queued), r.Plan, r.Created, r.Created, r.View.End is null ? r.View.Stage : null, r.View.Progress?.Done ?? 0, r.View.Progress?.Total ?? 0, r.View.StageStarted, r.View.Before, r.View.After, r.View.PerStep, r.View.Pairs, r.View.End?.Error);

    public Task<IReadOnlyList<RunFact>> HeaderAsync(string runId, CancellationToken cancellationToken)
    {
        var run = Get(runId)!;
        lock (run) { return Task.FromResult<IReadOnlyList<RunFact>>([.. run.Events.OfType<RunFact>().Where(e => e is RunStarted or StageStarted or StageFinished or EvaluationFinished or CheckpointSaved or AlertRaised or RunEnded)]); }
    }

    public Task<string> EnqueueAsync(RunPlan plan, string key, CancellationToken cancellationToken)
    {
        var id = _keys.GetOrAdd(key, _ =>
        {
            var run = new MemoryRun($"r{Interlocked.Increment(ref s_next):0000}", plan);
            lock (_runs) { _runs.Add(run); }
            var pause = TimeSpan.FromMilliseconds(PauseMs);
            new Thread(() => Play(run, pause)) { IsBackground = true }.Start();
            return run.Id;
        });
        return Task.FromResult(id);
    }

    private void Play(MemoryRun run, TimeSpan pause)
    {
        var journal = new Journal(this, run);
        try
        {
            var summary = new ScriptedRun(run.Plan, journal, pause, run.Stop.Token).Play();
            journal.Record(new RunEnded(RunState.Finished, null, summary));
        }
        catch (OperationCanceledException) { journal.Record(new RunEnded(RunState.Stopped, null, null)); }
        run.Ended.SetResult();
    }

    private void Happened(MemoryRun run, RunEvent e)
    {
        long first;
        lock (run)
        {
            first = run.Events.Count;
            run.Events.Add(e);
            var v = run.View; v.Began = true;
            switch (e)
            {
                case StageStarted s: v.Stage = s.Stage; v.StageStarted = DateTimeOffset.UtcNow; v.Progress = null; break;
                case ProgressReported p: v.Progress = p; break;
                case EvaluationFinished { Decoding: "greedy" } g: if (g.Stage == Stage.Baseline) { v.Before = g.Mean; } else { v.After = g.Mean; } break;
                case BudgetReported b: v.PerStep = b.Budget.CandidatesPerStep; v.Pairs = b.Budget.Pairs; break;
                case RunEnded end: v.End = end; break;
            }
        }
        Action<string, RunEvent?>[] all;
        lock (_subscribers) { all = [.. _subscribers]; }
        foreach (var s in all) { s(run.Id, e); }
        _ = Hub?.Clients.Group(run.Id).SendAsync("events", new { runId = run.Id, epoch = 1, first, events = new[] { e } });
    }

    public Task StopAsync(string runId, CancellationToken cancellationToken) { Get(runId)?.Stop.Cancel(); return Task.CompletedTask; }

    public IDisposable Subscribe(Action<string, RunEvent?> changed)
    {
        lock (_subscribers) { _subscribers.Add(changed); }
        return new Undo(() => { lock (_subscribers) { _subscribers.Remove(changed); } });
    }

    private sealed class Undo(Action action) : IDisposable { public void Dispose() => action(); }

    private sealed class Journal(MemoryBoard board, MemoryRun run) : IRunJournal
    {
        public void Record(RunFact fact) => board.Happened(run, fact);
        public void Sample(RunSample sample) => board.Happened(run, sample);
    }
}

internal sealed class MemoryHub(MemoryBoard board) : Hub
{
    public async Task<object> Watch(string runId)
    {
        await Groups.AddToGroupAsync(Context.ConnectionId, runId);
        var run = board.Get(runId)!;
        lock (run) { return new { epoch = 1, seq = run.Events.Count - 1, ended = run.View.End is not null, lastEventMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), events = run.Events.ToArray() }; }
    }

    public StepDecided[] Older(string runId, int task, int step, int count)
    {
        var run = board.Get(runId)!;
        lock (run) { return [.. run.Events.OfType<StepDecided>().Reverse().SkipWhile(s => s.Task != task || s.Step != step).Skip(1).Take(count)]; }
    }

    public CandidateScored[] Candidates(string runId, int task, int step)
    {
        var run = board.Get(runId)!;
        lock (run) { return [.. run.Events.OfType<CandidateScored>().Where(c => c.Task == task && c.Step == step)]; }
    }
}
