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
        var file = parsed.GetRequiredValue(_file);
        if (LabelExperiment.IsOne(file))
        {
            return await RunLabelsAsync(file, parsed, cancellation);
        }

        Experiment experiment;
        try
        {
            experiment = Experiment.Read(file, parsed.GetValue(_data));
        }
        catch (ExperimentException e)
        {
            throw new RefusalException(e.Message);
        }

        var wanted = Seeds(parsed, experiment.Seeds);
        var folder = Folder(parsed, experiment.Name);
        try
        {
            var work = new ExperimentRunner(experiment, folder, TimeProvider.System, console.Error.WriteLine, cancellation);
            if (!parsed.GetValue(_reportOnly))
            {
                // A thread of its own: training blocks for as long as it takes.
                await Task.Factory.StartNew(() => work.Run(wanted), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }

            var report = ExperimentReport.Of(experiment, work.Finished(), work.Baselines(), Groups(experiment.SharedPlan(experiment.Seeds[0])));
            return await ReportAsync(parsed, file, folder, (report.Finished, report.Planned), report.Markdown, report.Charts(), report.Json(), cancellation);
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

    private async Task<int> RunLabelsAsync(string file, ParseResult parsed, CancellationToken cancellation)
    {
        try
        {
            if (parsed.GetValue(_data) is not null)
            {
                throw new RefusalException($"--data is not for '{file}': an experiment on labels names its environment's data in its settings (Environment.DataFolder).");
            }

            var experiment = LabelExperiment.Read(file);
            var wanted = Seeds(parsed, experiment.Seeds);
            var folder = Folder(parsed, experiment.Name);
            var work = new LabelRunner(experiment, folder, TimeProvider.System, console.Error.WriteLine, cancellation);
            if (!parsed.GetValue(_reportOnly))
            {
                await Task.Factory.StartNew(() => work.Run(wanted), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }

            var report = LabelReport.Of(experiment, work.Finished(), work.Labels(), Groups(experiment.Plan(experiment.Seeds[0])));
            return await ReportAsync(parsed, file, folder, (report.Finished, report.Planned), report.Markdown, report.Charts(), report.Json(), cancellation);
        }
        catch (ExperimentException e)
        {
            throw new RefusalException(e.Message);
        }
        catch (OperationCanceledException)
        {
            await console.Error.WriteLineAsync("Stopped; what is finished is kept.");
            return 1;
        }
    }

    private IReadOnlyList<long> Seeds(ParseResult parsed, IReadOnlyList<long> all)
    {
        if (runner is null || runner.WhyNot is not null)
        {
            throw new RefusalException(runner?.WhyNot ?? "This program was built without its training part.");
        }

        var wanted = parsed.GetRequiredValue(_seeds);
        if (wanted.Except(all).FirstOrDefault(-1) is var unknown and >= 0)
        {
            throw new RefusalException($"Seed {unknown} is not one of the experiment's: {string.Join(", ", all)}.");
        }

        return wanted.Length > 0 ? wanted : all;
    }

    private string Folder(ParseResult parsed, string name)
    {
        var folder = Path.GetFullPath(parsed.GetValue(_out) ?? Path.Combine(DashboardOptions.DefaultDataFolder, "experiments", name));
        DashboardOptions.PrepareFolder(folder, "The folder of results");
        return folder;
    }

    private async Task<int> ReportAsync(
        ParseResult parsed, string file, string folder, (int Finished, int Planned) cells, Func<string, string, string> markdown, IReadOnlyList<(string Name, string Svg)> charts, string json,
        CancellationToken cancellation)
    {
        var command = "src/run.sh experiment " + Relative(file) + (parsed.GetValue(_data) is null ? "" : " --data FOLDER");
        await WriteAsync(Path.Combine(folder, "report.md"), command, "");
        await File.WriteAllTextAsync(Path.Combine(folder, "report.json"), json, cancellation);
        if (parsed.GetValue(_report) is { } copy)
        {
            await WriteAsync(Path.GetFullPath(copy), command + " --report " + Relative(copy), Path.GetFileNameWithoutExtension(copy) + "-");
        }

        await console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{cells.Finished} of {cells.Planned} cells are finished; the report is in {Path.Combine(folder, "report.md")}"));
        if (parsed.GetValue(_json))
        {
            await console.Output.WriteLineAsync(json);
        }

        return 0;

        async Task WriteAsync(string path, string made, string prefix)
        {
            await File.WriteAllTextAsync(path, markdown(made, prefix), cancellation);
            foreach (var (name, svg) in charts)
            {
                await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(path)!, prefix + name), svg, cancellation);
            }
        }
    }

    // Tasks of one group are not independent; only the environment knows which belong together.
    private static Func<string, string> Groups(RunPlan plan)
    {
        using var environment = EnvironmentFactory.Create(plan.Environment);
        var groups = environment.Tasks(TaskSplit.Test).Concat(environment.Tasks(TaskSplit.Tuning)).ToDictionary(t => t.Id, t => t.Group, StringComparer.Ordinal);
        return id => groups.GetValueOrDefault(id, id);
    }

    // A report names no folders of the machine that it was made on.
    private static string Relative(string path) => Path.IsPathRooted(path) ? Path.GetRelativePath(Environment.CurrentDirectory, path) : path;
}
