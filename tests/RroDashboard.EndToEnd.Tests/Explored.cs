using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>Facts of explorations that a real run would take long to meet: very long walks, hostile texts.</summary>
internal static class Explored
{
    /// <summary>Texts that a page must show as text, whole or with a count of what is hidden.</summary>
    public static IReadOnlyList<string> Hostile { get; } =
    [
        "<b>bold</b><img src=x onerror=\"document.title='owned'\">",
        "</script><script>document.title='owned'</script>",
        "\u202Eright to left \u0639\u0631\u0628\u0649",
        "nul \0 escape \u001B[31m bell \a end",
        "megabyte " + new string('m', 1_000_000),
    ];

    public static void Begin(IRunJournal journal, RunPlan plan)
    {
        journal.Record(new RunStarted(PlanSettings.ToDictionary(plan), "MiniShop", new string('a', 64), "written by a test", 1, 100, RewardRange.Unit));
        journal.Record(new StageStarted(Stage.Explore));
    }

    /// <summary>A walk of equal steps: the last candidate of each rises, the others are lower.</summary>
    public static void Walk(IRunJournal journal, int task, int steps, int candidates, int rollouts, string asked = "I want a large blue mug", Func<int, int, string>? action = null, string observation = "You see a list of products.", bool finish = true)
    {
        Estimate Value(double mean) => new([.. Enumerable.Range(0, rollouts).Select(r => Math.Clamp(mean + (r % 2 == 0 ? 0.1 : -0.1), 0, 1))]);
        var previous = Value(0.2);
        journal.Record(new TaskOpened(task, $"train-{task}", asked, previous));
        for (var step = 0; step < steps; step++)
        {
            var accepted = Value(0.2 + (0.6 * (step + 1) / steps));
            for (var attempt = 0; attempt < candidates; attempt++)
            {
                var last = attempt == candidates - 1;
                journal.Record(new CandidateScored(task, step, attempt, Text(step, attempt), observation, last ? accepted : Value(0.1), null, false, false, 6, -2.5));
            }

            journal.Record(new StepDecided(
                task, step, previous, accepted, candidates - 1, Text(step, candidates - 1), candidates, StepVerdict.Rose,
                [.. Enumerable.Repeat(CandidateAccount.Lower, candidates - 1), CandidateAccount.Accepted]));
            if (candidates > 1)
            {
                journal.Record(new PairCreated(step, new PreferencePair(task, step, asked, Text(step, candidates - 1), Text(step, 0), accepted, Value(0.1), [1, 2], [3, 4], [5])));
            }

            previous = accepted;
        }

        if (finish)
        {
            journal.Record(new TaskFinished(task, steps, previous.Mean));
        }

        string Text(int step, int attempt) => action?.Invoke(step, attempt) ?? $"click[ b{attempt + 1} ]";
    }
}
