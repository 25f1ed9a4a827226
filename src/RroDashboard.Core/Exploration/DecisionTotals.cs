using RroDashboard.Core.Events;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Exploration;

/// <summary>Rises of one size.</summary>
/// <param name="Previous">Rollouts behind the previous value; 0 when it was exact.</param>
/// <param name="Accepted">Rollouts behind the accepted value; 0 when it was exact.</param>
/// <param name="Thousandths">Accepted minus previous value, in thousandths of a reward unit.</param>
/// <param name="Count">How many.</param>
public sealed record RiseCount(int Previous, int Accepted, int Thousandths, int Count);

/// <summary>What all decided steps of a run say together, as of one event: enough for every chart of exploration, however many steps there are.</summary>
/// <param name="Decided">Steps decided.</param>
/// <param name="Rose">Of these, where a candidate rose.</param>
/// <param name="Tried">At position k: steps that rose at the k-th candidate.</param>
/// <param name="StepCount">At position t: walks whose step t was followed.</param>
/// <param name="StepSum">At position t: sum of their accepted values.</param>
/// <param name="BaselineCount">Walks whose start state was valued.</param>
/// <param name="BaselineSum">Sum of the values of their start states.</param>
/// <param name="Estimates">Estimates of at least two rollouts.</param>
/// <param name="Outcomes">Their rollouts.</param>
/// <param name="VarianceSum">Sum of their unbiased variances.</param>
/// <param name="Rises">Sizes of the accepted rises.</param>
/// <param name="NoRise">Steps at which nothing rose; fixed-size exploration and forced moves ask for no rise.</param>
public sealed record DecisionSummary(
    int Decided,
    int Rose,
    IReadOnlyList<int> Tried,
    IReadOnlyList<int> StepCount,
    IReadOnlyList<double> StepSum,
    int BaselineCount,
    double BaselineSum,
    int Estimates,
    long Outcomes,
    double VarianceSum,
    IReadOnlyList<RiseCount> Rises,
    int NoRise)
{
    /// <summary>
    /// Standard error of one estimate, in reward units: from the variance of all of them together, because that of three rollouts alone is
    /// as uncertain as their mean. Null before there is any.
    /// </summary>
    public double? StandardError => Estimates == 0 ? null : Math.Sqrt(VarianceSum / Estimates / ((double)Outcomes / Estimates));

    /// <summary>Share of the accepted rises that are smaller than one standard error of their difference; null before there is any.</summary>
    public double? ShareWithinError
    {
        get
        {
            var all = Rises.Sum(r => r.Count);
            var variance = Estimates == 0 ? 0 : VarianceSum / Estimates;
            return all == 0 ? null : Rises.Where(r => r.Thousandths / 1000.0 < Math.Sqrt(variance * (Share(r.Previous) + Share(r.Accepted)))).Sum(r => r.Count) / (double)all;
        }
    }

    private static double Share(int rollouts) => rollouts == 0 ? 0 : 1.0 / rollouts;
}

/// <summary>Adds up decided steps, one by one.</summary>
public sealed class DecisionTotals
{
    private readonly List<int> _tried = [];
    private readonly List<int> _stepCount = [];
    private readonly List<double> _stepSum = [];
    private readonly SortedDictionary<(int Previous, int Accepted, int Thousandths), int> _rises = [];
    private int _decided;
    private int _rose;
    private int _noRise;
    private int _baselineCount;
    private double _baselineSum;
    private int _estimates;
    private long _outcomes;
    private double _varianceSum;

    /// <summary>Takes in one step.</summary>
    public void Add(StepDecided step)
    {
        ArgumentNullException.ThrowIfNull(step);
        _decided++;
        AddNoise(step.Previous);
        // An exact value before the first step was only assumed.
        if (step.Step == 0 && !step.Previous.Exact)
        {
            _baselineCount++;
            _baselineSum += step.Previous.Mean;
        }

        if (step.Accepted is { } accepted)
        {
            AddNoise(accepted);
            Grow(_stepCount, step.Step);
            Grow(_stepSum, step.Step);
            _stepCount[step.Step]++;
            _stepSum[step.Step] += accepted.Mean;
            if (step.Verdict == StepVerdict.Rose)
            {
                // Floor of x + 1/2, as the browser rounds.
                var key = (step.Previous.Rollouts, accepted.Rollouts, (int)Math.Floor(((accepted.Mean - step.Previous.Mean) * 1000) + 0.5));
                _rises[key] = _rises.GetValueOrDefault(key) + 1;
            }
        }

        _noRise += step.Verdict.NothingRose() ? 1 : 0;
        if (step.Verdict == StepVerdict.Rose)
        {
            _rose++;
            Grow(_tried, step.Tried);
            _tried[step.Tried]++;
        }
    }

    /// <summary>The sums so far.</summary>
    public DecisionSummary Summary() => new(
        _decided, _rose, [.. _tried], [.. _stepCount], [.. _stepSum], _baselineCount, _baselineSum, _estimates, _outcomes, _varianceSum,
        [.. _rises.Select(r => new RiseCount(r.Key.Previous, r.Key.Accepted, r.Key.Thousandths, r.Value))], _noRise);

    private static void Grow<T>(List<T> list, int position)
        where T : struct
    {
        while (list.Count <= position)
        {
            list.Add(default);
        }
    }

    private void AddNoise(Estimate estimate)
    {
        if (estimate.Exact || estimate.Outcomes.Count < 2)
        {
            return;
        }

        _estimates++;
        _outcomes += estimate.Outcomes.Count;
        _varianceSum += estimate.Outcomes.Sum(o => (o - estimate.Mean) * (o - estimate.Mean)) / (estimate.Outcomes.Count - 1);
    }
}
