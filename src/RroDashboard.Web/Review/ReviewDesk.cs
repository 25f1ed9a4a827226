using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Review;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Data;
using RroDashboard.Web.Components.Exploration;

namespace RroDashboard.Web.Review;

/// <summary>One action of an item, with what it led to.</summary>
/// <param name="Letter">A or B; empty where there is one action only.</param>
/// <param name="Action">What the policy wrote, cut at <see cref="FoldedText.Limit"/>.</param>
/// <param name="Observation">What the environment answered; empty where it is not known.</param>
/// <param name="Hidden">Characters of the action that are not here.</param>
public sealed record ReviewSide(string Letter, string Action, string Observation, int Hidden);

/// <summary>What a person sees of an item before they answer: no value, and nothing that tells which side the process reward prefers.</summary>
/// <param name="Environment">Which.</param>
/// <param name="Instruction">What the agent was asked.</param>
/// <param name="History">Everything that it had read and done before.</param>
/// <param name="Screen">The shop's page before it; null in no shop.</param>
/// <param name="Sides">Two, or one.</param>
public sealed record ReviewSheet(EnvironmentKind? Environment, string Instruction, string History, ShopScreen? Screen, IReadOnlyList<ReviewSide> Sides);

/// <summary>What the process reward said of an item: shown after the answer.</summary>
/// <param name="Preferred">Letter of the preferred side; empty where there is one action only.</param>
/// <param name="First">Value of the preferred side, or of the step.</param>
/// <param name="Second">Value of the other side, or of the step before.</param>
/// <param name="Range">Of the run's rewards.</param>
public sealed record ReviewReveal(string Preferred, Estimate First, Estimate Second, RewardRange Range);

/// <summary>Puts together what review queues are made of: the run's facts, its environment's screens, and the queue's answers.</summary>
public sealed class ReviewDesk(RunQueries runs, WalkQueries walks, PairQueries pairs, ReviewStore store, ReviewQueries queries)
{
    /// <summary>Makes a queue of a run.</summary>
    /// <exception cref="ReviewRefusedException">A value is not allowed, or there is nothing to ask about.</exception>
    public async Task<string> CreateAsync(NewReviewQueue queue, Reviewer by, string key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queue);
        ReviewChecks.Queue(queue);
        if (await runs.FindAsync(queue.RunId, cancellationToken) is null)
        {
            throw new ReviewMissingException($"There is no run '{queue.RunId}'.");
        }

        var range = await RangeAsync(queue.RunId, cancellationToken);
        var margins = new MarginHistory(await runs.AllAsync<PairMargins>(queue.RunId, cancellationToken));
        var sources = await queries.SourcesAsync(queue.RunId, queue.Kind, range, margins.Last, cancellationToken);
        return await store.CreateAsync(queue, sources, range.High - range.Low, by, key, cancellationToken);
    }

    /// <summary>An item's sheet; null when its run no longer has it.</summary>
    public async Task<ReviewSheet?> SheetAsync(ReviewQueue queue, ReviewItem item, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queue);
        ArgumentNullException.ThrowIfNull(item);
        if (await runs.FindAsync(queue.RunId, cancellationToken) is not { } run || await walks.WalkAsync(queue.RunId, item.Task, cancellationToken) is not { } walk)
        {
            return null;
        }

        var kind = run.ScreenKind;
        var alongExpert = run.Plan.Explore.Continue == Continue.AlongExpert;
        var followed = walk.Steps.Take(item.Step).Select(s => WalkQueries.FollowedAttempt(s, alongExpert)).ToList();
        var before = await walks.TrajectoryAsync(queue.RunId, item.Task, followed, FoldedText.Limit, FoldedText.Limit, cancellationToken);
        var here = await walks.CandidatesAsync(queue.RunId, item.Task, item.Step, item.Step + 1, FoldedText.Limit, FoldedText.Limit, cancellationToken);
        var screen = ShopOf(kind, before, item.Step);
        if (item.PairIndex is not { } index)
        {
            var one = here.FirstOrDefault(c => c.Attempt == item.Attempt);
            return one is null ? null : new ReviewSheet(kind, walk.Opened.Instruction, HistoryOf(walk.Opened.Instruction, before), screen, [Side("", one.Action.Start, one.Action.Hidden)]);
        }

        if (await pairs.FindAsync(queue.RunId, index, cancellationToken) is not { } created)
        {
            return null;
        }

        var (a, b) = item.ChosenIsB ? (created.Pair.Rejected, created.Pair.Chosen) : (created.Pair.Chosen, created.Pair.Rejected);
        return new ReviewSheet(kind, walk.Opened.Instruction, created.Pair.History, screen, [Side("A", a, 0), Side("B", b, 0)]);

        ReviewSide Side(string letter, string action, int hidden)
        {
            var cut = action.Length > FoldedText.Limit ? action[..FoldedText.Limit] : action;
            return new ReviewSide(letter, cut, here.FirstOrDefault(c => c.Action.Start == cut)?.Observation.Start ?? "", hidden + action.Length - cut.Length);
        }
    }

    /// <summary>What the process reward said; null while the person has not answered.</summary>
    public async Task<ReviewReveal?> RevealAsync(ReviewQueue queue, ReviewItem item, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queue);
        ArgumentNullException.ThrowIfNull(item);
        // A verdict is about the pair as the model has it, so its side is no secret.
        if (!item.MayBeTold && queue.Kind != ReviewKind.Verdict)
        {
            return null;
        }

        var range = await RangeAsync(queue.RunId, cancellationToken);
        if (item.PairIndex is { } index)
        {
            return await pairs.FindAsync(queue.RunId, index, cancellationToken) is { } created
                ? new ReviewReveal(item.ChosenIsB ? "B" : "A", created.Pair.ChosenValue, created.Pair.RejectedValue, range) : null;
        }

        return (await walks.WalkAsync(queue.RunId, item.Task, cancellationToken))?.Steps.FirstOrDefault(s => s.Step == item.Step) is { Accepted: { } accepted } step
            ? new ReviewReveal("", accepted, step.Previous, range) : null;
    }

    /// <summary>Agreement of people in the complete items of a queue: all, those that stand there by chance, and the others.</summary>
    public async Task<(ReviewAgreement All, ReviewAgreement Controls, ReviewAgreement Ordered, int Labels)> AgreementAsync(ReviewQueue queue, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queue);
        var labels = (await queries.LabelsAsync(queue.Id, new Reviewer("", ""), cancellationToken)).Select(r => new ReviewLabel(
            r.Item.Id,
            r.Answer.Reviewer.Id,
            [.. r.Answer.Content.Values.Select(v => (double)(v ?? 0))],
            r.Control,
            r.Gap,
            // An answer that was changed after the process reward had been shown says nothing of how people judge without it.
            queue.Kind == ReviewKind.Score || r.Answer.Content.Values[0] > 1 || (queue.Kind == ReviewKind.Pairwise && r.Answer.Replaces is not null) ? null : r.Answer.Content.Values[0] == 0)).ToList();
        ReviewAgreement Of(IReadOnlyList<ReviewLabel> some) => ReviewAgreement.Of(queue.Kind, queue.Questions, some, queue.RewardWidth, queue.Seed);
        return (Of(labels), Of([.. labels.Where(l => l.Control)]), Of([.. labels.Where(l => !l.Control)]), labels.Count);
    }

    /// <summary>Share of pairs of answers on one item that are equal, over all questions; null without an item that has two.</summary>
    public async Task<double?> PercentAsync(ReviewQueue queue, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queue);
        var labels = await queries.LabelsAsync(queue.Id, new Reviewer("", ""), cancellationToken);
        return Agreement.Percent([.. Enumerable.Range(0, queue.Questions.Count).SelectMany(q => labels.GroupBy(l => l.Item.Id)
            .Select(g => (IReadOnlyList<double>)[.. g.Select(l => (double)(l.Answer.Content.Values[q] ?? 0))]))]);
    }

    private async Task<RewardRange> RangeAsync(string runId, CancellationToken cancellationToken) =>
        (await runs.HeaderAsync(runId, cancellationToken)).OfType<RunStarted>().FirstOrDefault()?.RewardRange ?? RewardRange.Unit;

    private static ShopScreen? ShopOf(EnvironmentKind? kind, IReadOnlyList<CandidateOutline> before, int step)
    {
        var now = kind is null or EnvironmentKind.InterCodeSql ? null : ShopScreen.Start;
        foreach (var turn in before)
        {
            // A text that is cut cannot be read as a page.
            now = turn.Observation.Hidden > 0 ? null : now?.After(turn.Action.Start, turn.Observation.Start);
        }

        return before.Count == step ? now : null;
    }

    private static string HistoryOf(string instruction, IReadOnlyList<CandidateOutline> before) =>
        string.Join('\n', before.SelectMany(t => new[] { "> " + t.Action.Start, t.Observation.Start }).Prepend(instruction));
}
