using RroDashboard.Core.Review;

namespace RroDashboard.Data;

/// <summary>An action that a reviewer wrote, better than both of a pair in that person's eyes. Nothing has executed it yet.</summary>
/// <param name="AnswerId">Answer it stands in.</param>
/// <param name="By">Who.</param>
/// <param name="Text">What they wrote.</param>
public sealed record WrittenAction(long AnswerId, string By, string Text);

/// <summary>What people decided on a pair.</summary>
/// <param name="PairIndex">Number of the pair in its run.</param>
/// <param name="Task">Walk.</param>
/// <param name="Step">Step of the walk.</param>
/// <param name="Decision">What becomes of it.</param>
/// <param name="Weight">Share of the answers that say so, above 0 and at most 1; 1 where a named person decided.</param>
/// <param name="AnswerIds">Answers that it rests on.</param>
/// <param name="AdjudicatedBy">Who decided where answers disagree; null where nobody had to.</param>
/// <param name="BetterActions">Actions that reviewers wrote.</param>
public sealed record ReviewDecision(
    int PairIndex, int Task, int Step, PairVerdict Decision, double Weight, IReadOnlyList<long> AnswerIds, string? AdjudicatedBy, IReadOnlyList<WrittenAction> BetterActions);

/// <summary>What a queue says for training.</summary>
/// <param name="Decided">By pair.</param>
/// <param name="Undecided">Complete items without a majority that nobody adjudicated: they say nothing.</param>
/// <param name="Incomplete">Items that still need answers.</param>
public sealed record QueueDecisions(IReadOnlyList<ReviewDecision> Decided, int Undecided, int Incomplete);

/// <summary>
/// Turns answers into decisions on pairs. A preference for the process reward's side, or accept, keeps a pair; for the other side, or flip, turns it round; equal,
/// both bad and discard leave it out. More than half of the answers must say the same, or a named person must have decided.
/// </summary>
public sealed class ReviewDecisions(ReviewQueries queries)
{
    /// <summary>Decisions of a queue of pairs; a queue of scores decides nothing about pairs.</summary>
    /// <exception cref="ReviewRefusedException">There is no such queue.</exception>
    public async Task<QueueDecisions> OfQueueAsync(string queueId, CancellationToken cancellationToken)
    {
        var queue = await queries.QueueAsync(queueId, cancellationToken).ConfigureAwait(false) ?? throw new ReviewMissingException($"There is no review queue '{queueId}'.");
        if (queue.Kind == ReviewKind.Score)
        {
            throw new ReviewRefusedException($"'{queue.Title}' scores steps: only queues of pairs decide what is trained on.");
        }

        // Nobody in particular looks, so only complete items are seen.
        var labels = await queries.LabelsAsync(queueId, new Reviewer("", ""), cancellationToken).ConfigureAwait(false);
        var decided = new List<ReviewDecision>();
        var undecided = 0;
        foreach (var item in labels.GroupBy(l => l.Item.Id))
        {
            var (first, answers) = (item.First().Item, item.Select(l => l.Answer).ToList());
            var votes = answers.GroupBy(a => Of(queue.Kind, a.Content.Values[0]!.Value)).MaxBy(g => g.Count())!;
            if (first.Final is null && votes.Count() * 2 <= answers.Count)
            {
                undecided++;
                continue;
            }

            decided.Add(new ReviewDecision(
                first.PairIndex!.Value,
                first.Task,
                first.Step,
                first.Final is { } final ? Of(queue.Kind, final.Values[0]) : votes.Key,
                first.Final is null ? (double)votes.Count() / answers.Count : 1,
                [.. answers.Select(a => a.Id)],
                first.Final?.By,
                [.. answers.Where(a => a.Content.BetterAction.Trim().Length > 0).Select(a => new WrittenAction(a.Id, a.Reviewer.Name, a.Content.BetterAction.Trim()))]));
        }

        return new QueueDecisions(decided, undecided, queue.Items - queue.Complete);
    }

    private static PairVerdict Of(ReviewKind kind, int value) => kind == ReviewKind.Verdict
        ? (PairVerdict)value
        : (PairChoice)value switch
        {
            PairChoice.Chosen => PairVerdict.Keep,
            PairChoice.Rejected => PairVerdict.Flip,
            _ => PairVerdict.Discard,
        };
}
