using System.CommandLine;
using System.Text.Json;
using RroDashboard.Core;
using RroDashboard.Core.Plans;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.CommandLine;

/// <summary>A run without a browser: progress for people on the error stream, the result on the output.</summary>
internal sealed class TrainCommand(CommandConsole console, ITrainingRunner? runner)
{
    private readonly Option<string> _preset = new("--preset") { Description = $"Where the plan starts from: {string.Join(", ", Presets.All.Select(p => p.Name))}.", DefaultValueFactory = _ => "demo", HelpName = "NAME" };
    private readonly Option<long?> _seed = new("--seed") { Description = "Seed of the run; that of the preset when left out.", HelpName = "NUMBER" };
    private readonly Option<string?> _method = new("--method") { Description = $"A method by name, which sets what defines it: {string.Join(", ", Methods.All.Select(m => m.Name))}.", HelpName = "NAME" };
    private readonly Option<string[]> _set = new("--set")
    {
        Description = "A setting, as Path=Value, for example Explore.MaxCandidates=5; may be given many times.",
        HelpName = "PATH=VALUE",
        DefaultValueFactory = _ => [],
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string?> _device = new("--device") { Description = "What the model is computed on, short for --set Model.Device=: cpu, cuda, or cuda:N.", HelpName = "DEVICE" };
    private readonly Option<string?> _data = new("--data") { Description = "Folder with the environment's data files; MiniShop needs none.", HelpName = "FOLDER" };
    private readonly Option<string?> _out = new("--out") { Description = "Folder for the checkpoints; a temporary one that is removed at the end when left out.", HelpName = "FOLDER" };
    private readonly Option<bool> _json = CommonOptions.Json();

    public Command Create()
    {
        var command = new Command("train", "Trains without a browser and ends with one line of JSON.") { _preset, _seed, _method, _set, _device, _data, _out, _json };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string[] device = parsed.GetValue(_device) is { } name ? [$"{nameof(RunPlan.Model)}.{nameof(ModelOptions.Device)}={name}"] : [];
        var plan = PlanArguments.Read(parsed.GetRequiredValue(_preset), parsed.GetValue(_seed), [.. parsed.GetRequiredValue(_set), .. device], parsed.GetValue(_data), parsed.GetValue(_method));
        if (plan.Guard.OnCollapse == OnCollapse.Pause)
        {
            throw new RefusalException("Guard.OnCollapse = Pause waits for a person at a dashboard, and this command has none: Warn, StopEarly or RollBack are allowed.");
        }

        if (runner is null || runner.WhyNot is not null)
        {
            throw new RefusalException(runner?.WhyNot ?? "This program was built without its training part.");
        }

        if (Training.ComputeDevice.WhyNot(plan.Model.Device) is { } missing)
        {
            throw new RefusalException(missing);
        }

        var keep = parsed.GetValue(_out);
        var folder = Path.GetFullPath(keep ?? Path.Combine(Path.GetTempPath(), $"rro-train-{Guid.NewGuid():N}"));
        DashboardOptions.PrepareFolder(folder, "The folder of checkpoints");
        try
        {
            var journal = new TerminalJournal(console);
            // A thread of its own: training blocks for as long as it takes.
            var summary = await journal.ShowAsync(() => Task.Factory.StartNew(
                () => runner.Run(plan, folder, journal, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default));
            if (!parsed.GetValue(_json))
            {
                await WriteAsync(summary);
            }

            await console.Output.WriteLineAsync(JsonSerializer.Serialize(summary, JsonSerializerOptions.Web));
            return 0;
        }
        finally
        {
            if (keep is null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private Task WriteAsync(RunSummary summary) => console.Error.WriteLineAsync(string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"Held-out greedy reward {summary.Sft.Greedy:0.000} -> {summary.Final.Greedy:0.000}, {summary.Explore.CandidatesPerStep:0.00} candidates per step, {summary.Seconds.Total:0.0} s."));
}
