using System.Globalization;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Data;
using Said = RroDashboard.Core.Review.PairVerdict;

namespace RroDashboard.Web.Hosting;

/// <summary>What the labels of a queue would do to a version.</summary>
/// <param name="Changes">One for each decided pair.</param>
/// <param name="Kept">Decided to keep.</param>
/// <param name="Flipped">Decided to flip.</param>
/// <param name="Discarded">Decided to discard.</param>
/// <param name="Better">Better actions that reviewers wrote; each is executed when the labels are applied.</param>
/// <param name="Conflicts">Complete items without a majority that nobody adjudicated: left out.</param>
/// <param name="Incomplete">Items that still need answers: left out.</param>
public sealed record QueuePreview(IReadOnlyList<PairEntry> Changes, int Kept, int Flipped, int Discarded, IReadOnlyList<BetterActionSaid> Better, int Conflicts, int Incomplete);

/// <summary>A better action of a reviewer.</summary>
/// <param name="Pair">Number of the pair whose step it is.</param>
/// <param name="Answer">Answer it stands in.</param>
/// <param name="Text">What was written.</param>
public sealed record BetterActionSaid(int Pair, string Answer, string Text);

/// <summary>What came of applying the labels of a queue.</summary>
/// <param name="Version">The version that holds them.</param>
/// <param name="Made">It was made now; otherwise it was there already.</param>
/// <param name="Added">Better actions that became pairs.</param>
/// <param name="Refused">Why each of the others did not.</param>
public sealed record QueueApplied(PairSetInfo Version, bool Made, int Added, IReadOnlyList<string> Refused);

/// <summary>Applies what reviewers decided in a queue to a version of the pairs, which makes a new one with the answers as its provenance.</summary>
public sealed class QueueLabels(ReviewDecisions decisions, ReviewQueries queues, PairSetStore store, WrittenActions written)
{
    /// <summary>Better actions executed in one go; the others are told, and can be written by hand.</summary>
    public const int MaxBetter = 100;

    /// <summary>Queues of a run that decide about pairs.</summary>
    public async Task<IReadOnlyList<ReviewQueue>> QueuesAsync(string runId, CancellationToken cancellationToken) =>
        [.. (await queues.QueuesAsync(runId, cancellationToken)).Where(q => q.Kind != Core.Review.ReviewKind.Score)];

    /// <summary>What would change; nothing does.</summary>
    /// <exception cref="PairSetException">The queue is not of this run, or decides nothing about pairs.</exception>
    public async Task<QueuePreview> PreviewAsync(string runId, int version, string queueId, CancellationToken cancellationToken)
    {
        var (queue, said) = await ReadAsync(runId, queueId, cancellationToken);
        return await PreviewAsync(runId, version, queue, said, cancellationToken);
    }

    private async Task<QueuePreview> PreviewAsync(string runId, int version, ReviewQueue queue, QueueDecisions said, CancellationToken cancellationToken)
    {
        var entries = (await store.EntriesAsync(runId, version, cancellationToken) ?? throw new PairSetException($"Run '{runId}' has no version {version} of its pairs.")).ToDictionary(e => e.Index);
        List<PairEntry> changes = [.. said.Decided.Select(d => new PairEntry(
            d.PairIndex,
            d.Decision switch { Said.Flip => PairDecision.Flipped, Said.Discard => PairDecision.Discarded, _ => PairDecision.Kept },
            // Discarded pairs train nothing, so their weight says nothing.
            d.Decision == Said.Discard ? 1 : d.Weight,
            PairSource.Human,
            new PairProvenance("queue", queue.Title, [.. d.AnswerIds.Select(Text)])))];
        // A pair that people added to the version is not the run's, and no queue of the run can speak of it.
        changes.RemoveAll(c => entries.GetValueOrDefault(c.Index)?.Added is not null);
        return new QueuePreview(
            changes,
            changes.Count(c => c.Decision == PairDecision.Kept), changes.Count(c => c.Decision == PairDecision.Flipped), changes.Count(c => c.Decision == PairDecision.Discarded),
            [.. said.Decided.SelectMany(d => d.BetterActions.Select(b => new BetterActionSaid(d.PairIndex, Text(b.AnswerId), b.Text)))],
            said.Undecided, said.Incomplete);
    }

    /// <summary>Makes the version. The same labels twice make no second one, if what they add could be valued both times or neither.</summary>
    /// <exception cref="PairSetException">As of <see cref="PreviewAsync"/>, or nothing was decided.</exception>
    public async Task<QueueApplied> ApplyAsync(string runId, int version, string queueId, string author, CancellationToken cancellationToken)
    {
        var (queue, said) = await ReadAsync(runId, queueId, cancellationToken);
        var preview = await PreviewAsync(runId, version, queue, said, cancellationToken);
        if (preview.Changes.Count == 0)
        {
            throw new PairSetException($"Queue '{queue.Title}' has decided nothing yet: {preview.Incomplete} items need answers, and {preview.Conflicts} are in conflict.");
        }

        var (changes, refused) = (preview.Changes.ToList(), new List<string>());
        foreach (var better in preview.Better.Take(MaxBetter))
        {
            try
            {
                var tried = await written.TryAsync(runId, version, better.Pair, better.Text, cancellationToken);
                if (tried.Outcome.Invalid)
                {
                    refused.Add($"Pair {better.Pair}: the environment cannot act on '{better.Text}' there.");
                    continue;
                }

                changes.Add(new PairEntry(0, PairDecision.Added, 1, PairSource.Edited, new PairProvenance("queue", queue.Title, [better.Answer]), tried.Pair));
            }
            catch (Exception e) when (e is PairSetException or PlanException)
            {
                refused.Add($"Pair {better.Pair}: {e.Message}");
            }
        }

        if (preview.Better.Count > MaxBetter)
        {
            refused.Add($"{preview.Better.Count - MaxBetter} more better actions were not tried: at most {MaxBetter} are in one go.");
        }

        var why = string.Create(CultureInfo.InvariantCulture, $"Labels of queue '{Short(queue.Title)}': {preview.Kept} kept, {preview.Flipped} flipped, {preview.Discarded} discarded, {changes.Count - preview.Changes.Count} added.");
        var (made, isNew) = await store.AddAsync(runId, version, changes, author, why, cancellationToken);
        return new QueueApplied(made, isNew, changes.Count - preview.Changes.Count, refused);
    }

    private async Task<(ReviewQueue Queue, QueueDecisions Said)> ReadAsync(string runId, string queueId, CancellationToken cancellationToken)
    {
        if (await queues.QueueAsync(queueId, cancellationToken) is not { } queue || queue.RunId != runId)
        {
            throw new PairSetException($"Run '{runId}' has no review queue '{queueId}'.");
        }

        try
        {
            return (queue, await decisions.OfQueueAsync(queueId, cancellationToken));
        }
        catch (ReviewRefusedException e)
        {
            throw new PairSetException(e.Message);
        }
    }

    private static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);

    private static string Short(string title) => title.Length > 100 ? title[..100] : title;
}
