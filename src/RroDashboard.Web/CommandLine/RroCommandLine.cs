using System.CommandLine;
using RroDashboard.Core.Plans;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.CommandLine;

/// <summary>The commands. A refusal is one sentence on the error stream and exit code 2, never a stack trace.</summary>
public static class RroCommandLine
{
    /// <summary>Exit code of a refused request.</summary>
    public const int Refused = 2;

    /// <summary>Runs a command.</summary>
    /// <param name="args">As typed.</param>
    /// <param name="output">Where results go; the console when null.</param>
    /// <param name="error">Where everything else goes; the console when null.</param>
    /// <param name="runner">What trains; null when this build cannot.</param>
    /// <param name="benchmarks">What <c>bench</c> can run.</param>
    /// <returns>0 when it did what was asked, 1 when it failed, 2 when it was refused.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, TextWriter? output = null, TextWriter? error = null, ITrainingRunner? runner = null, IReadOnlyList<Benchmark>? benchmarks = null)
    {
        var console = new CommandConsole(output ?? Console.Out, error ?? Console.Error, output is null && !Console.IsErrorRedirected);
        var serve = new ServeCommand(console);
        var root = new RootCommand("RroDashboard trains LLM agents by Reward Rising Optimization and shows it live. Without a command it serves the dashboard.")
        {
            serve.Create(),
            new TrainCommand(console, runner).Create(),
            new ExperimentCommand(console, runner).Create(),
            new EvaluateCommand(console).Create(),
            new ExploreCommand(console).Create(),
            new BenchCommand(console, benchmarks ?? []).Create(),
            new DoctorCommand(console, runner).Create(),
            new LinkCommand(console).Create(),
            new BackupCommand(console).Create(),
            new RestoreCommand(console, TimeProvider.System).Create(),
            new ExportCommand(console).Create(),
            new ImportCommand(console).Create(),
        };
        serve.AddTo(root);

        var parsed = root.Parse([.. args]);
        if (parsed.Errors.Count > 0)
        {
            await console.Error.WriteLineAsync($"{parsed.Errors[0].Message} See --help.");
            return Refused;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                Output = console.Output,
                Error = console.Error,
                EnableDefaultExceptionHandler = false,
            });
        }
        catch (Exception e) when (e is RefusalException or PlanException)
        {
            await console.Error.WriteLineAsync(e.Message);
            return Refused;
        }
        catch (OperationCanceledException)
        {
            await console.Error.WriteLineAsync("Stopped.");
            return 1;
        }
    }
}

/// <summary>Where a command writes.</summary>
/// <param name="Output">Results only: what a script reads.</param>
/// <param name="Error">Everything for people.</param>
/// <param name="Interactive">The error stream is a terminal, so progress can be drawn.</param>
public sealed record CommandConsole(TextWriter Output, TextWriter Error, bool Interactive);
