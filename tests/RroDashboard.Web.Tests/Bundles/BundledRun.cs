using System.Security.Cryptography;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Bundles;

/// <summary>A run that says a little of everything, hostile texts included, and has a checkpoint on disk.</summary>
internal static class BundledRun
{
    public const string Hostile = "<b>mug</b> \"=cmd\" \u202Eturned \0 \u001B[31m, \\n";

    private static readonly byte[] Weights = [1, 2, 3, 250, 0, 9];

    public static void Play(IRunJournal journal, CancellationToken cancellation) => Say(journal, Hostile);

    /// <summary>The same with another hostile text wherever the run, its agent or its data name something.</summary>
    public static void Say(IRunJournal journal, string hostile)
    {
        Estimate Value(params double[] outcomes) => new(outcomes);
        journal.Record(new RunStarted(new Dictionary<string, string>(StringComparer.Ordinal) { ["Seed"] = "0" }, "MiniShop", new string('a', 64), "scripted", 10, 20, RewardRange.Unit));
        journal.Record(new StageStarted(Stage.Sft));
        for (var step = 0; step < 200; step++)
        {
            journal.Sample(new MetricPoint("sft/loss", step, Math.Sin(step) / 3));
        }

        journal.Sample(new MetricPoint("sft/loss", 200, double.NaN));
        journal.Sample(new MetricPoint("=sum(\"a\",b)", 1, 0.1));
        journal.Sample(new MetricPoint("system/cpu_percent", 1764000000, 55.5));
        journal.Sample(new LogLine("warning", hostile));
        journal.Record(new CheckpointSaved(Stage.Sft, "checkpoint-sft", Convert.ToHexStringLower(SHA256.HashData(Weights)), Weights.Length));
        journal.Record(new CheckpointSaved(Stage.Dpo, "checkpoint-dpo", new string('b', 64), 5));
        journal.Record(new StageFinished(Stage.Sft, 1.5));
        journal.Record(new StageStarted(Stage.Explore));
        for (var task = 0; task < 3; task++)
        {
            journal.Record(new TaskOpened(task, $"train-{task}", hostile, Value(0.2, 0.4)));
            journal.Record(new CandidateScored(task, 0, 0, "search[ a ]", hostile, Value(0.1, 0.1), null, false, false, 3, -1.25));
            journal.Record(new CandidateScored(task, 0, 1, hostile, "secret answer", Value(0.6, 1), null, true, false, 3, -2.5));
            journal.Record(new StepDecided(task, 0, Value(0.2, 0.4), Value(0.6, 1), 1, hostile, 2, StepVerdict.Rose, [CandidateAccount.Lower, CandidateAccount.Accepted]));
            journal.Record(new PairCreated(task, new PreferencePair(task, 0, "<bos> " + hostile, hostile, "search[ a ]", Value(0.6, 1), Value(0.1, 0.1), [1, 2], [3], [4])));
            if (task < 2)
            {
                journal.Record(new TaskFinished(task, 1, 1, 6));
            }
        }

        // The third walk is broken off and walked again.
        journal.Record(new RunResumed(Stage.Explore, 2, [2]));
        journal.Record(new TaskOpened(2, "train-2", "again", Value(0.5)));
        journal.Record(new StepDecided(2, 0, Value(0.5), null, null, "", 3, StepVerdict.Stopped, []));
        journal.Record(new TaskFinished(2, 1, 0));
        journal.Record(new PreferencesTrained(new Core.DpoSummary(0, double.NaN, double.NaN, double.NaN)));
        journal.Sample(new BudgetReported(new Budget { Tasks = 3, Steps = 3, Candidates = 7, Rollouts = 12, Pairs = 2 }));
        journal.Record(new EvaluationFinished(Stage.Evaluate, "greedy", 0.75, 0.6, 0.9, 0.5, 0.1, 0.02, 4.2, [new EpisodeResult("test-0", 0.75, 4, 0, 20)]));
        journal.Record(new AlertRaised("info", hostile));
    }

    /// <summary>A finished run with its checkpoint on disk.</summary>
    public static async Task<string> MakeAsync(LiveServer server)
    {
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);
        await server.FlushAsync();
        var folder = Directory.CreateDirectory(Path.Combine(server.Host.RunFolder(run), "checkpoint-sft")).FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, "model.safetensors"), Weights);
        await File.WriteAllTextAsync(Path.Combine(folder, "config.json"), "{}");
        await File.WriteAllTextAsync(Path.Combine(folder, "tokenizer.json"), """{"words":["a"]}""");
        await server.Get<Data.RunKeeper>().DescribeAsync(run, "A <i>name</i>", "baseline seed-0", "Notes, \"quoted\"", default);
        return run;
    }
}
