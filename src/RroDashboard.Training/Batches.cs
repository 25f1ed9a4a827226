using RroDashboard.Core.Statistics;

namespace RroDashboard.Training;

/// <summary>Batches of like length from shuffled passes over a data set.</summary>
public static class Batches
{
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
