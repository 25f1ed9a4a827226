using RroDashboard.Core.Statistics;

namespace RroDashboard.Core.Review;

/// <summary>What is known of an item before people look at it.</summary>
/// <param name="Gap">Difference in process reward that the item is about, reward units; its size counts.</param>
/// <param name="Width">Width of that difference's 95 % interval, reward units.</param>
/// <param name="NothingRose">Nothing rose at its step within the cap.</param>
/// <param name="Margin">Implicit reward margin of the pair when it was last measured, nats times beta; null when it never was.</param>
public readonly record struct ReviewFacts(double Gap, double Width, bool NothingRose, double? Margin);

/// <summary>
/// How much a person's answer on an item is likely to help: the sum of five terms, each from 0 (helps little) to 1, times its weight.
/// <list type="bullet">
/// <item>small gap, weight .30: 1 − |gap| / range. The closer two values, the likelier their order is wrong.</item>
/// <item>wide interval, weight .20: width / (2 range), at most 1. The less is known, the more an answer adds.</item>
/// <item>tie, weight .10: 1 where the gap is 0. The process reward says nothing at all.</item>
/// <item>nothing rose, weight .15: 1 where the walk went on from a candidate that did not rise.</item>
/// <item>refused by the model, weight .25: 1 / (1 + e^margin), the probability that the trained model still gives to the rejected side; .5 where it was not
/// measured, as before training (active preference learning by uncertain implicit reward: Muldrew et al., 2024, "Active Preference Learning for LLMs").</item>
/// </list>
/// The sum is from 0 to 1. It orders; it is no probability.
/// </summary>
public static class Usefulness
{
    /// <summary>Weight of a small gap.</summary>
    public const double SmallGap = 0.30;

    /// <summary>Weight of a wide interval.</summary>
    public const double WideInterval = 0.20;

    /// <summary>Weight of a tie.</summary>
    public const double Tie = 0.10;

    /// <summary>Weight of a step at which nothing rose.</summary>
    public const double NoRise = 0.15;

    /// <summary>Weight of the model's own doubt.</summary>
    public const double Refused = 0.25;

    private const double Equal = 1e-9;

    /// <summary>From 0 to 1, the more the sooner.</summary>
    /// <param name="facts">Of the item.</param>
    /// <param name="range">Width of the run's rewards, above 0.</param>
    public static double Of(ReviewFacts facts, double range)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(range);
        var gap = Math.Min(1, Math.Abs(facts.Gap) / range);
        var doubt = facts.Margin is { } margin ? 1 / (1 + Math.Exp(margin)) : 0.5;
        return (SmallGap * (1 - gap))
            + (WideInterval * Math.Clamp(facts.Width / (2 * range), 0, 1))
            + (Math.Abs(facts.Gap) <= Equal ? Tie : 0)
            + (facts.NothingRose ? NoRise : 0)
            + (Refused * doubt);
    }
}

/// <summary>An item at its place in a queue.</summary>
/// <param name="Index">Which of the items that were given.</param>
/// <param name="Control">It stands here by chance, not by the order of the queue.</param>
public readonly record struct PlacedItem(int Index, bool Control);

/// <summary>Puts the items of a queue in order.</summary>
public static class ReviewOrdering
{
    private const long Controls = 1;
    private const long Places = 2;
    private const long Letters = 3;

    /// <summary>
    /// All items, in the order in which they are handed out. Control items are drawn from all of them with equal chances and stand one in each
    /// stretch of 1 / share places, at a place in it that chance picks: however early people stop, about that share of what they saw was picked by chance,
    /// so agreement on it is not bent by the order. Nothing marks them for the reader.
    /// </summary>
    /// <param name="usefulness">Of each item.</param>
    /// <param name="order">Which order.</param>
    /// <param name="controlShare">From 0 to 1; counts only where the order is <see cref="ReviewOrder.Useful"/>.</param>
    /// <param name="seed">Of the queue.</param>
    public static IReadOnlyList<PlacedItem> Arrange(IReadOnlyList<double> usefulness, ReviewOrder order, double controlShare, long seed)
    {
        ArgumentNullException.ThrowIfNull(usefulness);
        if (controlShare is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(controlShare), controlShare, "From 0 to 1.");
        }

        var all = Enumerable.Range(0, usefulness.Count).ToArray();
        if (order == ReviewOrder.Ledger)
        {
            return [.. all.Select(i => new PlacedItem(i, false))];
        }

        var shuffled = (int[])all.Clone();
        new SeededRandom(seed, Controls).Shuffle<int>(shuffled);
        if (order == ReviewOrder.Random)
        {
            return [.. shuffled.Select(i => new PlacedItem(i, true))];
        }

        var controls = shuffled.Take((int)Math.Ceiling((controlShare * all.Length) - 1e-9)).ToArray();
        var drawn = controls.ToHashSet();
        var ordered = new Queue<int>(all.Where(i => !drawn.Contains(i)).OrderByDescending(i => usefulness[i]).ThenBy(i => i));
        var places = new HashSet<int>();
        var random = new SeededRandom(seed, Places);
        for (var c = 0; c < controls.Length; c++)
        {
            // Stretch c of as many equal ones as there are controls.
            var (from, to) = ((int)((long)c * all.Length / controls.Length), (int)((c + 1L) * all.Length / controls.Length));
            places.Add(from + random.Next(to - from));
        }

        var next = 0;
        return [.. all.Select(place => places.Contains(place) ? new PlacedItem(controls[next++], true) : new PlacedItem(ordered.Dequeue(), false))];
    }

    /// <summary>Whether the chosen side of an item is shown as B to a person: by chance, and the same each time that person looks.</summary>
    /// <param name="seed">Of the queue.</param>
    /// <param name="item">Number of the item in its queue.</param>
    /// <param name="reviewerId">Who looks.</param>
    public static bool ChosenIsB(long seed, long item, string reviewerId)
    {
        ArgumentNullException.ThrowIfNull(reviewerId);
        // FNV-1a: the runtime's own hash differs from process to process.
        var hash = 14695981039346656037UL;
        foreach (var letter in reviewerId)
        {
            hash = unchecked((hash ^ letter) * 1099511628211UL);
        }

        return new SeededRandom(seed, Letters, item, unchecked((long)hash)).Chance(0.5);
    }
}
