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
/// </summary>
/// <remarks>
/// Keys and values live in rows of one cache. Sampling from a history copies its row, unless the caller says that nothing else
/// will continue it; an observation is appended in place. Rows of histories that nobody uses any more are taken back, the
/// least recently used first; a history that lost its row is computed again when needed (and counted as prefilled again).
/// </remarks>
public sealed class SamplingEngine : IActionSampler, IDisposable
{
    /// <summary>Rows computed in one piece: more fill the processor's cache with temporaries, fewer pay call overhead.</summary>
    public const int RowsPerPass = 256;

    /// <summary>Memory for keys and values.</summary>
    public const long CacheBytes = 256L << 20;

    /// <summary>Walks that are under way at once. More make bigger batches and need more rows; the others start as these end.</summary>
    public const int WalksAtOnce = 128;

    // Finished rows are dropped from the working batch when fewer than this share is alive.
    private const double CompactBelow = 0.6;

    private readonly LanguageModel _model;
    private readonly int _actionEnd;
    private readonly int _maxActionTokens;
    private readonly int _rowsPerPass;
    private readonly int _walksAtOnce;
    private readonly CacheRows _cache;
    private readonly Tensor _nextLogits;                 // (rows, V)
    private readonly History?[] _owners;
    private readonly long[] _lastUse;
    private readonly Stack<int> _free;
    private readonly WalkQueue<Request> _walks;
    private long _clock;

    /// <summary>An engine for one model.</summary>
    /// <param name="model">Its weights may change between runs; call <see cref="Forget"/> then.</param>
    /// <param name="actionEnd">Token that ends an action.</param>
    /// <param name="maxActionTokens">Longest action.</param>
    /// <param name="cancellationToken">Ends <see cref="Run"/> at the next batch.</param>
    /// <param name="cacheRows">Histories whose keys and values are kept; by default as many as fit <see cref="CacheBytes"/>.</param>
    /// <param name="walksAtOnce">Walks that are under way at once.</param>
    /// <param name="rowsPerPass">Rows computed in one piece; at most half of <paramref name="cacheRows"/>.</param>
    public SamplingEngine(LanguageModel model, int actionEnd, int maxActionTokens, CancellationToken cancellationToken, int? cacheRows = null, int rowsPerPass = RowsPerPass, int walksAtOnce = WalksAtOnce)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _actionEnd, _maxActionTokens, _rowsPerPass, _walksAtOnce) = (model, actionEnd, maxActionTokens, rowsPerPass, walksAtOnce);
        _walks = new WalkQueue<Request>(AnswerAll, request => request.Complete(), cancellationToken);
        var bytesPerRow = sizeof(float) * model.Layers * ((2L * model.Context * model.CacheHeads * model.HeadWidth) + model.ProjectionWidth);
        var rows = cacheRows ?? (int)Math.Clamp(CacheBytes / bytesPerRow, 2 * RowsPerPass, 4096);
        FeedsForcedTogether = model.IsLarge;
        _cache = CacheRows.Allocate(model, rows, model.Context);
        DrawsOnDevice = model.Device.IsCard();
        _nextLogits = zeros(rows, model.Vocabulary, device: model.Device).DetachFromDisposeScope();
        _owners = new History?[rows];
        _lastUse = new long[rows];
        _free = new Stack<int>(Enumerable.Range(0, rows).Reverse());
    }

    /// <summary>Histories whose keys and values can be kept at once.</summary>
    public int Rows => _owners.Length;

    /// <summary>Walks that are under way at once unless a caller says less; fewer where a large model leaves few rows.</summary>
    public int MostWalks => _walksAtOnce;

    /// <summary>Tokens the policy wrote.</summary>
    public long TokensGenerated { get; private set; }

    /// <summary>Tokens of actions that were the only ones left by a mask: fed, but not sampled.</summary>
    public long TokensForced { get; private set; }

    /// <summary>Tokens fed without being sampled: instructions and observations, and again what lost its row.</summary>
    public long TokensPrefilled { get; private set; }

    /// <summary>Of the prefilled tokens, those that had been computed before and were no longer kept.</summary>
    public long TokensRecomputed { get; private set; }

    /// <summary>Passes through the model that decoded, for one or more tokens each.</summary>
    public long DecodePasses { get; private set; }

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
    /// The history with an observation at its end. It takes over the row, since nothing else can follow the same action in a
    /// deterministic environment.
    /// </summary>
    public History Append(History history, int[] tokens)
    {
        ArgumentNullException.ThrowIfNull(history);
        var after = new History(history, tokens);
        MoveRow(history, after);
        return after;
    }

    /// <summary>Samples one action after a history.</summary>
    /// <param name="history">Ends where the policy has to write.</param>
    /// <param name="temperature">1 for the plain softmax, 0 for greedy.</param>
    /// <param name="random">The walk's own stream; not read when greedy.</param>
    /// <param name="last">Nothing else will be sampled after this history, so its row may be used up.</param>
    /// <param name="allowed">The actions that may be written; null for any. Probabilities are those of the tokens it leaves.</param>
    public ValueTask<SampledAction> SampleAsync(History history, double temperature, SeededRandom random, bool last, ActionTrie? allowed = null)
    {
        ArgumentNullException.ThrowIfNull(history);
        if (history.Length + _maxActionTokens > _model.Context)
        {
            throw new ArgumentException($"A history of {history.Length} tokens leaves no room for an action of {_maxActionTokens} in the context of {_model.Context}.", nameof(history));
        }

        var request = new Request(history, temperature, random, last, allowed);
        _walks.Ask(request);
        return request.Task;
    }

    /// <summary>Gives the row of a history back at once; for episodes that ended.</summary>
    public void Release(History history)
    {
        ArgumentNullException.ThrowIfNull(history);
        if (history.Row >= 0)
        {
            _owners[history.Row] = null;
            _free.Push(history.Row);
            (history.Row, history.Cached, history.HasLogits) = (-1, 0, false);
        }
    }

    /// <summary>Forgets everything computed; needed after the weights changed.</summary>
    public void Forget()
    {
        foreach (var owner in _owners)
        {
            if (owner is not null)
            {
                Release(owner);
            }
        }
    }

    /// <summary>
    /// Runs walks to their end, <see cref="MostWalks"/> of them at a time. Walks start in order and are continued in the order in
    /// which they asked.
    /// </summary>
    /// <param name="walks">Each is started when its turn comes.</param>
    /// <param name="atOnce">Fewer at a time, where each keeps many histories.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Run(IEnumerable<Func<Task>> walks, int? atOnce = null)
    {
        _walks.Run(walks, atOnce ?? _walksAtOnce);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cache.Free();
        _nextLogits.Dispose();
    }

    private void AnswerAll(Request[] requests)
    {
        foreach (var part in requests.Chunk(_rowsPerPass))
        {
            Answer(part);
        }
    }

    private void Answer(Request[] requests)
    {
        using var noGrad = no_grad();
        using var free = ComputeDevice.Free(_model.Device);
        foreach (var history in requests.Select(r => r.History).Where(h => h.Row >= 0))
        {
            _lastUse[history.Row] = _clock++;
        }

        Prefill([.. requests.Select(r => r.History).Where(h => !h.HasLogits).Distinct()]);
        Decode(requests);
    }

    // ---- prefill: compute what is not known yet of each history, in its own row --------------------------------------

    private void Prefill(History[] histories)
    {
        // Rows of like length together: padding is computed too.
        foreach (var part in histories.OrderByDescending(h => h.Length - h.Cached).Chunk(_rowsPerPass / 2))
        {
            using var scope = NewDisposeScope();
            var tokens = part.Select(h => h.ToArray()).ToArray();
            ClaimRows([.. part.Where(h => h.Row < 0)]);
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
            var rows = OnDevice(part.Select(h => (long)h.Row).ToArray());
            var working = _cache.Take(rows, width);
            // A row may be new: what an earlier owner left as its last projection is not this history's.
            ZeroProjections(working, starts);
            var logits = _model.Continue(tensor(ids, [part.Length, added], device: _model.Device), starts, counts, working);
            _cache.Put(rows, working);
            _nextLogits.index_copy_(0, rows, logits);
            for (var b = 0; b < part.Length; b++)
            {
                TokensPrefilled += counts[b] - part[b].Unfed;
                TokensRecomputed += Math.Max(0, part[b].Computed - starts[b]);
                (part[b].Cached, part[b].HasLogits, part[b].Unfed, part[b].Computed) = (part[b].Length, true, 0, part[b].Length);
            }
        }
    }

    // A history without a row begins with a copy of what is kept of its beginning, if anything is.
    private void ClaimRows(History[] histories)
    {
        var beginnings = histories.Select(h => h.NearestKept()).ToArray();
        foreach (var beginning in beginnings.OfType<History>())
        {
            // Used now: claiming must not take it away.
            _lastUse[beginning.Row] = _clock++;
        }

        foreach (var history in histories)
        {
            Claim(history);
        }

        var copied = Enumerable.Range(0, histories.Length).Where(i => beginnings[i] is not null).ToArray();
        if (copied.Length == 0)
        {
            return;
        }

        var from = _cache.Take(OnDevice(copied.Select(i => (long)beginnings[i]!.Row).ToArray()), copied.Max(i => beginnings[i]!.Cached));
        _cache.Put(OnDevice(copied.Select(i => (long)histories[i].Row).ToArray()), from);
        foreach (var i in copied)
        {
            histories[i].Cached = beginnings[i]!.Cached;
        }
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
        var live = requests.ToList();
        var longest = Math.Min(_model.Context, live.Max(r => r.History.Length) + _maxActionTokens);
        var sources = OnDevice(live.Select(r => (long)r.History.Row).ToArray());
        var working = _cache.Take(sources, longest);
        var logits = _nextLogits.index_select(0, sources);
        var alive = live.Count;
        while (true)
        {
            // Sample the next token of every row that is not done; rows that are done are only carried along.
            using var step = NewDisposeScope();
            var logProbs = DrawsOnDevice ? [] : logits.log_softmax(-1).data<float>().ToArray();
            var drawn = DrawsOnDevice ? DeviceDraws.Of(logits, live) : null;
            var finished = new List<int>();
            for (var b = 0; b < live.Count; b++)
            {
                if (live[b].Done)
                {
                    continue;
                }

                var left = live[b].Cursor?.Left();
                if (left is [var only])
                {
                    live[b].Take(only, _actionEnd, _maxActionTokens);
                    TokensForced++;
                }
                else
                {
                    live[b].Take(drawn?.Take(b, left, live[b]) ?? Draw(logProbs.AsSpan(b * _model.Vocabulary, _model.Vocabulary), left, live[b]), _actionEnd, _maxActionTokens);
                    TokensGenerated++;
                }

                while (FeedsForcedTogether && !live[b].Done && live[b].Cursor?.Left() is [var next])
                {
                    live[b].Take(next, _actionEnd, _maxActionTokens);
                    TokensForced++;
                }

                if (live[b].Done)
                {
                    finished.Add(b);
                }
            }

            // At once, while the working rows hold exactly what was fed: carried rows are fed garbage from here on.
            Store(live, finished, working);
            alive -= finished.Count;
            if (alive == 0)
            {
                return;
            }

            if (alive < CompactBelow * live.Count)
            {
                var kept = Enumerable.Range(0, live.Count).Where(b => !live[b].Done).ToArray();
                live = [.. kept.Select(b => live[b])];
                var smaller = working.Take(OnDevice(kept.Select(b => (long)b).ToArray()), working.Width);
                working.Free();
                working = smaller.MoveToOuterDisposeScope();
            }

            // The last token of an action is never fed, so padding, which is clamped to the last position, lies on no token there.
            var counts = live.Select(r => r.Done ? 1 : r.Tokens.Count - r.Fed).ToArray();
            var added = counts.Max();
            var ids = new long[live.Count * added];
            for (var b = 0; b < live.Count; b++)
            {
                for (var j = 0; j < counts[b]; j++)
                {
                    ids[(b * added) + j] = live[b].Done ? live[b].Tokens[^1] : live[b].Tokens[live[b].Fed + j];
                }
            }

            var starts = live.Select(r => r.FedPosition).ToArray();
            logits.Dispose();
            logits = _model.Continue(tensor(ids, [live.Count, added], device: _model.Device), starts, counts, working).MoveToOuterDisposeScope();
            DecodePasses++;
            for (var b = 0; b < live.Count; b++)
            {
                live[b].Fed += live[b].Done ? 0 : counts[b];
            }
        }
    }

    // Keys and values of finished rows go into a row of their own, or stay where they were when nothing else needs them.
    private void Store(List<Request> live, List<int> finished, CacheRows working)
    {
        if (finished.Count == 0)
        {
            return;
        }

        foreach (var request in finished.Select(b => live[b]))
        {
            var after = new History(request.History, [.. request.Tokens]) { Unfed = request.Tokens.Count - request.Fed };
            if (request.Last && request.History.Row >= 0)
            {
                MoveRow(request.History, after);
            }
            else
            {
                Claim(after);
            }

            after.Cached = request.History.Length + request.Fed;
            after.Computed = Math.Max(after.Computed, after.Cached);
            request.After = after;
        }

        var from = working.Take(OnDevice(finished.Select(b => (long)b).ToArray()), working.Width);
        _cache.Put(OnDevice(finished.Select(b => (long)live[b].After!.Row).ToArray()), from);
    }

    private Tensor OnDevice(long[] numbers) => tensor(numbers, device: _model.Device);

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

    // ---- rows --------------------------------------------------------------------------------------------------------

    private void Claim(History history)
    {
        if (!_free.TryPop(out var row))
        {
            row = LeastRecentlyUsed();
            Release(_owners[row]!);
            _free.Pop();
        }

        _owners[row] = history;
        _lastUse[row] = _clock++;
        (history.Row, history.Cached, history.HasLogits) = (row, 0, false);
    }

    private int LeastRecentlyUsed()
    {
        var oldest = 0;
        for (var row = 1; row < _lastUse.Length; row++)
        {
            oldest = _lastUse[row] < _lastUse[oldest] ? row : oldest;
        }

        return oldest;
    }

    private void MoveRow(History from, History to)
    {
        if (from.Row < 0)
        {
            return;
        }

        _owners[from.Row] = to;
        _lastUse[from.Row] = _clock++;
        (to.Row, to.Cached, to.Unfed) = (from.Row, from.Cached, to.Unfed + from.Unfed);
        (from.Row, from.Cached, from.HasLogits) = (-1, 0, false);
    }

    /// <summary>One action being sampled.</summary>
    private sealed class Request(History history, double temperature, SeededRandom random, bool last, ActionTrie? allowed) : IValueTaskSource<SampledAction>
    {
        private ManualResetValueTaskSourceCore<SampledAction> _core;

        public History History { get; } = history;

        public double Temperature { get; } = temperature;

        public SeededRandom Random { get; } = random;

        public bool Last { get; } = last;

        /// <summary>Where the action written so far stands in what is allowed; null for no constraint.</summary>
        public ActionTrie.Cursor? Cursor { get; } = allowed?.Start();

        public List<int> Tokens { get; } = [];

        public double LogProb { get; set; }

        public bool Done { get; private set; }

        public History? After { get; set; }

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
