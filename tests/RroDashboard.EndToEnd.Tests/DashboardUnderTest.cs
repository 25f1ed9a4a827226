using Microsoft.Extensions.DependencyInjection;
using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Web;
using RroDashboard.Web.Components;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>The real server on a free port: real database, journal, hub and host. Its runs are scripted unless they are asked to be real.</summary>
internal sealed class DashboardUnderTest(bool startDemo = false, bool realTraining = false, string? folder = null, ITrainingRunner? runner = null) : IAsyncDisposable
{
    private readonly string _folder = folder ?? Path.Combine(Path.GetTempPath(), $"rro-e2e-{Guid.NewGuid():N}");
    private readonly ScriptedRunner _scripted = new();
    private RroWebApplication? _server;

    public string Url => _server!.Url;

    public ShiftedClock Clock { get; } = new();

    public T Get<T>()
        where T : notnull => _server!.App.Services.GetRequiredService<T>();

    private IRunBoard Board => _server!.App.Services.GetRequiredService<IRunBoard>();

    public async Task StartAsync(string url = "http://127.0.0.1:0")
    {
        _server = new RroWebApplication(
            new DashboardOptions { Url = url, DataFolder = _folder, StartDemo = startDemo },
            services =>
            {
                services.AddSingleton<TimeProvider>(Clock);
                services.AddHttpContextAccessor().AddTransient<Microsoft.AspNetCore.Authentication.IClaimsTransformation, Web.Tests.TestPeople>();
                if (!realTraining)
                {
                    services.AddSingleton(runner ?? _scripted);
                }
            });
        await _server.StartAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }

    public string CreateSignInLink() => _server!.CreateSignInLink();

    /// <summary>Starts a run that pauses between its updates, so that a browser can follow it.</summary>
    public Task<string> EnqueueAsync(int tasks, int pauseMs)
    {
        var plan = Presets.Create("demo");
        plan.Explore.Tasks = tasks;
        _scripted.Pause = TimeSpan.FromMilliseconds(pauseMs);
        return EnqueueAsync(plan);
    }

    public async Task<string> EnqueueAsync(RunPlan plan) => (await Board.EnqueueAsync(plan, Guid.NewGuid().ToString("N"), CancellationToken.None)).Id;

    /// <summary>Gives a run a name, as a person would.</summary>
    public Task NameAsync(string run, string name) => _server!.App.Services.GetRequiredService<Data.RunKeeper>().DescribeAsync(run, name, "", "", CancellationToken.None);

    /// <summary>Ends a run that no test needs any longer.</summary>
    public async Task StopRunAsync(string run)
    {
        await Board.StopAsync(run, CancellationToken.None);
        await WaitForEndAsync(run);
    }

    /// <summary>A run whose facts the test writes itself, through the real journal; nothing trains it.</summary>
    public async Task<string> WriteRunAsync(RunPlan plan, Action<IRunJournal> write)
    {
        var services = _server!.App.Services;
        var (run, _) = await services.GetRequiredService<RunStore>().CreateAsync(plan, Guid.NewGuid().ToString("N"), CancellationToken.None);
        await AddFactsAsync(run, write);
        return run;
    }

    /// <summary>More facts of such a run; returns when they can be seen.</summary>
    public async Task AddFactsAsync(string run, Action<IRunJournal> write)
    {
        var writer = _server!.App.Services.GetRequiredService<JournalWriter>();
        write(writer.Open(run));
        await writer.FlushAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async Task WaitForEndAsync(string run)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while ((await Board.FindAsync(run, CancellationToken.None))!.State is RunState.Queued or RunState.Running)
        {
            if (watch.Elapsed > TimeSpan.FromSeconds(240))
            {
                throw new TimeoutException($"Run {run} did not end.");
            }

            await Task.Delay(50);
        }
    }

    public async Task<int> CountRunsAsync() => (await Board.ListAsync(0, 1, CancellationToken.None)).Total;

    /// <summary>Stops the server; the data stay for another one.</summary>
    public async Task StopAsync()
    {
        await _server!.App.StopAsync().WaitAsync(TimeSpan.FromSeconds(60));
        await _server.DisposeAsync();
        _server = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await StopAsync();
        }

        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        if (folder is null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <summary>The system's clock, ahead by as much as a test says: nobody waits ten minutes.</summary>
    public sealed class ShiftedClock : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
    }

    private sealed class ScriptedRunner : ITrainingRunner
    {
        public TimeSpan Pause { get; set; } = TimeSpan.FromMilliseconds(5);

        public string? WhyNot => null;

        public RunSummary Run(RunPlan plan, string runFolder, IRunJournal journal, CancellationToken cancellationToken, RunPast? past = null) =>
            new ScriptedRun(plan, journal, Pause, cancellationToken).Play();
    }
}
