using System.Threading.Tasks.Sources;
using RroDashboard.Core.Statistics;
using RroDashboard.Training.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Sampling;

/// <summary>What the policy wrote.</summary>
/// <param name="After">The history with the action at its end.</param>
/// <param name="Tokens">Sampled token ids, end of action included unless cut.</param>
/// <param name="LogProb">Their summed log-probability at T=1, nats; NaN where a policy behind an endpoint does not say.</param>
/// <param name="Truncated">No end of action within the limit.</param>
public sealed record SampledAction(History After, int[] Tokens, double LogProb, bool Truncated);

/// <summary>
/// Owns the model while walks sample from it. A walk is ordinary sequential code that awaits an action; the engine advances
/// when every live walk is waiting, so the schedule, and with it the result, does not depend on the clock. All of it runs on
/// the thread that calls <see cref="Run"/>.
/// <para>
/// A small model works in turns: everything that was asked for is decoded together until the last of it is done. A large one decodes continuously: when an
/// action is done its walk goes on between two passes, and what it asks for next joins what is being decoded; nobody waits for the longest action.
/// When an action is done depends on the tokens alone, so this schedule does not depend on the clock either.
/// </para>
/// </summary>
/// <remarks>
/// Keys and values live in the pages of one cache (<see cref="PagedCache"/>). What is sampled from a history shares the full pages of its beginning and
/// copies only the last one, which is partly filled; an observation is appended in place. Pages of histories that nobody uses any more are taken back, the
/// least recently used first; a history that lost its own is computed again when needed (and counted as prefilled again).
/// </remarks>
public sealed class SamplingEngine : IActionSampler, IDisposable
{
    /// <summary>Rows computed in one piece: more fill the processor's cache with temporaries, fewer pay call overhead.</summary>
    public const int RowsPerPass = 256;

    /// <summary>Memory for keys and values.</summary>
    public const long CacheBytes = 256L << 20;

    /// <summary>
    /// Positions of a page of a large model. Half a page of every history is air, and the last page of a beginning is copied for each that continues it: some 16 positions
    /// of the hundreds that an action with its thought and an observation take. Smaller pages save little more and make longer lists; one position of one head is too
    /// little to copy in a piece, 32 are 8 KB at a head's width of 64. A small model has one page for the whole context: its histories are short, and what it would save
    /// costs more than the copy.
    /// </summary>
    public const int PagePositions = 32;

    /// <summary>
    /// Histories of a large model that are kept, for each whole context that there is room for: they are shorter than it, and those of one task begin alike. Where they are not, and do not
    /// fit, the least recently used are computed again.
    /// </summary>
    public const int HistoriesPerContext = 4;

    /// <summary>Walks that are under way at once. More make bigger batches and need more rows; the others start as these end.</summary>
    public const int WalksAtOnce = 128;

    // Finished rows are dropped from the working batch when fewer than this share is alive.
    private const double CompactBelow = 0.6;

    // New rows join a batch when they are at least one for so many that are in it: to compute what they begin with is a pass of its own,
    // which reads all weights for one row as for several.
    private const int RowsPerJoining = 8;

    private readonly LanguageModel _model;
    private readonly int _actionEnd;
    private readonly int _maxActionTokens;
    private readonly int _rowsPerPass;
    private readonly int _walksAtOnce;
    private readonly PagedCache _cache;
    private readonly WalkQueue<Request> _walks;
    private readonly bool _continuous;
    private readonly Queue<Request> _line = new();       // asked for, and not in a batch yet
    private List<Request> _live = [];                    // being decoded, a row each
    private WorkingRows? _room;                          // those rows while decoding is continuous
    private long _asked;

    /// <summary>An engine for one model.</summary>
    /// <param name="model">Its weights may change between runs; call <see cref="Forget"/> then.</param>
    /// <param name="actionEnd">Token that ends an action.</param>
    /// <param name="maxActionTokens">Longest action.</param>
    /// <param name="cancellationToken">Ends <see cref="Run"/> at the next batch.</param>
    /// <param name="cacheRows">Whole contexts whose keys and values there is room for; by default as many as fit <see cref="CacheBytes"/>.</param>
    /// <param name="walksAtOnce">Walks that are under way at once.</param>
    /// <param name="rowsPerPass">Rows computed in one piece; at most half of <paramref name="cacheRows"/>.</param>
    /// <param name="pageLength">Positions of a page of the cache; by default <see cref="PagePositions"/> for a large model, and the whole context for a small one.</param>
    /// <param name="continuous">Whether actions join and leave a batch as they begin and end, or it is decoded to the end of its longest; by default a large model's do.</param>
    public SamplingEngine(
        LanguageModel model,
        int actionEnd,
        int maxActionTokens,
        CancellationToken cancellationToken,
        int? cacheRows = null,
        int rowsPerPass = RowsPerPass,
        int walksAtOnce = WalksAtOnce,
        int? pageLength = null,
        bool? continuous = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowsPerPass, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(pageLength ?? 1, 1, nameof(pageLength));
        var bytesPerRow = model.Layers * ((2L * model.CacheNumberBytes * model.Context * model.CacheHeads * model.HeadWidth) + (sizeof(float) * model.ProjectionWidth));
        var rows = cacheRows ?? (int)Math.Clamp(CacheBytes / bytesPerRow, 2L * rowsPerPass, 4096);
        if (rowsPerPass > rows / 2)
        {
            // What a pass begins with and what it leaves must have room together.
            throw new ArgumentOutOfRangeException(nameof(rowsPerPass), rowsPerPass, $"A pass of {rowsPerPass} rows needs a cache of {2L * rowsPerPass} rows at least, but there are {rows}.");
        }

        (_model, _actionEnd, _maxActionTokens, _rowsPerPass, _walksAtOnce) = (model, actionEnd, maxActionTokens, rowsPerPass, walksAtOnce);
        _continuous = continuous ?? model.IsLarge;
        _walks = new WalkQueue<Request>(_continuous ? Advance : AnswerAll, request => request.Complete(), cancellationToken);
        FeedsForcedTogether = model.IsLarge;
        DrawsOnDevice = model.Device.IsCard();
        var page = Math.Min(pageLength ?? (model.IsLarge ? PagePositions : model.Context), model.Context);
        _cache = new PagedCache(model, page, rows * (PagedCache.WholePages(model.Context, page) / page), page < model.Context ? HistoriesPerContext * rows : rows);
    }

    /// <summary>
    /// Histories whose keys and values can be kept at once. Each is kept in any case where pages are whole contexts; with smaller pages as many as this are where
    /// they are short or begin alike, and <see cref="PagesInUse"/> says how far that holds.
    /// </summary>
    public int Rows => _cache.Histories;

    /// <summary>Pages of keys and values.</summary>
    public int Pages => _cache.Pages;

    /// <summary>Pages that a history holds; one that several share counts once.</summary>
    public int PagesInUse => _cache.PagesInUse;

    /// <summary>Walks that are under way at once unless a caller says less; fewer where a large model leaves little room.</summary>
    public int MostWalks => _walksAtOnce;

    /// <summary>Tokens the policy wrote.</summary>
    public long TokensGenerated { get; private set; }

    /// <summary>Tokens of actions that were the only ones left by a mask: fed, but not sampled.</summary>
    public long TokensForced { get; private set; }

    /// <summary>Tokens fed without being sampled: instructions and observations, and again what lost its pages.</summary>
    public long TokensPrefilled { get; private set; }

    /// <summary>Of the prefilled tokens, those that had been computed before and were no longer kept.</summary>
    public long TokensRecomputed { get; private set; }

    /// <summary>Passes through the model that decoded, for one or more tokens each.</summary>
    public long DecodePasses { get; private set; }

    /// <summary>Rows of these passes together, with those that were done and only carried along.</summary>
    public long DecodedRows { get; private set; }

    /// <summary>Tokens that a mask leaves alone are fed with the token before them, in one pass. A small model gains nothing, and keeps its digits.</summary>
    internal bool FeedsForcedTogether { get; init; }

    /// <summary>
    /// Tokens are drawn where the logits are, and only what was drawn comes to the processor, in one piece for all rows: a vocabulary for every row would
    /// take longer to travel than the pass to compute. On the processor itself they are drawn in C#, as ever.
    /// </summary>
    internal bool DrawsOnDevice { get; init; }

    /// <summary>A history of its own.</summary>
    public static History Start(int[] tokens) => new(null, tokens);

    /// <summary>
    /// The history with an observation at its end. It takes over the pages, since nothing else can follow the same action in a
    /// deterministic environment.
    /// </summary>
    public History Append(History history, int[] tokens)
    {
        ArgumentNullException.ThrowIfNull(history);
        var after = new History(history, tokens);
        _cache.Move(history, after);
        return after;
    }

    /// <summary>Samples one action after a history.</summary>
    /// <param name="history">Ends where the policy has to write.</param>
    /// <param name="temperature">1 for the plain softmax, 0 for greedy.</param>
    /// <param name="random">The walk's own stream; not read when greedy.</param>
    /// <param name="last">Nothing else will be sampled after this history, so its pages may be used up.</param>
    /// <param name="allowed">The actions that may be written; null for any. Probabilities are those of the tokens it leaves.</param>
    public ValueTask<SampledAction> SampleAsync(History history, double temperature, SeededRandom random, bool last, ActionTrie? allowed = null)
    {
        ArgumentNullException.ThrowIfNull(history);
        if (history.Length + _maxActionTokens > _model.Context)
        {
            throw new ArgumentException($"A history of {history.Length} tokens leaves no room for an action of {_maxActionTokens} in the context of {_model.Context}.", nameof(history));
        }

        var request = new Request(history, temperature, random, last, allowed) { Number = _asked++ };
        _walks.Ask(request);
        return request.Task;
    }

    /// <summary>Gives the pages of a history back at once; for episodes that ended.</summary>
    public void Release(History history)
    {
        ArgumentNullException.ThrowIfNull(history);
        _cache.Release(history);
    }

    /// <summary>Forgets everything computed; needed after the weights changed.</summary>
    public void Forget() => _cache.Forget();

    /// <summary>
    /// Runs walks to their end, <see cref="MostWalks"/> of them at a time. Walks start in order and go on when they are answered: in turns all together, a
    /// large model's as their actions end; those that are answered together in the order in which they asked.
    /// </summary>
    /// <param name="walks">Each is started when its turn comes.</param>
    /// <param name="atOnce">Fewer at a time, where each keeps many histories.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Run(IEnumerable<Func<Task>> walks, int? atOnce = null)
    {
        try
        {
            _walks.Run(walks, atOnce ?? _walksAtOnce);
        }
        finally
        {
            // Nothing is left but after an exception.
            _live.ForEach(r => _cache.Return(r.Begin));
            _live.Clear();
            _line.Clear();
            _room?.Free();
            _room = null;
            _cache.Unpin();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cache.Dispose();
    }

    // ---- in turns: everything that waits is decoded to its end ---------------------------------------------------------

    private Request[] AnswerAll(Request[] requests)
    {
        foreach (var part in requests.Chunk(_rowsPerPass))
        {
            using var noGrad = no_grad();
            using var free = ComputeDevice.Free(_model.Device);
            MakeReady(part);
            Decode(part);
        }

        return requests;
    }

    // What is known of these histories, and their logits, is in the cache after this, and stays there until it is unpinned.
    private void MakeReady(Request[] requests)
    {
        _cache.Pin();
        foreach (var history in requests.Select(r => r.History).Where(h => h.Place >= 0))
        {
            _cache.Touch(history);
        }

        Prefill([.. requests.Select(r => r.History).Where(h => !h.HasLogits).Distinct()]);
    }

    // ---- continuously: rows join and leave between two passes ------------------------------------------------------------

    private List<Request> Advance(Request[] asked)
    {
        using var noGrad = no_grad();
        using var free = ComputeDevice.Free(_model.Device);
        Array.ForEach(asked, _line.Enqueue);
        while (true)
        {
            using var step = NewDisposeScope();
            var done = Join();
            if (done.Count == 0 && _live.Count > 0)
            {
                done = Leave(Draw(_live, Feed(_room!.Whole.Cut(_live.Count, FedWidth()))));
            }

            if (done.Count > 0)
            {
                // They are few, and go on in the order in which they asked.
                return [.. done.OrderBy(r => r.Number)];
            }
        }
    }

    // The first of the line, as many as a pass can take beside those that are in it. Each draws its first token at once.
    private List<Request> Join()
    {
        var count = Math.Min(_line.Count, _rowsPerPass - _live.Count);
        if (count == 0 || count * RowsPerJoining < _live.Count)
        {
            return [];
        }

        Request[] joining = [.. Enumerable.Range(0, count).Select(_ => _line.Dequeue())];
        MakeReady(joining);
        _room ??= _cache.Room(_rowsPerPass);
        _cache.Lay(_room, [.. joining.Select((r, i) => (_live.Count + i, r.History))]);
        var logits = _cache.Logits.index_select(0, _cache.OnDevice([.. joining.Select(r => (long)r.History.Place)]));
        Hold(joining);
        var first = _live.Count;
        _live.AddRange(joining);
        return Leave([.. Draw([.. joining], logits).Select(i => first + i)]);
    }

    // Finished rows are stored, and the last ones move into their places, so that no row is carried along.
    private List<Request> Leave(List<int> finished)
    {
        if (finished.Count == 0)
        {
            return [];
        }

        Store(finished, _room!);
        List<Request> done = [.. finished.Select(b => _live[b])];
        var left = _live.Count - finished.Count;
        var moves = finished.Where(b => b < left)
            .Zip(Enumerable.Range(left, finished.Count).Where(b => !_live[b].Done), (to, from) => (From: from, To: to, Positions: _live[from].FedPosition))
            .ToList();
        _cache.Copy(_room!, moves);
        moves.ForEach(m => _live[m.To] = _live[m.From]);
        _live.RemoveRange(left, finished.Count);
        return done;
    }

    // Whole pages, so that shapes change seldom; with room for what is fed now.
    private int FedWidth() => Math.Min(_model.Context, PagedCache.WholePages(_live.Max(r => r.FedPosition) + _live.Max(r => r.Tokens.Count - r.Fed), _cache.PageLength));

    // What each action will begin with stays, even if its history is given up before it is written.
    private void Hold(IEnumerable<Request> requests)
    {
        foreach (var request in requests)
        {
            request.Begin = _cache.Share(request.History);
        }

        _cache.Unpin();
    }

    // ---- prefill: compute what is not known yet of each history, in its own pages --------------------------------------

    private void Prefill(History[] histories)
    {
        // Rows of like length together: padding is computed too.
        foreach (var part in histories.OrderByDescending(h => h.Length - h.Cached).Chunk(Math.Max(1, _rowsPerPass / 2)))
        {
            using var scope = NewDisposeScope();
            var tokens = part.Select(h => h.ToArray()).ToArray();
            var sources = Claim(part);
            var starts = part.Select(h => h.Cached).ToArray();
            var counts = part.Select(h => h.Length - h.Cached).ToArray();
            var added = counts.Max();
            var ids = new long[part.Length * added];
            for (var b = 0; b < part.Length; b++)
            {
                for (var j = 0; j < counts[b]; j++)
                {
                    ids[(b * added) + j] = tokens[b][starts[b] + j];
                }
            }

            // With room for the padding of every row: it is clamped to the last position, and must not lie on a real token there.
            var width = Math.Min(_model.Context, starts.Max() + added);
            var working = _cache.Take([.. sources.Select(s => s.Pages)], [.. sources.Select(s => s.Place)], width);
            // A place may be new: what an earlier owner left as its last projection is not this history's.
            ZeroProjections(working.Cut, starts);
            var logits = _model.Continue(tensor(ids, [part.Length, added], device: _model.Device), starts, counts, working.Cut);
            _cache.Put(working, [.. part.Select((h, b) => (b, h, starts[b]))]);
            _cache.Logits.index_copy_(0, _cache.OnDevice([.. part.Select(h => (long)h.Place)]), logits);
            for (var b = 0; b < part.Length; b++)
            {
                TokensPrefilled += counts[b] - part[b].Unfed;
                TokensRecomputed += Math.Max(0, part[b].Computed - starts[b]);
                (part[b].Cached, part[b].HasLogits, part[b].Unfed, part[b].Computed) = (part[b].Length, true, 0, part[b].Length);
            }
        }
    }

    // Pages for all of each history. One that is not kept shares the full pages of what is kept of its beginning, if anything is. What is known of each is
    // to be read from the pages that come back: the last page of a beginning is still the beginning's there, and the history's own once it is written.
    private (int[] Pages, int Place)[] Claim(History[] histories)
    {
        var beginnings = histories.Select(h => h.Place < 0 ? h.NearestKept() : null).ToArray();
        foreach (var beginning in beginnings.OfType<History>())
        {
            // Used now: claiming must not take it away.
            _cache.Touch(beginning);
        }

        return [.. histories.Zip(beginnings, (history, beginning) =>
        {
            if (history.Place >= 0)
            {
                var known = _cache.Known(history);
                _cache.Extend(history, history.Length);
                return (known, history.Place);
            }

            _cache.Claim(history, beginning is null ? [] : _cache.Share(beginning), history.Length);
            history.Cached = beginning?.Cached ?? 0;
            return beginning is null ? ([], history.Place) : (_cache.Known(beginning), beginning.Place);
        })];
    }

    private void ZeroProjections(CacheRows working, int[] starts)
    {
        if (_model.ProjectionWidth == 0 || Array.TrueForAll(starts, s => s > 0))
        {
            return;
        }

        var keep = tensor(starts.Select(s => s > 0 ? 1f : 0f).ToArray(), device: _model.Device).unsqueeze(1);
        foreach (var projection in working.Projections)
        {
            projection.mul_(keep);
        }
    }

    // ---- decode: one drawn token at a time for all rows, with the certain ones after it, finished rows leave the working batch --------------------------------

    private void Decode(Request[] requests)
    {
        using var scope = NewDisposeScope();
        _live = [.. requests];
        var longest = Math.Min(_model.Context, _live.Max(r => r.History.Length) + _maxActionTokens);
        int[] places = [.. _live.Select(r => r.History.Place)];
        var working = _cache.Take([.. _live.Select(r => _cache.Known(r.History))], places, longest);
        var logits = _cache.Logits.index_select(0, _cache.OnDevice([.. places.Select(p => (long)p)]));
        Hold(_live);
        var alive = _live.Count;
        while (true)
        {
            using var step = NewDisposeScope();
            var finished = Draw(_live, logits);
            // At once, while the working rows hold exactly what was fed: carried rows are fed garbage from here on.
            Store(finished, working);
            alive -= finished.Count;
            if (alive == 0)
            {
                _live.Clear();
                return;
            }

            if (alive < CompactBelow * _live.Count)
            {
                var kept = Enumerable.Range(0, _live.Count).Where(b => !_live[b].Done).ToArray();
                _live = [.. kept.Select(b => _live[b])];
                var smaller = working.Keep(_cache.OnDevice(kept.Select(b => (long)b).ToArray()));
                working.Free();
                working = smaller.MoveToOuterDisposeScope();
            }

            logits.Dispose();
            logits = Feed(working.Cut).MoveToOuterDisposeScope();
        }
    }

    // The next token of every row that is not done, and the certain ones after it; rows that are done are only carried along. Gives the rows that are done now.
    private List<int> Draw(List<Request> rows, Tensor logits)
    {
        var logProbs = DrawsOnDevice ? [] : logits.log_softmax(-1).data<float>().ToArray();
        var drawn = DrawsOnDevice ? DeviceDraws.Of(logits, rows) : null;
        var finished = new List<int>();
        for (var b = 0; b < rows.Count; b++)
        {
            if (rows[b].Done)
            {
                continue;
            }

            var left = rows[b].Cursor?.Left();
            if (left is [var only])
            {
                rows[b].Take(only, _actionEnd, _maxActionTokens);
                TokensForced++;
            }
            else
            {
                rows[b].Take(drawn?.Take(b, left, rows[b]) ?? Draw(logProbs.AsSpan(b * _model.Vocabulary, _model.Vocabulary), left, rows[b]), _actionEnd, _maxActionTokens);
                TokensGenerated++;
            }

            while (FeedsForcedTogether && !rows[b].Done && rows[b].Cursor?.Left() is [var next])
            {
                rows[b].Take(next, _actionEnd, _maxActionTokens);
                TokensForced++;
            }

            if (rows[b].Done)
            {
                finished.Add(b);
            }
        }

        return finished;
    }

    // One pass with what was written and not fed yet, a row for each that is live. Gives the logits after it.
    private Tensor Feed(CacheRows working)
    {
        // The last token of an action is never fed, so padding, which is clamped to the last position, lies on no token there.
        var counts = _live.Select(r => r.Done ? 1 : r.Tokens.Count - r.Fed).ToArray();
        var added = counts.Max();
        var ids = new long[_live.Count * added];
        for (var b = 0; b < _live.Count; b++)
        {
            for (var j = 0; j < counts[b]; j++)
            {
                ids[(b * added) + j] = _live[b].Done ? _live[b].Tokens[^1] : _live[b].Tokens[_live[b].Fed + j];
            }
        }

        var starts = _live.Select(r => r.FedPosition).ToArray();
        var logits = _model.Continue(tensor(ids, [_live.Count, added], device: _model.Device), starts, counts, working);
        DecodePasses++;
        DecodedRows += _live.Count;
        for (var b = 0; b < _live.Count; b++)
        {
            _live[b].Fed += _live[b].Done ? 0 : counts[b];
        }

        return logits;
    }

    // Finished rows keep the full pages of their beginning, and write what is new into pages of their own.
    private void Store(List<int> finished, WorkingRows working)
    {
        if (finished.Count == 0)
        {
            return;
        }

        var written = new List<(int Row, History History, int First)>();
        // None of these gives its pages up to the next before they are written.
        _cache.Pin();
        foreach (var (b, request) in finished.Select(b => (b, _live[b])))
        {
            var after = new History(request.History, [.. request.Tokens]) { Unfed = request.Tokens.Count - request.Fed };
            if (request.Last)
            {
                // Its last page is the first to be taken again.
                Release(request.History);
            }

            var shared = request.Begin.Length * _cache.PageLength;
            _cache.Claim(after, request.Begin, request.FedPosition);
            request.Begin = [];
            after.Cached = request.FedPosition;
            after.Computed = Math.Max(after.Computed, after.Cached);
            request.After = after;
            written.Add((b, after, shared));
        }

        _cache.Put(working, written);
        _cache.Unpin();
    }

    // The draw among the tokens that a mask leaves, or among all.
    private static int Draw(ReadOnlySpan<float> logProbs, int[]? left, Request request)
    {
        if (left is null)
        {
            return Draw(logProbs, request);
        }

        Span<float> masked = left.Length <= 4096 ? stackalloc float[left.Length] : new float[left.Length];
        for (var i = 0; i < left.Length; i++)
        {
            masked[i] = logProbs[left[i]];
        }

        return DrawAmong(masked, left, request);
    }

    // Renormalised, so that the log-probability is that of the distribution it was drawn from.
    private static int DrawAmong(Span<float> masked, int[] left, Request request)
    {
        var sum = 0.0;
        foreach (var logProb in masked)
        {
            sum += Math.Exp(logProb);
        }

        // Tokens of vanishing probability can be all that is left: then they share evenly what rounding took from them.
        var shift = sum > 0 ? (float)Math.Log(sum) : masked[0];
        for (var i = 0; i < left.Length; i++)
        {
            masked[i] -= shift;
        }

        return left[Draw(masked, request)];
    }

    private static int Draw(ReadOnlySpan<float> logProbs, Request request)
    {
        if (request.Temperature <= 0)
        {
            var best = 0;
            for (var i = 1; i < logProbs.Length; i++)
            {
                best = logProbs[i] > logProbs[best] ? i : best;
            }

            request.LogProb += logProbs[best];
            return best;
        }

        // Inverse of the cumulative distribution in double: the same token on every machine that has the same logits.
        Span<double> weights = logProbs.Length <= 4096 ? stackalloc double[logProbs.Length] : new double[logProbs.Length];
        var total = 0.0;
        for (var i = 0; i < logProbs.Length; i++)
        {
            weights[i] = Math.Exp(logProbs[i] / request.Temperature);
            total += weights[i];
        }

        var left = request.Random.NextDouble() * total;
        var token = logProbs.Length - 1;
        for (var i = 0; i < logProbs.Length; i++)
        {
            left -= weights[i];
            if (left < 0)
            {
                token = i;
                break;
            }
        }

        request.LogProb += logProbs[token];
        return token;
    }

    /// <summary>What one pass draws where its logits are. Free rows come back as a token and its log-probability, masked ones as the log-probabilities that the mask leaves.</summary>
    private sealed class DeviceDraws
    {
        private readonly Dictionary<int, int> _places = [];
        private double[] _numbers = [];
        private int _free;

        /// <summary>Draws for every row that needs it.</summary>
        /// <param name="logits">(B, V), on any device.</param>
        /// <param name="live">Whose rows they are.</param>
        public static DeviceDraws Of(Tensor logits, List<Request> live)
        {
            var draws = new DeviceDraws();
            var free = Enumerable.Range(0, live.Count).Where(b => !live[b].Done && live[b].Cursor?.Left() is null).ToArray();
            var masked = new List<long>();
            draws._free = free.Length;
            for (var i = 0; i < free.Length; i++)
            {
                draws._places[free[i]] = i;
            }

            for (var b = 0; b < live.Count; b++)
            {
                if (!live[b].Done && live[b].Cursor?.Left() is { Length: > 1 } left)
                {
                    draws._places[b] = (2 * free.Length) + masked.Count;
                    masked.AddRange(left.Select(token => (b * logits.shape[1]) + token));
                }
            }

            if (draws._places.Count == 0)
            {
                return draws;
            }

            using var scope = NewDisposeScope();
            var logProbs = logits.log_softmax(-1);
            var parts = new List<Tensor>();
            if (free.Length > 0)
            {
                var own = free.Length == live.Count ? logProbs : logProbs.index_select(0, tensor(free.Select(b => (long)b).ToArray(), device: logits.device));   // (F, V)
                var tokens = Tokens(own, [.. free.Select(b => live[b])]);                                        // (F, 1)
                parts.Add(tokens.to(float64).view(-1));
                parts.Add(own.gather(1, tokens).to(float64).view(-1));
            }

            if (masked.Count > 0)
            {
                parts.Add(logProbs.view(-1).index_select(0, tensor(masked.ToArray(), device: logits.device)).to(float64));
            }

            draws._numbers = cat(parts).cpu().data<double>().ToArray();
            return draws;
        }

        /// <summary>The token of a row, and its log-probability into the request.</summary>
        public int Take(int row, int[]? left, Request request)
        {
            var place = _places[row];
            if (left is null)
            {
                request.LogProb += (float)_numbers[place + _free];
                return (int)_numbers[place];
            }

            Span<float> masked = left.Length <= 4096 ? stackalloc float[left.Length] : new float[left.Length];
            for (var i = 0; i < left.Length; i++)
            {
                masked[i] = (float)_numbers[place + i];
            }

            return DrawAmong(masked, left, request);
        }

        // As Draw has it: the first token at which the sum of all before it passes the number that was drawn.
        private static Tensor Tokens(Tensor logProbs, Request[] requests)
        {
            var greedy = logProbs.argmax(-1, keepdim: true);                                                     // (F, 1)
            if (Array.TrueForAll(requests, r => r.Temperature <= 0))
            {
                return greedy;
            }

            var device = logProbs.device;
            var last = logProbs.shape[1] - 1;
            var temperatures = Column([.. requests.Select(r => r.Temperature <= 0 ? 1 : r.Temperature)]);
            var numbers = Column([.. requests.Select(r => r.Temperature <= 0 ? 0 : r.Random.NextDouble())]);
            var sums = (logProbs.to(float64) / temperatures).exp().cumsum(-1);                                   // (F, V)
            var drawn = sums.le(sums.narrow(1, last, 1) * numbers).sum(1, keepdim: true, type: int64).clamp_max(last);
            return Array.TrueForAll(requests, r => r.Temperature > 0) ? drawn : greedy.where(tensor([.. requests.Select(r => r.Temperature <= 0)], device: device).unsqueeze(1), drawn);

            Tensor Column(double[] values) => tensor(values, device: device).unsqueeze(1);
        }
    }

    /// <summary>One action being sampled.</summary>
    private sealed class Request(History history, double temperature, SeededRandom random, bool last, ActionTrie? allowed) : IValueTaskSource<SampledAction>
    {
        private ManualResetValueTaskSourceCore<SampledAction> _core;

        public History History { get; } = history;

        /// <summary>In the order in which walks asked.</summary>
        public long Number { get; init; }

        public double Temperature { get; } = temperature;

        public SeededRandom Random { get; } = random;

        public bool Last { get; } = last;

        /// <summary>Where the action written so far stands in what is allowed; null for no constraint.</summary>
        public ActionTrie.Cursor? Cursor { get; } = allowed?.Start();

        public List<int> Tokens { get; } = [];

        public double LogProb { get; set; }

        public bool Done { get; private set; }

        public History? After { get; set; }

        /// <summary>Full pages of the history, held until the action is written behind them.</summary>
        public int[] Begin { get; set; } = [];

        /// <summary>How many sampled tokens have been fed; the last one of an action never is, its observation follows at once.</summary>
        public int Fed { get; set; }

        public int FedPosition => History.Length + Fed;

        public ValueTask<SampledAction> Task => new(this, _core.Version);

        public void Take(int token, int actionEnd, int limit)
        {
            Tokens.Add(token);
            Cursor?.Take(token);
            Done = token == actionEnd || Tokens.Count == limit;
            Truncated = Done && token != actionEnd;
        }

        private bool Truncated { get; set; }

        public void Complete() => _core.SetResult(new SampledAction(After!, [.. Tokens], LogProb, Truncated));

        public SampledAction GetResult(short token) => _core.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _core.OnCompleted(continuation, state, token, flags);
    }
}
