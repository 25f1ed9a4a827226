using System.Collections.Concurrent;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Training.Checkpoints;
using RroDashboard.Training.Tokenizer;

namespace RroDashboard.Web.Hosting;

/// <summary>Vocabularies of runs, read from their checkpoints, so that pages can show what token ids mean. No model is loaded.</summary>
public sealed class Vocabularies(TrainingHost host, RunQueries queries)
{
    /// <summary>Vocabularies kept; any one makes room. One of 6,000 tokens takes about half a megabyte.</summary>
    private const int MaxKept = 8;

    private readonly ConcurrentDictionary<string, ITokenText> _kept = new(StringComparer.Ordinal);

    /// <summary>The run's vocabulary, or the reason in one sentence why there is none.</summary>
    public async Task<(ITokenText? Vocabulary, string Reason)> OpenAsync(string runId, CancellationToken cancellationToken)
    {
        if (_kept.TryGetValue(runId, out var kept))
        {
            return (kept, "");
        }

        var saved = (await queries.HeaderAsync(runId, cancellationToken)).OfType<CheckpointSaved>().LastOrDefault();
        if (saved is null)
        {
            if ((await queries.FindAsync(runId, cancellationToken))?.Plan.Endpoint.Url.Length > 0)
            {
                return (null, "The policy of this run is behind an endpoint, and so is its vocabulary: what is known of its pairs are their words.");
            }

            return (null, "The run has saved no checkpoint yet, and the vocabulary is saved with it.");
        }

        try
        {
            var vocabulary = Checkpoint.ReadTokenizer(host.CheckpointFolder(runId, saved));
            if (_kept.Count >= MaxKept && _kept.Keys.FirstOrDefault() is { } oldest)
            {
                _kept.TryRemove(oldest, out _);
            }

            return (_kept[runId] = vocabulary, "");
        }
        catch (InvalidDataException)
        {
            // Where it lies on the server's disk is nobody's business.
            return (null, $"The vocabulary in the checkpoint '{saved.Folder}' is missing or damaged.");
        }
    }

    /// <summary>The vocabulary of a run from scratch, which pairs can be written in.</summary>
    /// <exception cref="Core.Preferences.PairSetException">There is none, or it is a published checkpoint's.</exception>
    public static WordTokenizer Words(ITokenText? vocabulary, string reason) => vocabulary as WordTokenizer
        ?? throw new Core.Preferences.PairSetException(vocabulary is null ? reason : "This run tunes a published checkpoint: pairs can be written as text only for runs of a model from scratch so far.");

    /// <summary>Control tokens among some ids, as they are spelled, in order; padding is none.</summary>
    public static IReadOnlyList<string> MarkersOf(IEnumerable<int> tokens) =>
        [.. tokens.Select(t => t switch { WordTokenizer.Bos => "<bos>", WordTokenizer.Obs => "<obs>", WordTokenizer.Act => "<act>", WordTokenizer.Eos => "<eos>", _ => "" }).Where(m => m.Length > 0)];
}
