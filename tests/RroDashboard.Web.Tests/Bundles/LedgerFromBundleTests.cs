using System.IO.Compression;
using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Web.Bundles;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Bundles;

public sealed class LedgerFromBundleTests
{
    // Who has nothing but the file of a run can decide every step again: estimates, rule, seed and the policy's hash are all in it.
    [Fact]
    public async Task Export_RealRun_EveryAcceptanceIsDecidedAgainFromItsFiles()
    {
        await using var server = await LiveServer.StartAsync(Directory.CreateTempSubdirectory("rro-ledger-").FullName, new TrainingRunner(TimeProvider.System), ownsFolder: true);
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan, ["Sft.Updates=60", "Evaluate.Tasks=4", "Dpo.Updates=2", "Guard.Every=0", "Dpo.MarginChecks=0"]);
        var run = (await server.Host.EnqueueAsync(plan, "one", default)).Id;
        var ended = await server.WaitForEndAsync(run);
        await server.FlushAsync();
        using var file = new MemoryStream();

        await server.Get<BundleExport>().WriteAsync(run, file, default);

        using var zip = new ZipArchive(file, ZipArchiveMode.Read);
        var events = Lines(zip, "events.jsonl").ConvertAll(l => l.RootElement.GetProperty("event").Deserialize<RunEvent>(RunJson.Options)!);
        // As it is hashed, with the names of the program.
        var ledger = Lines(zip, "ledger.jsonl").ConvertAll(l => (RunFact)l.RootElement.Deserialize<RunEvent>()!);
        var started = events.OfType<RunStarted>().Single();
        var check = LedgerCheck.Of([started, .. ledger], events.OfType<BudgetReported>().LastOrDefault()?.Budget ?? (await server.Queries.FindAsync(run, default))!.Budget);

        Assert.Equal(RunState.Finished, ended.State);
        Assert.Empty(check.Mismatches);
        Assert.Equal(ledger.OfType<StepDecided>().Count(), check.Steps);
        Assert.True(check.Steps > 0);
        Assert.Equal(ledger.OfType<CandidateScored>().Count(), check.AccountSums.Values.Sum());
        Assert.Equal("0", started.Settings["Seed"]);
        Assert.Equal(
            events.OfType<CheckpointSaved>().Single(c => c.Stage == Stage.Sft).Sha256,
            events.OfType<ExplorationStarted>().Single().PolicySha256);
        // And it would be told if one were not what the rule gives.
        var (other, told) = (ledger.OfType<StepDecided>().First(s => s.Verdict == StepVerdict.Rose), new List<RunFact>(ledger));
        told[told.IndexOf(other)] = other with { Verdict = StepVerdict.KeptBest };
        Assert.NotEmpty(LedgerCheck.Of([started, .. told]).Mismatches);
    }

    private static List<JsonDocument> Lines(ZipArchive zip, string name)
    {
        using var reader = new StreamReader(zip.GetEntry(name)!.Open());
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l))];
    }
}
