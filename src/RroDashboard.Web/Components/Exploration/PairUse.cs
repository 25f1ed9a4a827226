using System.Globalization;
using RroDashboard.Core.Events;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>How preference training used the pairs of a run.</summary>
public sealed class PairUse
{
    private readonly PairsDrawn? _drawn;
    private readonly Dictionary<int, int> _times;

    private PairUse(PairsDrawn? drawn, Dictionary<int, int> times) => (_drawn, _times) = (drawn, times);

    /// <summary>Nothing was trained yet, or by a version that did not record it.</summary>
    public static PairUse Unknown { get; } = new(null, []);

    /// <summary>From what the run recorded; null when it did not.</summary>
    public static PairUse Of(PairsDrawn? drawn) =>
        drawn is null ? Unknown : new(drawn, drawn.Pairs.Zip(drawn.Times).GroupBy(p => p.First).ToDictionary(g => g.Key, g => g.Sum(p => p.Second)));

    /// <summary>For a cell of a table: "3×", "left out", or "-" while it is not known.</summary>
    public string Brief(int pair) => _drawn is null ? "-" : _times.TryGetValue(pair, out var times) ? string.Create(CultureInfo.InvariantCulture, $"{times}×") : "left out";

    /// <summary>The same in words; empty while it is not known.</summary>
    public string Sentence(int pair) => _drawn is null ? ""
        : !_times.TryGetValue(pair, out var times) ? "Training left it out: a side has no token of the policy, or it is longer than the context."
        : _drawn.Updates == 0 ? "Training was rolled back to where it began: no pair shaped the policy."
        : times == 0 ? string.Create(CultureInfo.InvariantCulture, $"None of the {_drawn.Updates} updates reached it.")
        : string.Create(CultureInfo.InvariantCulture, $"It was in {times} of the {_drawn.Updates} batches.");
}
