using RroDashboard.Core.Statistics;
using RroDashboard.Training.Model;

namespace RroDashboard.Training;

/// <summary>Batches of like length from shuffled passes over a data set.</summary>
public static class Batches
{
    /// <summary>
    /// Tokens, padding included, that go through the model with gradients at once: what is kept for the backward pass is in
    /// proportion. A larger batch is passed in parts whose gradients add up.
    /// </summary>
    public const int TokensPerPass = 4096;

    /// <summary>Attention weights of one head (rows × length²) at once, likewise: with long sequences these are what fills the memory.</summary>
    public const int AttentionPerPass = 1 << 20;

    /// <summary>
    /// Cuts a batch into parts within <see cref="TokensPerPass"/> and <see cref="AttentionPerPass"/>; an item beyond them is a part of its own.
    /// Items of like length come together. A batch that fits is one part, in its own order.
    /// </summary>
    /// <param name="items">The batch.</param>
    /// <param name="length">Tokens of an item.</param>
    /// <param name="model">Brings limits of its own where it is large.</param>
    public static IReadOnlyList<int[]> Parts(IReadOnlyList<int> items, Func<int, int> length, LanguageModel? model = null)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(length);
        if (Fits(items.Count, items.Max(length)))
        {
            return [[.. items]];
        }

        var (parts, part) = (new List<int[]>(), new List<int>());
        foreach (var item in items.OrderBy(length))
        {
            // Rising lengths: this item would be the longest of the part.
            if (part.Count > 0 && !Fits(part.Count + 1, length(item)))
            {
                parts.Add([.. part]);
                part.Clear();
            }

            part.Add(item);
        }

        parts.Add([.. part]);
        return parts;

        bool Fits(int rows, int longest) =>
            rows * longest <= (model?.TokensPerPass ?? TokensPerPass) && (long)rows * longest * longest <= (model?.AttentionPerPass ?? AttentionPerPass);
    }

    /// <summary>
    /// Shuffled passes are joined until every update has its items; each window of <paramref name="windowBatches"/> batches is
    /// sorted by length, cut into batches, and the batches are shuffled. Little padding, no fixed order.
    /// </summary>
    /// <param name="lengths">Length of each item.</param>
    /// <param name="batchSize">Items a batch.</param>
    /// <param name="updates">Number of batches.</param>
    /// <param name="windowBatches">Batches a window.</param>
    /// <param name="random">Stream of its own.</param>
    /// <returns>For each update the indices of its items.</returns>
    public static IReadOnlyList<int[]> Schedule(IReadOnlyList<int> lengths, int batchSize, int updates, int windowBatches, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentNullException.ThrowIfNull(random);
        var batches = new List<int[]>(updates);
        var pass = new List<int>();
        while (batches.Count < updates)
        {
            while (pass.Count < batchSize * windowBatches)
            {
                var order = Enumerable.Range(0, lengths.Count).ToArray();
                random.Shuffle<int>(order);
                pass.AddRange(order);
            }

            var size = batchSize * Math.Min(windowBatches, updates - batches.Count);
            var window = pass.Take(size).OrderBy(i => lengths[i]).Chunk(batchSize).ToArray();
            pass.RemoveRange(0, size);
            random.Shuffle<int[]>(window);
            batches.AddRange(window);
        }

        return batches;
    }
}
