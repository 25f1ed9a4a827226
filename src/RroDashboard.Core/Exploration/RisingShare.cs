using RroDashboard.Core.Events;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Exploration;

/// <summary>Steps in one part of their trajectories.</summary>
/// <param name="Steps">Steps that were followed and had an estimate to compare with.</param>
/// <param name="Higher">Of these, valued above the step before.</param>
/// <param name="Equal">Of these, valued as the step before.</param>
public sealed record RisingSteps(int Steps, int Higher, int Equal)
{
    /// <summary>Share valued above the step before; 0 of none.</summary>
    public double HigherShare => Steps == 0 ? 0 : (double)Higher / Steps;

    /// <summary>Share not valued below the step before; 0 of none.</summary>
    public double NotLowerShare => Steps == 0 ? 0 : (double)(Higher + Equal) / Steps;
}

/// <summary>
/// Share of rising steps at the beginning, in the middle and at the end of trajectories: the paper's second table. Counted from
/// the values, whatever the rule was, so that it can be compared between rules and with fixed-size exploration. The first step of a
/// trajectory is never counted: fixed-size exploration only assumes what it would be compared with.
/// </summary>
/// <param name="Beginning">First third of each trajectory, without its first step.</param>
/// <param name="Middle">Second third.</param>
/// <param name="End">Last third; the last step of a trajectory of one or two.</param>
public sealed record RisingShare(RisingSteps Beginning, RisingSteps Middle, RisingSteps End)
{
    /// <summary>Counts the decided steps of a run, in any order.</summary>
    public static RisingShare Of(IEnumerable<StepDecided> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        var parts = new RisingSteps[] { new(0, 0, 0), new(0, 0, 0), new(0, 0, 0) };
        foreach (var walk in steps.GroupBy(s => s.Task))
        {
            var length = walk.Count();
            foreach (var step in walk)
            {
                // A later step is never compared with an exact value.
                if (step.Accepted is not { } accepted || step.Step == 0 || step.Previous.Exact)
                {
                    continue;
                }

                var part = length < 3 ? (step.Step == length - 1 ? 2 : 0) : 3 * step.Step / length;
                var equal = RisingRule.Tie(accepted, step.Previous);
                parts[part] = new RisingSteps(
                    parts[part].Steps + 1,
                    parts[part].Higher + (!equal && accepted.Mean > step.Previous.Mean ? 1 : 0),
                    parts[part].Equal + (equal ? 1 : 0));
            }
        }

        return new RisingShare(parts[0], parts[1], parts[2]);
    }
}
