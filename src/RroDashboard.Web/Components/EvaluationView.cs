using RroDashboard.Core.Events;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Web.Components;

/// <summary>One line of the summary: a model, played in one way of decoding, with an interval for each number.</summary>
/// <param name="Evaluation">What was recorded.</param>
/// <param name="Perfect">95 % interval of the share of perfect episodes.</param>
/// <param name="Steps">95 % interval of actions per episode.</param>
/// <param name="Invalid">95 % interval of invalid actions per episode.</param>
public sealed record EvaluationLine(EvaluationFinished Evaluation, Interval Perfect, Interval Steps, Interval Invalid)
{
    /// <summary>Number of episodes.</summary>
    public int Count => Evaluation.Episodes.Count;

    /// <summary>Mean invalid actions per episode.</summary>
    public double InvalidPerEpisode => Count == 0 ? 0 : Evaluation.Episodes.Average(e => e.InvalidActions);
}

/// <summary>One held-out task before and after preference training.</summary>
/// <param name="TaskId">Which.</param>
/// <param name="Before">The fine-tuned model's episode.</param>
/// <param name="After">The final model's episode.</param>
/// <param name="Top">Highest reward there is.</param>
/// <param name="Number">Place among the held-out tasks, from 0.</param>
public sealed record TaskChange(string TaskId, EpisodeResult Before, EpisodeResult After, double Top, int Number)
{
    private const double Perfect = 1e-3;

    /// <summary>After minus before, in reward units.</summary>
    public double Difference => After.Reward - Before.Reward;

    /// <summary>Higher after.</summary>
    public bool Won => Difference > PairedComparison.Tolerance;

    /// <summary>Lower after.</summary>
    public bool Lost => Difference < -PairedComparison.Tolerance;

    /// <summary>Solved by fine-tuning and no longer: what a mean hides.</summary>
    public bool Regressed => Before.Reward >= Top - Perfect && After.Reward < Top - Perfect;
}

/// <summary>Something that held-out episodes lacked.</summary>
/// <param name="Flaw">As <see cref="Core.Rewards.EpisodeFlaws"/> names it.</param>
/// <param name="Before">Episodes of the fine-tuned model that lacked it.</param>
/// <param name="After">Episodes of the final model that lacked it.</param>
/// <param name="Examples">Tasks of which the final model lacks it, else the fine-tuned one; at most <see cref="MaxExamples"/>.</param>
public sealed record FlawLine(string Flaw, int Before, int After, IReadOnlyList<TaskChange> Examples)
{
    /// <summary>Most tasks named.</summary>
    public const int MaxExamples = 3;

    /// <summary>Lines of everything that was lacking, the most frequent of the final model first; an episode that lacks two things is in two lines.</summary>
    public static IReadOnlyList<FlawLine> Of(IReadOnlyList<TaskChange> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        static bool Has(EpisodeResult episode, string flaw) => episode.Flaws?.Contains(flaw) == true;
        return
        [
            .. changes.SelectMany(c => (c.After.Flaws ?? []).Concat(c.Before.Flaws ?? [])).Distinct(StringComparer.Ordinal)
                .Select(flaw => new FlawLine(
                    flaw, changes.Count(c => Has(c.Before, flaw)), changes.Count(c => Has(c.After, flaw)),
                    [.. changes.Where(c => Has(c.After, flaw) || Has(c.Before, flaw)).OrderBy(c => Has(c.After, flaw) ? 0 : 1).Take(MaxExamples)]))
                .OrderByDescending(l => l.After).ThenByDescending(l => l.Before).ThenBy(l => l.Flaw, StringComparer.Ordinal),
        ];
    }
}

/// <summary>What the evaluation page shows, computed from the facts alone.</summary>
public sealed class EvaluationView
{
    /// <summary>Resamples behind each interval that the run itself did not record.</summary>
    public const int Resamples = 1000;

    private const double Confidence = .95;

    private readonly double _top;

    /// <summary>Takes the facts of a run, in order.</summary>
    public EvaluationView(IReadOnlyList<EvaluationFinished> evaluations, IReadOnlyList<ReferenceEvaluated> references, double top)
    {
        ArgumentNullException.ThrowIfNull(evaluations);
        _top = top;
        // The last one counts where a stage was done again.
        Lines = [.. evaluations.GroupBy(e => (e.Stage, e.Decoding)).Select(g => g.Last()).OrderBy(e => e.Decoding == "greedy" ? 0 : 1).ThenBy(e => e.Stage).Select((e, i) => Line(e, i))];
        References = [.. references.GroupBy(r => r.Name).Select(g => g.Last())];
    }

    /// <summary>Greedy ones first, each in the order of the stages.</summary>
    public IReadOnlyList<EvaluationLine> Lines { get; }

    /// <summary>Scripted rules on the same tasks.</summary>
    public IReadOnlyList<ReferenceEvaluated> References { get; }

    /// <summary>Ways of decoding that were evaluated.</summary>
    public IReadOnlyList<string> Decodings => [.. Lines.Select(l => l.Evaluation.Decoding).Distinct()];

    /// <summary>Tasks that were played before and after, in task order; empty while one of both is missing.</summary>
    public IReadOnlyList<TaskChange> Changes(string decoding)
    {
        var before = Lines.FirstOrDefault(l => l.Evaluation.Stage == Stage.Baseline && l.Evaluation.Decoding == decoding)?.Evaluation;
        var after = Lines.FirstOrDefault(l => l.Evaluation.Stage == Stage.Evaluate && l.Evaluation.Decoding == decoding)?.Evaluation;
        if (before is null || after is null)
        {
            return [];
        }

        var second = after.Episodes.GroupBy(e => e.TaskId, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);
        return [.. before.Episodes.Index().Where(e => second.ContainsKey(e.Item.TaskId)).Select(e => new TaskChange(e.Item.TaskId, e.Item, second[e.Item.TaskId], _top, e.Index))];
    }

    /// <summary>After against before on the same tasks; null while one of both is missing.</summary>
    public static PairedComparison? Paired(IReadOnlyList<TaskChange> changes, long seed)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var groups = GroupsOf(changes.Select(c => c.After).Concat(changes.Select(c => c.Before)));
        return changes.Count == 0 ? null : PairedComparison.Of(
            [new RunRewards(seed, changes.ToDictionary(c => c.TaskId, c => c.After.Reward, StringComparer.Ordinal))],
            [new RunRewards(seed, changes.ToDictionary(c => c.TaskId, c => c.Before.Reward, StringComparer.Ordinal))],
            Confidence, Resamples, new SeededRandom(seed, 77), task => groups.GetValueOrDefault(task, task));
    }

    /// <summary>Group by task id; tasks whose group was not recorded are left out.</summary>
    public static IReadOnlyDictionary<string, string> GroupsOf(IEnumerable<EpisodeResult> episodes)
    {
        ArgumentNullException.ThrowIfNull(episodes);
        var groups = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var episode in episodes.Where(e => e.Group is not null))
        {
            groups.TryAdd(episode.TaskId, episode.Group!);
        }

        return groups;
    }

    private EvaluationLine Line(EvaluationFinished e, int index)
    {
        if (e.Episodes.Count == 0)
        {
            return new EvaluationLine(e, new Interval(e.PerfectShare, e.PerfectShare), new Interval(e.MeanSteps, e.MeanSteps), default);
        }

        // Tasks whose group was not recorded are taken as independent.
        string[] groups = [.. e.Episodes.Select((x, i) => x.Group ?? i.ToString(System.Globalization.CultureInfo.InvariantCulture))];
        Interval Of(Func<EpisodeResult, double> value, int stream) =>
            Bootstrap.Mean([.. e.Episodes.Select(value)], groups, Confidence, Resamples, new SeededRandom(index, stream));
        return new EvaluationLine(e, Of(x => x.Reward >= _top - 1e-3 ? 1 : 0, 1), Of(x => x.Steps, 2), Of(x => x.InvalidActions, 3));
    }
}
