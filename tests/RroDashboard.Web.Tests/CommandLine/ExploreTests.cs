using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Data;
using RroDashboard.Training.Tests.Endpoints;
using RroDashboard.Web.CommandLine;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.CommandLine;

/// <summary>The command against a real server that speaks the protocol, and a real database.</summary>
public sealed class ExploreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rro-explore-").FullName;
    private readonly CompletionServer _server = new();

    public void Dispose()
    {
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Explore_Endpoint_KeepsARunAndItsPairs()
    {
        var pairs = Path.Combine(_folder, "pairs.jsonl");
        var (code, output, error) = await RunAsync("--preset", "smoke", "--set", "Explore.Tasks=3", "--set", "Endpoint.InputPrice=1", "--pairs-out", pairs, "--json");

        Assert.Equal(0, code);
        using var json = JsonDocument.Parse(Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        var run = json.RootElement.GetProperty("run").GetString()!;
        var result = json.RootElement.GetProperty("result");
        Assert.Contains($"Run {run}", error, StringComparison.Ordinal);
        Assert.Equal(_server.Told.Read / 1e6, result.GetProperty("cost").GetDouble(), 9);
        var made = result.GetProperty("explore").GetProperty("pairs").GetInt32();
        Assert.True(made > 0);
        Assert.Equal(made, File.ReadLines(pairs).Select(TrlPair.Parse).Count());

        await using var services = Data();
        var kept = await services.GetRequiredService<RunQueries>().FindAsync(run, CancellationToken.None);
        Assert.Equal((RunState.Finished, made, _server.Told.Written), (kept!.State, kept.Budget!.Pairs, kept.Budget.TokensGenerated));
        Assert.Equal(_server.Url, kept.Plan.Endpoint.Url);
        Assert.Equal(3, (await services.GetRequiredService<RunQueries>().AllAsync<TaskFinished>(run, CancellationToken.None)).Count);
        // In the pages' own reading of pairs too, with the turns as words.
        var listed = await services.GetRequiredService<PairQueries>().AllAsync(run, CancellationToken.None).ToListAsync();
        Assert.All(listed, p => Assert.Equal("user", p.Pair.Words!.Prompt[^1].Role));

        // A model of our own can learn from them in the same environment; it brings its own weights.
        var queries = services.GetRequiredService<RunQueries>();
        var training = new PairSetTraining(services.GetRequiredService<PairSetStore>(), queries, new DashboardOptions { DataFolder = _folder });
        var plan = Presets.Create("smoke");
        plan.Dpo.PairsFrom = $"{run}@0";
        var given = await training.OpenAsync(plan, CancellationToken.None);
        Assert.Equal((made, (string?)null), (given!.Pairs.Count, given.CheckpointFolder));
        plan.Environment.MaxSteps = 7;
        Assert.Contains($"and '10' in run '{run}', where the pairs are from", (await Assert.ThrowsAsync<PlanException>(() => training.OpenAsync(plan, CancellationToken.None))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explore_ThenTheDashboard_ShowsWhoExploredAndWhatItCost()
    {
        var (_, output, _) = await RunAsync("--preset", "smoke", "--set", "Explore.Tasks=1", "--set", "Endpoint.OutputPrice=1000", "--json");
        using var json = JsonDocument.Parse(output);
        var run = json.RootElement.GetProperty("run").GetString();
        await using var dashboard = await LiveServer.StartAsync(_folder, new TrainingRunner(TimeProvider.System));
        using var client = await dashboard.SignInAsync();

        var page = await client.GetStringAsync(new Uri($"/runs/{run}", UriKind.Relative));
        var trained = await client.PostAsJsonAsync(new Uri($"/api/v1/runs/{run}/pair-sets/0/train", UriKind.Relative), new { });

        Assert.Contains($"tiny at {_server.Url}", page, StringComparison.Ordinal);
        Assert.Contains($"cost {_server.Told.Written / 1000.0:0.0000}", page, StringComparison.Ordinal);
        Assert.Contains("not with an endpoint", page, StringComparison.Ordinal);
        Assert.Contains("was explored by a model behind an endpoint", await trained.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explore_ServerThatDies_GoesOnWhereItWas()
    {
        _server.Trouble = n => n > 60 ? new Trouble(503, "closed", default) : null;
        string[] settings = ["--preset", "smoke", "--set", "Explore.Tasks=3", "--set", "Endpoint.AtOnce=2", "--set", "Endpoint.Attempts=1"];
        var (broken, _, why) = await RunAsync(settings);

        Assert.Equal(RroCommandLine.Refused, broken);
        Assert.Contains("it answered 503: closed. What was explored is kept: go on with --resume ", why, StringComparison.Ordinal);
        var run = why.Split("--resume ")[1].Trim().TrimEnd('.');
        await using (var services = Data())
        {
            Assert.Equal(RunState.Interrupted, (await services.GetRequiredService<RunQueries>().FindAsync(run, CancellationToken.None))!.State);
        }

        await using (var dashboard = await LiveServer.StartAsync(_folder, new TrainingRunner(TimeProvider.System)))
        {
            Assert.Contains("goes on by it: 'src/run.sh explore --resume RUN'", (await Assert.ThrowsAsync<RefusalException>(() => dashboard.Host.ResumeAsync(run, CancellationToken.None))).Message, StringComparison.Ordinal);
        }

        _server.Trouble = _ => null;
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(0, await RroCommandLine.RunAsync(["explore", "--resume", run, "--data-dir", _folder, "--json"], output, error).WaitAsync(TimeSpan.FromSeconds(60)));
        using var json = JsonDocument.Parse(output.ToString());
        Assert.Equal((run, 3), (json.RootElement.GetProperty("run").GetString(), json.RootElement.GetProperty("result").GetProperty("explore").GetProperty("tasks").GetInt32()));

        using var again = new StringWriter();
        Assert.Equal(RroCommandLine.Refused, await RroCommandLine.RunAsync(["explore", "--resume", run, "--data-dir", _folder], TextWriter.Null, again).WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Contains("is finished: only one that was broken off goes on", again.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explore_FolderOfAWorkingDashboard_IsRefused()
    {
        using var held = new DataFolderLock(_folder);
        held.Take();
        var (code, _, error) = await RunAsync("--preset", "smoke");
        Assert.Equal(RroCommandLine.Refused, code);
        Assert.Contains("is in use by another dashboard", error, StringComparison.Ordinal);
        Assert.Empty(_server.Asked);
    }

    private ServiceProvider Data() => new ServiceCollection().AddLogging().AddSingleton(TimeProvider.System).AddRroData(_folder).BuildServiceProvider();

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await RroCommandLine.RunAsync(["explore", "--endpoint", _server.Url, "--model", "tiny", "--data-dir", _folder, .. args], output, error).WaitAsync(TimeSpan.FromSeconds(60));
        return (code, output.ToString(), error.ToString());
    }
}
