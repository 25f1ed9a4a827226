using System.CommandLine;
using System.Globalization;
using RroDashboard.Core.Plans;
using RroDashboard.Environments;
using RroDashboard.Training.Experiments;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.CommandLine;

/// <summary>Methods × seeds from a file, and a report. What is finished is kept and not run again.</summary>
internal sealed class ExperimentCommand(CommandConsole console, ITrainingRunner? runner)
{
    private readonly Argument<string> _file = new("FILE") { Description = "The experiment: a JSON file, for example src/RroDashboard.Training/experiments/minishop.json." };
    private readonly Option<string?> _data = new("--data") { Description = "Folder with the environment's data files, instead of the one that the file names; MiniShop needs none.", HelpName = "FOLDER" };
    private readonly Option<string?> _out = new("--out") { Description = "Folder of the results; a folder of its name within the data folder when left out.", HelpName = "FOLDER" };
    private readonly Option<long[]> _seeds = new("--seeds")
    {
        Description = "Only these of its seeds, so that several processes can share the work; the report covers all that are finished.",
        HelpName = "SEED",
        DefaultValueFactory = _ => [],
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<bool> _reportOnly = new("--report-only") { Description = "Runs nothing; reports what is finished." };
    private readonly Option<string?> _report = new("--report") { Description = "Writes the Markdown here too, with its charts beside it.", HelpName = "FILE" };
    private readonly Option<bool> _json = CommonOptions.Json();

    public Command Create()
    {
        var command = new Command("experiment", "Runs methods × seeds on equal tasks and reports what is signal and what is noise; goes on where it was broken off.") { _file, _data, _out, _seeds, _reportOnly, _report, _json };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        Experiment experiment;
        var file = parsed.GetRequiredValue(_file);
        try
        {
            experiment = Experiment.Read(file, parsed.GetValue(_data));
        }
        catch (ExperimentException e)
        {
            throw new RefusalException(e.Message);
        }

        if (runner is null || runner.WhyNot is not null)
        {
            throw new RefusalException(runner?.WhyNot ?? "This program was built without its training part.");
        }

        var wanted = parsed.GetRequiredValue(_seeds);
        if (wanted.Except(experiment.Seeds).FirstOrDefault(-1) is var unknown and >= 0)
        {
            throw new RefusalException($"Seed {unknown} is not one of the experiment's: {string.Join(", ", experiment.Seeds)}.");
        }

        var folder = Path.GetFullPath(parsed.GetValue(_out) ?? Path.Combine(DashboardOptions.DefaultDataFolder, "experiments", experiment.Name));
        DashboardOptions.PrepareFolder(folder, "The folder of results");
        try
        {
            var work = new ExperimentRunner(experiment, folder, TimeProvider.System, console.Error.WriteLine, cancellation);
            if (!parsed.GetValue(_reportOnly))
            {
                // A thread of its own: training blocks for as long as it takes.
                await Task.Factory.StartNew(() => work.Run(wanted.Length > 0 ? wanted : experiment.Seeds), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }

            var report = ExperimentReport.Of(experiment, work.Finished(), work.Baselines(), Groups(experiment));
            var prefix = "src/run.sh experiment " + Relative(file);
            await WriteAsync(report, Path.Combine(folder, "report.md"), prefix, "", cancellation);
            await File.WriteAllTextAsync(Path.Combine(folder, "report.json"), report.Json(), cancellation);
            if (parsed.GetValue(_report) is { } copy)
            {
                await WriteAsync(report, Path.GetFullPath(copy), prefix + " --report " + Relative(copy), Path.GetFileNameWithoutExtension(copy) + "-", cancellation);
            }

            await console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{report.Finished} of {report.Planned} cells are finished; the report is in {Path.Combine(folder, "report.md")}"));
            if (parsed.GetValue(_json))
            {
                await console.Output.WriteLineAsync(report.Json());
            }

            return 0;
        }
        catch (ExperimentException e)
        {
            throw new RefusalException(e.Message);
        }
        catch (OperationCanceledException)
        {
            await console.Error.WriteLineAsync("Stopped; the finished cells are kept.");
            return 1;
        }
    }

    private static async Task WriteAsync(ExperimentReport report, string path, string command, string prefix, CancellationToken cancellation)
    {
        await File.WriteAllTextAsync(path, report.Markdown(command, prefix), cancellation);
        foreach (var (name, svg) in report.Charts())
        {
            await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(path)!, prefix + name), svg, cancellation);
        }
    }

    // Tasks of one group are not independent; only the environment knows which belong together.
    private static Func<string, string> Groups(Experiment experiment)
    {
        using var environment = EnvironmentFactory.Create(experiment.SharedPlan(experiment.Seeds[0]).Environment);
        var groups = environment.Tasks(TaskSplit.Test).Concat(environment.Tasks(TaskSplit.Tuning)).ToDictionary(t => t.Id, t => t.Group, StringComparer.Ordinal);
        return id => groups.GetValueOrDefault(id, id);
    }

    // A report names no folders of the machine that it was made on.
    private static string Relative(string path) => Path.IsPathRooted(path) ? Path.GetRelativePath(Environment.CurrentDirectory, path) : path;
}
