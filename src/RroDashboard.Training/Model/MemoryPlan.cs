using System.Globalization;
using RroDashboard.Training.Sampling;

namespace RroDashboard.Training.Model;

/// <summary>A run does not fit into memory. One sentence with the numbers.</summary>
public sealed class MemoryPlanException(string message) : Exception(message);

/// <summary>
/// What a run on a published checkpoint will take, computed before anything is loaded. Weights, optimiser and cache are exact; what a pass with
/// gradients keeps is an estimate from the shapes.
/// </summary>
/// <param name="Parts">What for, bytes, of the memory of the device that computes.</param>
public sealed record MemoryPlan(IReadOnlyList<(string What, long Bytes)> Parts)
{
    private const int Float = sizeof(float);
    private const int Half = 2;

    // Runtime, libtorch and the environment's data.
    private const long ProcessBytes = 600L << 20;

    // Kernels, the context of the program, workspaces of cuBLAS, and what the allocator holds back.
    private const long CudaBytes = 1_500L << 20;

    // CUDA's libraries and the buffers of its driver.
    private const long CudaHostBytes = 3L << 30;

    private const long ProcessorPassBytes = 1L << 30;
    private const long CardPassBytes = 4L << 30;

    /// <summary>With a card: what the processor's memory has to hold besides, bytes; 0 where the processor computes, and holds everything.</summary>
    public long HostBytes { get; private init; }

    /// <summary>Memory that one pass with gradients may take beside weights and optimiser, roughly; a batch is cut to it, but for one sequence.</summary>
    /// <param name="onCard">Computed on a card.</param>
    public static long PassBytes(bool onCard) => onCard ? CardPassBytes : ProcessorPassBytes;

    /// <summary>Sum of all parts.</summary>
    public long Bytes => Parts.Sum(p => p.Bytes);

    /// <summary>Memory that this machine, or the container it is in, gives to a process, bytes; what others use of it is not known.</summary>
    public static long AvailableBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>What one token of a pass with gradients keeps, bytes.</summary>
    /// <param name="config">The model.</param>
    /// <param name="recompute">Of every block only its input is kept, and one block at a time is computed again.</param>
    public static long BytesPerToken(DecoderConfig config, bool recompute = false)
    {
        ArgumentNullException.ThrowIfNull(config);
        var (q, kv) = ((long)config.Heads * config.HeadWidth, (long)config.KeyValueHeads * config.HeadWidth);
        var block = (8L * config.Width) + (6L * config.FeedForward) + (5 * q) + (6 * kv);
        return Float * (recompute ? block + ((config.Layers + 2L) * config.Width) : config.Layers * block);
    }

    /// <summary>What one pair of positions of a sequence keeps in such a pass, bytes.</summary>
    /// <param name="config">The model.</param>
    /// <param name="recompute">Only one block is there at a time.</param>
    public static long BytesPerScore(DecoderConfig config, bool recompute = false)
    {
        ArgumentNullException.ThrowIfNull(config);
        return (long)Float * (recompute ? 1 : config.Layers) * config.Heads * (config.AttentionCap > 0 ? 5 : 3);
    }

    /// <summary>Keys and values of one history that fills its context, bytes.</summary>
    public static long BytesPerRow(DecoderConfig config, Tuning tuning, int context)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(tuning);
        return 2L * (tuning.BFloat16 ? Half : Float) * config.Layers * config.KeyValueHeads * config.HeadWidth * context;
    }

    /// <summary>Numbers of a model, and those of them that training changes.</summary>
    public static (long Weights, long Trained) Numbers(DecoderConfig config, Tuning tuning)
    {
        ArgumentNullException.ThrowIfNull(tuning);
        var shapes = Decoder.Shapes(config);
        var weights = shapes.Values.Sum(s => s.Aggregate(1L, (a, b) => a * b));
        return (weights, tuning.IsLora
            ? shapes.Where(s => tuning.Targets.Any(t => s.Key.EndsWith($".{t}.weight", StringComparison.Ordinal))).Sum(s => tuning.Rank * (s.Value[0] + s.Value[1]))
            : weights);
    }

    /// <summary>Adds up a run.</summary>
    /// <param name="config">The model.</param>
    /// <param name="tuning">Which weights training changes.</param>
    /// <param name="context">Longest sequence.</param>
    /// <param name="cacheRows">Whole contexts whose keys and values are kept, in pages.</param>
    /// <param name="rowsPerPass">Histories that go through the model at once.</param>
    /// <param name="copies">Further copies of the trained weights: the collapse guard's.</param>
    /// <param name="onCard">Computed on a card, whose memory is not the processor's.</param>
    public static MemoryPlan Of(DecoderConfig config, Tuning tuning, int context, int cacheRows, int rowsPerPass, int copies, bool onCard = false)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(tuning);
        var shapes = Decoder.Shapes(config);
        var (weights, trained) = Numbers(config, tuning);
        // Matrices that are not trained are kept as they are multiplied; norms and biases keep all their digits.
        var held = shapes.Values.Sum(s => (tuning.StoresBFloat16 && s.Length == 2 ? Half : Float) * s.Aggregate(1L, (a, b) => a * b));
        // Autograd keeps the rounded matrices of what it goes back through.
        var rounded = !tuning.BFloat16 || tuning.IsLora ? 0 : Half * (tuning.Recompute ? (weights / config.Layers) + ((long)config.Vocabulary * config.Width) : weights);
        var largest = shapes.Values.Max(s => s.Aggregate(1L, (a, b) => a * b));
        // One sequence goes through the model even where it is more than a pass should take.
        var pass = Math.Max(PassBytes(onCard), (context * BytesPerToken(config, tuning.Recompute)) + ((long)context * context * BytesPerScore(config, tuning.Recompute)))
            + (3L * Float * context * config.Vocabulary);
        // Without gradients nothing is kept but what one block is at, of half as many histories as go through the model at once: what they begin with is read.
        var readTokens = (long)Math.Max(1, rowsPerPass / 2) * context;
        var reading = readTokens * ((Float * ((3L * config.FeedForward) + (4L * config.Width))) + ((long)config.Heads * context * (tuning.BFloat16 ? (4 * Half) + (2 * Float) : 3 * Float)));
        // What is kept, one empty page, and what a pass works on with a copy of it: all in whole pages.
        var page = Math.Min(SamplingEngine.PagePositions, context);
        var positions = ((cacheRows + (2L * rowsPerPass)) * PagedCache.WholePages(context, page)) + page;
        (string What, long Bytes)[] parts =
        [
            ("weights", held),
            ("gradients and optimiser", 3L * Float * trained),
            ("copies for the collapse guard", (long)Float * trained * copies),
            ("keys and values", positions * BytesPerRow(config, tuning, 1)),
            ("logits", (long)Float * config.Vocabulary * ((SamplingEngine.HistoriesPerContext * (long)cacheRows) + (4L * rowsPerPass))),
            ("one pass with gradients", pass + rounded),
            ("more to read histories", Math.Max(0, reading - pass - rounded)),
        ];
        // A tensor is read as it is stored, and copied. Tokens are drawn where the logits are: in double, with their sums.
        return onCard
            ? new MemoryPlan([.. parts, ("drawing tokens", 3L * sizeof(double) * config.Vocabulary * rowsPerPass), ("CUDA itself", CudaBytes)]) { HostBytes = (2 * Float * largest) + ProcessBytes + CudaHostBytes }
            : new MemoryPlan([.. parts, ("while loading", Float * largest), ("the process itself", ProcessBytes)]);
    }

    /// <summary>Refuses a run that does not fit.</summary>
    /// <param name="available">Bytes, as <see cref="AvailableBytes"/>.</param>
    /// <exception cref="MemoryPlanException">It does not; the sentence has the numbers and what can be lowered.</exception>
    public void Check(long available)
    {
        if (Bytes > available)
        {
            throw new MemoryPlanException(FormattableString.Invariant(
                $"The run needs about {Gigabytes(Bytes)} of memory ({this}), but there are {Gigabytes(available)}: use LoRA (Model.LoraRank), Model.Dtype = BFloat16, Model.GradientCheckpointing = true, a smaller Model.Context, or a smaller checkpoint."));
        }
    }

    /// <summary>Refuses a run that does not fit a card, or the processor's memory beside it.</summary>
    /// <param name="card">For example "cuda:0".</param>
    /// <param name="free">Bytes of its memory that nobody uses; null where that is not known, and nothing is refused.</param>
    /// <param name="available">Bytes of the processor's, as <see cref="AvailableBytes"/>.</param>
    /// <exception cref="MemoryPlanException">It does not; the sentence has the numbers and what can be lowered.</exception>
    public void CheckOn(string card, long? free, long available)
    {
        if (Bytes > free)
        {
            throw new MemoryPlanException(FormattableString.Invariant(
                $"The run needs about {Gigabytes(Bytes)} of the memory of {card} ({this}), of which {Gigabytes(free.Value)} are free: use LoRA (Model.LoraRank), Model.Dtype = BFloat16, Model.GradientCheckpointing = true, a smaller Model.Context, or a smaller checkpoint."));
        }

        if (HostBytes > available)
        {
            throw new MemoryPlanException(FormattableString.Invariant(
                $"Loading the model onto {card} needs about {Gigabytes(HostBytes)} of the processor's memory, but there are {Gigabytes(available)}: use a smaller checkpoint."));
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", Parts.Where(p => p.Bytes > 0).Select(p => $"{p.What} {Gigabytes(p.Bytes)}"));

    private static string Gigabytes(long bytes) => (bytes / 1e9).ToString("0.00", CultureInfo.InvariantCulture) + " GB";
}
