using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Preferences;

namespace RroDashboard.Data;

/// <summary>
/// What exploration did in a run, in numbers: read once and then only what was added, so that lists of walks and pairs are filtered
/// and sorted in microseconds however often a page asks. Texts stay in the database.
/// </summary>
public sealed class ExplorationIndex(IDbContextFactory<RroDbContext> contexts)
{
    /// <summary>Characters of an instruction that a list shows.</summary>
    public const int MaxText = 300;

    /// <summary>Runs kept; the one not asked for longest makes room. A run of 20,000 steps takes about 3 MB.</summary>
    public const int MaxRuns = 8;

    private readonly Lock _lock = new();
    private readonly LinkedList<Entry> _entries = new();

    /// <summary>The numbers of a run up to now; empty when there is no such run.</summary>
    public async Task<ExplorationFacts> ReadAsync(string runId, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var run = await context.Runs.AsNoTracking().Where(r => r.Id == runId).Select(r => new { r.Key, r.LastSeq }).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            if (run is null)
            {
                return ExplorationFacts.Empty;
            }

            var entry = Open(runId);
            await entry.One.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                if (run.LastSeq > entry.Seq)
                {
                    await AddAsync(context, run.Key, run.LastSeq, entry, cancellationToken).ConfigureAwait(false);
                }

                return entry.Facts ??= entry.Snapshot();
            }
            finally
            {
                entry.One.Release();
            }
        }
    }

    private Entry Open(string runId)
    {
        lock (_lock)
        {
            for (var node = _entries.First; node is not null; node = node.Next)
            {
                if (node.Value.RunId == runId)
                {
                    _entries.Remove(node);
                    _entries.AddFirst(node);
                    return node.Value;
                }
            }

            var entry = new Entry(runId);
            _entries.AddFirst(entry);
            if (_entries.Count > MaxRuns)
            {
                _entries.RemoveLast();
            }

            return entry;
        }
    }

    private static async Task AddAsync(RroDbContext context, int runKey, long upTo, Entry entry, CancellationToken cancellationToken)
    {
        string[] kinds = [EventKinds.Of<TaskOpened>(), EventKinds.Of<StepDecided>(), EventKinds.Of<TaskFinished>(), EventKinds.Of<PairCreated>()];
        var resumed = EventKinds.Of<RunResumed>();
        if (entry.Seq > 0 && await context.Events.AnyAsync(e => e.RunKey == runKey && e.Kind == resumed && e.Seq > entry.Seq && e.Seq <= upTo, cancellationToken).ConfigureAwait(false))
        {
            // Walks that were broken off no longer count, and some of them are in it.
            entry.Clear();
        }

        var after = entry.Seq;
        // All of a kind by its index the first time; later the few new rows by number. In between lie the candidates, the bulk of the table.
        var rows = after == 0
            ? context.Events.AsNoTracking().Where(e => e.RunKey == runKey && kinds.Contains(e.Kind) && e.Seq <= upTo)
            : context.Events.AsNoTracking().Where(e => e.RunKey == runKey && e.Seq > after && e.Seq <= upTo && kinds.Contains(e.Kind));
        try
        {
            await foreach (var row in rows.OrderBy(e => e.Seq).Select(e => new { e.Seq, e.Json }).AsAsyncEnumerable().WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                entry.Add(row.Seq, JsonSerializer.Deserialize<RunEvent>(row.Json, RunJson.Options)!);
            }
        }
        catch
        {
            // Half of a batch is in it: begin anew the next time.
            entry.Clear();
            throw;
        }

        (entry.Seq, entry.Facts) = (upTo, null);
    }

    /// <summary>The growing numbers of one run. Used by one reader at a time.</summary>
    private sealed class Entry(string runId)
    {
        private readonly SortedDictionary<int, WalkFact> _walks = [];
        private readonly List<StepFact> _steps = [];
        private readonly Dictionary<(int Task, int Step), int> _places = [];
        private readonly List<PairFact> _pairs = [];
        private readonly HashSet<UInt128> _prompts = [];
        private readonly HashSet<UInt128> _whole = [];

        public string RunId => runId;

        public SemaphoreSlim One { get; } = new(1);

        public long Seq { get; set; }

        public ExplorationFacts? Facts { get; set; }

        public ExplorationFacts Snapshot() => new(Seq, [.. _walks.Values], [.. _steps], [.. _pairs]);

        public void Clear()
        {
            (Seq, Facts) = (0, null);
            _walks.Clear();
            _steps.Clear();
            _places.Clear();
            _pairs.Clear();
            _prompts.Clear();
            _whole.Clear();
        }

        public void Add(long seq, RunEvent happened)
        {
            switch (happened)
            {
                case TaskOpened opened:
                    var text = opened.Instruction.Length > MaxText ? opened.Instruction[..MaxText] : opened.Instruction;
                    _walks[opened.Task] = new WalkFact(opened.Task, opened.TaskId, text, opened.Baseline.Mean, 0, 0, 0, opened.Baseline.Mean, null, false, 0);
                    break;
                case StepDecided step:
                    Add(step);
                    break;
                case TaskFinished finished when _walks.TryGetValue(finished.Task, out var walk):
                    _walks[finished.Task] = walk with { Reward = finished.Reward };
                    break;
                case PairCreated pair:
                    Add(seq, pair);
                    break;
                default:
                    break;
            }
        }

        private void Add(StepDecided step)
        {
            _places[(step.Task, step.Step)] = _steps.Count;
            var change = step.Accepted is { } accepted ? accepted.Mean - step.Previous.Mean : (double?)null;
            _steps.Add(new StepFact(new StepChange(step.Task, step.Step, change, step.Verdict == StepVerdict.Rose, !step.Previous.Exact), step.Verdict, 0, NoPair.ReasonOf(step)));
            if (_walks.TryGetValue(step.Task, out var walk))
            {
                _walks[step.Task] = walk with
                {
                    Steps = walk.Steps + 1,
                    Exhausted = walk.Exhausted + (step.Verdict.NothingRose() ? 1 : 0),
                    Candidates = walk.Candidates + step.Accounts.Count,
                    Value = step.Accepted?.Mean ?? walk.Value,
                    Stopped = step.Verdict == StepVerdict.Stopped,
                };
            }
        }

        private void Add(long seq, PairCreated created)
        {
            var pair = created.Pair;
            var verdict = StepVerdict.Rose;
            if (_places.TryGetValue((pair.Task, pair.Step), out var place))
            {
                _steps[place] = _steps[place] with { Pairs = _steps[place].Pairs + 1 };
                verdict = _steps[place].Verdict;
            }

            if (_walks.TryGetValue(pair.Task, out var walk))
            {
                _walks[pair.Task] = walk with { Pairs = walk.Pairs + 1 };
            }

            _pairs.Add(new PairFact(
                seq, created.Index, pair.Task, pair.Step, pair.Gap, pair.HistoryTokens.Count, pair.ChosenTokens.Count, pair.RejectedTokens.Count,
                SameText: pair.Chosen == pair.Rejected,
                Exhausted: verdict.NothingRose(),
                Expert: verdict == StepVerdict.KeptExpert,
                Duplicate: !_whole.Add(Fingerprint(pair.History, pair.Chosen, pair.Rejected)),
                SharedPrompt: !_prompts.Add(Fingerprint(pair.History))));
        }

        // Half a SHA-256: two different texts that share it will not be met.
        private static UInt128 Fingerprint(params ReadOnlySpan<string> parts)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var part in parts)
            {
                hash.AppendData(BitConverter.GetBytes(part.Length));
                hash.AppendData(Encoding.UTF8.GetBytes(part));
            }

            return new UInt128(BitConverter.ToUInt64(hash.GetCurrentHash(), 0), BitConverter.ToUInt64(hash.GetHashAndReset(), 8));
        }
    }
}
