using System.CommandLine;
using System.Text.Json;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.CommandLine;

/// <summary>A benchmark that <c>bench</c> can run.</summary>
/// <param name="Name">What people type.</param>
/// <param name="Meaning">One sentence.</param>
/// <param name="RunAsync">Measures; the result is written as JSON.</param>
public sealed record Benchmark(string Name, string Meaning, Func<CancellationToken, Task<object>> RunAsync);

/// <summary>A result that knows what was promised: <c>bench</c> exits with 1 when it was not kept.</summary>
public interface IBenchmarkVerdict
{
    /// <summary>Every promise was kept.</summary>
    bool WithinBudget { get; }
}

/// <summary>Runs a benchmark by name.</summary>
internal sealed class BenchCommand(CommandConsole console, IReadOnlyList<Benchmark> benchmarks)
{
    private readonly Argument<string> _name = new("NAME");
    private readonly Option<bool> _json = CommonOptions.Json();

    public Command Create()
    {
        _name.Description = "Which: " + Names;
        var command = new Command("bench", "Runs a benchmark and ends with one line of JSON.") { _name, _json };
        command.SetAction(RunAsync);
        return command;
    }

    private string Names => benchmarks.Count == 0 ? "none in this build" : string.Join(", ", benchmarks.Select(b => b.Name));

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var name = parsed.GetRequiredValue(_name);
        var benchmark = benchmarks.FirstOrDefault(b => b.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new RefusalException($"There is no benchmark '{name}'. Benchmarks are: {Names}.");
        if (!parsed.GetValue(_json))
        {
            await console.Error.WriteLineAsync(benchmark.Meaning);
        }

        var result = await benchmark.RunAsync(cancellation);
        await console.Output.WriteLineAsync(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
        return result is IBenchmarkVerdict { WithinBudget: false } ? 1 : 0;
    }
}
