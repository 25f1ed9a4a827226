using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;
using RroDashboard.Environments;

namespace RroDashboard.Training;

/// <summary>
/// ETO, exploration-based trajectory optimisation (Song et al., 2024, arXiv 2403.02502): outcome supervision on whole trajectories.
/// <code>
/// for each task: play own episodes; together with the expert's, the best one is preferred to the worst one
/// then DPO on whole trajectories (all actions of an episode, observations left out)
/// </code>
/// Departures from the paper: one iteration instead of three; <c>Rivals.Episodes</c> own episodes at T=1 instead of one greedy one;
/// the expert may lose, because ours is imperfect on purpose; on a tie for best the expert's is chosen; ties between best and worst
/// make no pair.
/// </summary>
public static class Eto
{
    /// <summary>Collects the pairs; they go to the journal.</summary>
    /// <param name="context">The run.</param>
    /// <param name="demonstrations">The expert's episodes.</param>
    /// <param name="past">What was done before the run was broken off: its finished tasks are not played again.</param>
    /// <returns>What it cost.</returns>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public static Budget Run(RunContext context, IReadOnlyList<Demonstration> demonstrations, RunPast? past = null) =>
        Rivals.Run(context, demonstrations, past, (rivals, task, index) => PlayAsync(context, rivals, task, index));

    private static async Task PlayAsync(RunContext context, Rivals rivals, AgentTask task, int index)
    {
        var own = await rivals.SampleAsync(task, index, context.Plan.Rivals.Episodes).ConfigureAwait(false);
        rivals.Open(index, task, new Estimate([.. own.Select(e => e.Reward)]));
        // The expert first: it wins ties.
        PlayedEpisode[] all = [PlayedEpisode.Of(context, rivals.Expert(task, index)), .. own];
        var (best, worst) = (all.MaxBy(e => e.Reward)!, all.MinBy(e => e.Reward)!);
        if (best.Reward - worst.Reward > RisingRule.Tolerance)
        {
            rivals.PairOfEpisodes(index, best, worst);
        }

        rivals.Finish(index, steps: 0, best.Reward, own.Length);
    }
}
