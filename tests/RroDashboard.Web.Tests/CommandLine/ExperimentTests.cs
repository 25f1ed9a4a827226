using System.Text.Json;
using RroDashboard.Web.CommandLine;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.Tests.CommandLine;

public sealed class ExperimentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rro-experiment-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Experiment_BadFile_IsOneSentenceAndCodeTwo()
    {
        var (code, output, error) = await RunAsync("""{ "name": "x", "seeds": [1], "methods": [{ "method": "best" }] }""");

        Assert.Equal((RroCommandLine.Refused, ""), (code, output));
        Assert.Contains("There is no method 'best'", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    // Real training, as small as it gets: one seed, two methods.
    [Fact]
    public async Task Experiment_SmallFile_WritesTheReportAndPrintsOneLineOfJson()
    {
        const string File = """
            {
              "name": "small", "preset": "smoke", "seeds": [1], "baseline": "fixed-3",
              "settings": { "Sft.Updates": 20, "Evaluate.Tasks": 4, "Explore.Tasks": 2, "Guard.Every": 0 },
              "methods": [{ "method": "fixed-3" }, { "method": "sft" }]
            }
            """;
        var report = Path.Combine(_folder, "RESULTS.md");

        var (code, output, error) = await RunAsync(File, "--json", "--report", report);
        var (again, _, second) = await RunAsync(File, "--report-only", "--data", _folder);

        Assert.Equal((0, 0), (code, again));
        using var json = JsonDocument.Parse(Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal(2, json.RootElement.GetProperty("finished").GetInt32());
        Assert.Contains("1 of 2: fixed-3, seed 1", error, StringComparison.Ordinal);
        Assert.DoesNotContain("of 2:", second, StringComparison.Ordinal);
        Assert.Contains("| sft | 1 |", await System.IO.File.ReadAllTextAsync(report), StringComparison.Ordinal);
        Assert.True(System.IO.File.Exists(Path.Combine(_folder, "RESULTS-differences.svg")));
        Assert.True(System.IO.File.Exists(Path.Combine(_folder, "out", "report.json")));
        // The command that makes it names the data, and not where they are here.
        var remade = await System.IO.File.ReadAllTextAsync(Path.Combine(_folder, "out", "report.md"));
        Assert.Contains("experiment.txt --data FOLDER`. 2 of 2 cells", remade, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(string json, params string[] more)
    {
        var file = Path.Combine(_folder, "experiment.txt");
        await System.IO.File.WriteAllTextAsync(file, json);
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await RroCommandLine.RunAsync(["experiment", file, "--out", Path.Combine(_folder, "out"), .. more], output, error, new TrainingRunner(TimeProvider.System)).WaitAsync(TimeSpan.FromMinutes(3));
        return (code, output.ToString(), error.ToString());
    }
}
