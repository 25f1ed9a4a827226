namespace RroDashboard.Training.Sampling;

/// <summary>
/// What the policy has seen and written so far: an immutable list of token ids that shares its beginning with others.
/// The engine may hold keys and values for it; losing them costs time, never correctness.
/// </summary>
public sealed class History
{
    private readonly History? _before;
    private readonly int[] _added;

    internal History(History? before, int[] added)
    {
        (_before, _added) = (before, added);
        Length = (before?.Length ?? 0) + added.Length;
        Computed = before?.Computed ?? 0;
    }

    /// <summary>Number of tokens.</summary>
    public int Length { get; }

    /// <summary>Its place in the engine's cache, or -1 when it is not kept.</summary>
    internal int Place { get; set; } = -1;

    /// <summary>Pages of the cache with its keys and values, in order; full ones may be those of other histories too.</summary>
    internal int[] Pages { get; set; } = [];

    /// <summary>How many of the tokens have their keys and values in these pages.</summary>
    internal int Cached { get; set; }

    /// <summary>Of the tokens without keys and values, how many the policy wrote itself: feeding them is no prefill.</summary>
    internal int Unfed { get; set; }

    /// <summary>How many of the tokens had keys and values once, here or in another history's pages: computing them again is a loss.</summary>
    internal int Computed { get; set; }

    /// <summary>The longest beginning of this history whose keys and values are kept; null when there is none.</summary>
    internal History? NearestKept()
    {
        var part = _before;
        while (part is { Place: < 0 })
        {
            part = part._before;
        }

        return part;
    }

    /// <summary>Where it began: the history that follows nothing else.</summary>
    internal History Beginning
    {
        get
        {
            var part = this;
            while (part._before is { } before)
            {
                part = before;
            }

            return part;
        }
    }

    /// <summary>The logits after the last token are known too.</summary>
    internal bool HasLogits { get; set; }

    /// <summary>All token ids.</summary>
    public int[] ToArray()
    {
        var tokens = new int[Length];
        var end = Length;
        for (var part = this; part is not null; part = part._before)
        {
            end -= part._added.Length;
            part._added.CopyTo(tokens, end);
        }

        return tokens;
    }
}
