using RroDashboard.Core.Events;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>Margins of single pairs while preferences were trained.</summary>
public sealed class MarginHistory
{
    private readonly Dictionary<int, List<(int Update, double Margin)>> _byPair = [];

    /// <summary>From the facts of a run, in order. One that goes back, to the start of a later training or to where a policy was rolled back to, takes the place of those from there on.</summary>
    public MarginHistory(IEnumerable<PairMargins> facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var updates = new List<int>();
        foreach (var fact in facts)
        {
            if (updates.Count > 0 && fact.Update <= updates[^1])
            {
                updates.RemoveAll(u => u >= fact.Update);
                foreach (var (measuredPair, measured) in _byPair)
                {
                    measured.RemoveAll(m => m.Update >= fact.Update);
                    if (measured.Count == 0)
                    {
                        _byPair.Remove(measuredPair);
                    }
                }
            }

            updates.Add(fact.Update);
            foreach (var (pair, margin) in fact.Pairs.Zip(fact.Margins))
            {
                if (!_byPair.TryGetValue(pair, out var history))
                {
                    _byPair[pair] = history = [];
                }

                history.Add((fact.Update, margin));
            }
        }

        Updates = updates;
    }

    /// <summary>Updates after which it was measured.</summary>
    public IReadOnlyList<int> Updates { get; }

    /// <summary>Pairs that were measured: every n-th where there are too many.</summary>
    public int Measured => _byPair.Count;

    /// <summary>History of one pair; empty when it was not measured.</summary>
    public IReadOnlyList<(int Update, double Margin)> Of(int pair) => _byPair.GetValueOrDefault(pair) ?? [];

    /// <summary>Last margin of a pair after at least one update; null when there is none.</summary>
    public double? Last(int pair) => _byPair.TryGetValue(pair, out var history) && history[^1].Update > 0 ? history[^1].Margin : null;
}
