using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using RroDashboard.Core.Plans;
using RroDashboard.Web;
using RroDashboard.Web.Components;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Navigation;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>The real server on a free port; its runs are scripted.</summary>
internal sealed class DashboardUnderTest(bool startDemo = false) : IAsyncDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"rro-e2e-{Guid.NewGuid():N}");
    private readonly ScriptedBoard _board = new();
    private RroWebApplication? _server;

    public string Url => _server!.Url;

    public async Task StartAsync()
    {
        _server = new RroWebApplication(
            new DashboardOptions { Url = "http://127.0.0.1:0", DataFolder = _folder, StartDemo = startDemo },
            services =>
            {
                services.AddSingleton<IRunBoard>(_board);
                services.AddSingleton(_board);
                services.AddSignalR().AddJsonProtocol(json => json.PayloadSerializerOptions.Converters.Add(new JsonStringEnumConverter()));
            });
        _server.App.MapHub<ScriptedHub>(RroUrls.RunHub);
        await _server.StartAsync().WaitAsync(TimeSpan.FromSeconds(60));
        _board.Hub = _server.App.Services.GetRequiredService<IHubContext<ScriptedHub>>();
    }

    public string CreateSignInLink() => _server!.CreateSignInLink();

    /// <summary>Starts a run that pauses between its updates, so that a browser can follow it.</summary>
    public Task<string> EnqueueAsync(int tasks, int pauseMs)
    {
        var plan = Presets.Create("demo");
        plan.Explore.Tasks = tasks;
        _board.PauseMs = pauseMs;
        return _board.EnqueueAsync(plan, Guid.NewGuid().ToString("N"), CancellationToken.None);
    }

    public Task WaitForEndAsync(string run) => _board.EndOf(run).WaitAsync(TimeSpan.FromSeconds(90));

    public async Task<int> CountRunsAsync() => (await _board.ListAsync(0, 1, CancellationToken.None)).Total;

    public async ValueTask DisposeAsync()
    {
        await _board.DisposeAsync();
        await _server!.App.StopAsync().WaitAsync(TimeSpan.FromSeconds(30));
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
