using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Data;
using RroDashboard.Training.Endpoints;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.CommandLine;

/// <summary>
/// Exploration by a model that another server runs, kept as a run in the data folder: the pages show it like any other, and its pairs are exported.
/// No tensor engine is needed.
/// </summary>
internal sealed class ExploreCommand(CommandConsole console)
{
    private const string Mask = $"{nameof(RunPlan.Environment)}.{nameof(EnvironmentOptions.ActionMask)}=false";

    private readonly Option<string?> _endpoint = new("--endpoint") { Description = CommonOptions.EndpointMeans, HelpName = "URL" };
    private readonly Option<string?> _model = new("--model") { Description = "Name of the model there.", HelpName = "NAME" };
    private readonly Option<string> _preset = new("--preset") { Description = $"Environment and exploration: {string.Join(", ", Presets.All.Select(p => p.Name))}.", DefaultValueFactory = _ => "demo", HelpName = "NAME" };
    private readonly Option<long?> _seed = new("--seed") { Description = "Seed of the run; that of the preset when left out.", HelpName = "NUMBER" };
    private readonly Option<string?> _method = new("--method") { Description = $"How it explores: {string.Join(", ", ExplorationMethods.All.Select(m => m.Name))}.", HelpName = "NAME" };
    private readonly Option<string[]> _set = new("--set")
    {
        Description = "A setting, as Path=Value, for example Explore.Tasks=50, Endpoint.PerMinute=60, Endpoint.InputPrice=0.15; may be given many times.",
        HelpName = "PATH=VALUE",
        DefaultValueFactory = _ => [],
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string?> _data = new("--data") { Description = "Folder with the environment's data files; MiniShop needs none.", HelpName = "FOLDER" };
    private readonly Option<string> _dataFolder = CommonOptions.DataFolder();
    private readonly Option<string?> _pairs = new("--pairs-out") { Description = "File for the pairs when it is done: TRL's JSON lines, with token ids where the server gave them.", HelpName = "FILE" };
    private readonly Option<string?> _resume = new("--resume") { Description = "Go on with an exploration that was broken off, by its run's id: with its settings, from its finished walks.", HelpName = "RUN" };
    private readonly Option<bool> _json = CommonOptions.Json();

    public Command Create()
    {
        var command = new Command("explore", "Explores with a model behind an OpenAI-compatible server, keeps it as a run, and ends with one line of JSON: candidates, rollouts, pairs, tokens, cost.")
        {
            _endpoint, _model, _preset, _seed, _method, _set, _data, _dataFolder, _pairs, _resume, _json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var resume = parsed.GetValue(_resume);
        var plan = resume is null ? Plan(parsed) : null;
        await using var services = await OpenAsync(parsed.GetRequiredValue(_dataFolder), cancellation);
        var writer = services.GetRequiredService<JournalWriter>();
        await writer.StartAsync(cancellation);
        try
        {
            var (id, kept, past) = resume is null
                ? ((await services.GetRequiredService<RunStore>().CreateAsync(plan!, $"explore-{Guid.NewGuid():N}", cancellation)).Id, plan!, null)
                : await ReopenAsync(services, writer, resume, cancellation);
            await console.Error.WriteLineAsync($"Run {id}");
            var result = await ExploreAsync(writer, id, kept, past, cancellation);
            // The end is committed before it is told.
            await writer.FlushAsync(CancellationToken.None);
            if (parsed.GetValue(_pairs) is { } file)
            {
                await WritePairsAsync(services.GetRequiredService<PairQueries>(), id, Path.GetFullPath(file), cancellation);
            }

            if (!parsed.GetValue(_json))
            {
                await console.Output.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{result.Explore.Tasks} tasks: {result.Explore.Candidates} candidates at {result.Explore.Steps} steps, {result.Explore.Rollouts} rollouts, {result.Explore.Pairs} pairs, walks earned {result.WalkReward:0.000}; {result.Requests} requests, {result.Retries} of them again; {result.Explore.TokensPrefilled} tokens read, {result.Explore.TokensGenerated} written; cost {result.Cost:0.0000}"));
            }

            await console.Output.WriteLineAsync(JsonSerializer.Serialize(new { Run = id, Result = result }, JsonSerializerOptions.Web));
            return 0;
        }
        finally
        {
            await writer.StopAsync(CancellationToken.None);
        }
    }

    private RunPlan Plan(ParseResult parsed)
    {
        if (parsed.GetValue(_endpoint) is not { } url || parsed.GetValue(_model) is not { } model)
        {
            throw new RefusalException("Name the endpoint and its model with --endpoint URL --model NAME, or a run to go on with by --resume RUN.");
        }

        // A preset may mask actions, which an endpoint does not let us do; who asks for it nevertheless is told.
        string[] settings = [Mask, $"Endpoint.Url={url}", $"Endpoint.Model={model}", .. parsed.GetRequiredValue(_set)];
        var plan = PlanArguments.Read(parsed.GetRequiredValue(_preset), parsed.GetValue(_seed), settings, parsed.GetValue(_data), parsed.GetValue(_method), endpoint: true);
        return plan.Endpoint.Url.Length > 0 ? plan : throw new RefusalException("--endpoint is empty: write it as http://HOST:PORT/v1.");
    }

    // The folder is ours alone while we work: a dashboard there would number events twice.
    private static async Task<ServiceProvider> OpenAsync(string folder, CancellationToken cancellation)
    {
        var options = new DashboardOptions { DataFolder = Path.GetFullPath(folder) };
        options.PrepareDataFolder();
        var provider = new ServiceCollection().AddLogging().AddSingleton(options).AddSingleton(TimeProvider.System).AddRroData(options.DataFolder).BuildServiceProvider();
        try
        {
            await provider.MigrateRroDataAsync(cancellation);
            return provider;
        }
        catch (DataFolderInUseException e)
        {
            await provider.DisposeAsync();
            throw new RefusalException($"{e.Message} An exploration in another folder (--data-dir) comes over with 'export' and 'import'.");
        }
    }

    private static async Task<(string Id, RunPlan Plan, RunPast? Past)> ReopenAsync(ServiceProvider services, JournalWriter writer, string id, CancellationToken cancellation)
    {
        var queries = services.GetRequiredService<ResumeQueries>();
        var (run, past) = await queries.ReadAsync(id, cancellation) ?? throw new RefusalException($"There is no run '{id}'.");
        if (run.Plan.Endpoint.Url.Length == 0 || run.ImportedUtc is not null)
        {
            throw new RefusalException($"Run '{id}' is no exploration by an endpoint that was begun here: 'explore' goes on with those only.");
        }

        if (run.State is RunState.Running or RunState.Queued)
        {
            // Nobody else has the folder, so whoever worked on it is gone.
            writer.Open(id).Record(new RunEnded(RunState.Interrupted, "The program ended while the exploration went on.", null));
            await writer.FlushAsync(cancellation);
        }
        else if (run.State is not (RunState.Stopped or RunState.Interrupted))
        {
            throw new RefusalException($"Run '{id}' is {run.State.ToString().ToLowerInvariant()}: only one that was broken off goes on.");
        }

        return await services.GetRequiredService<RunStore>().ReopenAsync(id, cancellation)
            ? (id, run.Plan, past)
            : throw new RefusalException($"Run '{id}' has changed meanwhile: look at it again.");
    }

    private async Task<EndpointExploration> ExploreAsync(JournalWriter writer, string id, RunPlan plan, RunPast? past, CancellationToken cancellation)
    {
        var committed = writer.Open(id);
        var terminal = new TerminalJournal(console);
        var journal = new BothJournals(new ClockJournal(committed, TimeProvider.System), terminal);
        try
        {
            using var endpoint = new ChatEndpoint(EndpointOptions.Of(plan.Endpoint, Environment.GetEnvironmentVariable(CommonOptions.EndpointKey) ?? ""), TimeProvider.System);
            // A thread of its own: it waits for answers all the time.
            var result = await terminal.ShowAsync(() => Task.Factory.StartNew(
                () => EndpointRun.Run(plan, endpoint, journal, TimeProvider.System, past, cancellation), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
            committed.Record(new RunEnded(RunState.Finished, null, null));
            return result;
        }
        catch (EndpointException e)
        {
            committed.Record(new RunEnded(RunState.Interrupted, e.Message, null));
            throw new RefusalException($"{e.Message} What was explored is kept: go on with --resume {id}.");
        }
        catch (ResumeException e)
        {
            committed.Record(new RunEnded(RunState.Interrupted, e.Message, null));
            throw new RefusalException(e.Message);
        }
        catch (OperationCanceledException)
        {
            committed.Record(new RunEnded(RunState.Stopped, null, null));
            throw;
        }
        catch (Exception e)
        {
            committed.Record(new RunEnded(RunState.Failed, e.Message, null));
            throw;
        }
    }

    private async Task WritePairsAsync(PairQueries pairs, string id, string path, CancellationToken cancellation)
    {
        var count = 0;
        try
        {
            await using var file = new StreamWriter(new FileStream(path, FileMode.Create, FileAccess.Write), new UTF8Encoding(false));
            await foreach (var created in pairs.AllAsync(id, cancellation))
            {
                await file.WriteAsync(TrlLines.Of(created.Pair, Vocabularies.MarkersOf(created.Pair.HistoryTokens), exact: true) + "\n");
                count++;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RefusalException($"'{path}' cannot be written ({e.Message.TrimEnd('.')}); the pairs are kept with run {id}.");
        }

        await console.Error.WriteLineAsync($"{path}: {count} pairs");
    }

    // Kept and shown: what is kept comes first.
    private sealed class BothJournals(IRunJournal kept, IRunJournal shown) : IRunJournal
    {
        public void Record(RunFact fact)
        {
            kept.Record(fact);
            shown.Record(fact);
        }

        public void Sample(RunSample sample)
        {
            kept.Sample(sample);
            shown.Sample(sample);
        }
    }
}
