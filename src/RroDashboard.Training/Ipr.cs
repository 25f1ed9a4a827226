using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Sampling;

namespace RroDashboard.Training;

/// <summary>
/// IPR, iterative step-level process refinement (Xiong et al., 2024, arXiv 2406.11176): process supervision along the expert's path.
/// <code>
/// for each task, for each step of the expert's episode:
///     the policy acts once from the same history; where that leads elsewhere, both are valued by m rollouts
///     the expert's action is preferred if it is worth more
/// and one own episode: the expert's is preferred to it if it earned more
/// then DPO on step pairs and trajectory pairs together, with an SFT term
/// </code>
/// Departures from the paper: one iteration instead of six; a step pair is two actions and not the rests of two trajectories (as
/// in the released pipeline's option <c>step_action</c>), so that it is the same kind of pair as RRO's; the policy's action is sampled
/// at T=1 instead of greedily; a step pair needs only the gap between the two Monte-Carlo values. The SFT term is <c>Dpo.SftWeight</c>;
/// the released weight is 1 of a summed log-probability.
/// </summary>
public static class Ipr
{
    /// <summary>Collects the pairs; they go to the journal.</summary>
    /// <param name="context">The run.</param>
    /// <param name="demonstrations">The expert's episodes.</param>
    /// <param name="past">What was done before the run was broken off: its finished tasks are not played again.</param>
    /// <returns>What it cost.</returns>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public static Budget Run(RunContext context, IReadOnlyList<Demonstration> demonstrations, RunPast? past = null) =>
        Rivals.Run(context, demonstrations, past, (rivals, task, index) => WalkAsync(context, rivals, task, index));

    private static async Task WalkAsync(RunContext context, Rivals rivals, AgentTask task, int index)
    {
        var expert = rivals.Expert(task, index);
        var (rollouts, steps) = (1, 0);
        // Read once: the own episode, the own actions and the expert's path all go on from here.
        var history = SamplingEngine.Start(context.Dialogue.Start(task.Instruction));
        var own = (await rivals.SampleAsync(task, index, 1, history).ConfigureAwait(false))[0];
        rivals.Open(index, task, new Estimate([own.Reward]));

        var episode = context.Environment.Reset(task);
        foreach (var (action, _) in expert.Turns)
        {
            if (episode.Finished || !context.Fits(history.Length))
            {
                break;
            }

            // Both actions after the same history, each in a fork of the environment.
            var expertTokens = context.Dialogue.Action(action);
            var expertEpisode = episode.Fork();
            expertEpisode.Step(action);
            var sampled = await context.Sampler.SampleAsync(
                history, context.Plan.Explore.CandidateTemperature, context.Random(Purpose.Candidate, index, steps, -1), last: false, context.Allowed(episode)).ConfigureAwait(false);
            // Nothing more is sampled after the history itself, so the expert's path goes on in its row.
            var next = context.Sampler.Append(history, [.. expertTokens, .. expertEpisode.Finished ? [] : context.Dialogue.Answer(expertEpisode.Observation)]);
            var ownEpisode = episode.Fork();
            ownEpisode.Step(context.Dialogue.ActionText(sampled.Tokens));
            if (ownEpisode.StateKey != expertEpisode.StateKey)
            {
                var ownNext = ownEpisode.Finished ? sampled.After : context.Sampler.Append(sampled.After, context.Dialogue.Answer(ownEpisode.Observation));
                var (expertValue, ownValue) = (await ValueAsync(next, expertEpisode, steps, 0).ConfigureAwait(false), await ValueAsync(ownNext, ownEpisode, steps, 1).ConfigureAwait(false));
                context.Sampler.Release(ownNext);
                if (expertValue.Mean - ownValue.Mean > context.Plan.Rivals.MinGap)
                {
                    var before = history.ToArray();
                    rivals.Pair(new PreferencePair(
                        index, steps, context.Dialogue.Text(before), action, context.Dialogue.ActionText(sampled.Tokens), expertValue, ownValue, before, expertTokens, sampled.Tokens));
                }
            }
            else
            {
                context.Sampler.Release(sampled.After);
            }

            (episode, history) = (expertEpisode, next);
            steps++;
        }

        context.Sampler.Release(history);
        if (expert.Reward - own.Reward > context.Plan.Rivals.MinGap)
        {
            rivals.PairOfEpisodes(index, PlayedEpisode.Of(context, expert), own);
        }

        rivals.Finish(index, steps, expert.Reward, rollouts);

        async Task<Estimate> ValueAsync(History after, IEpisode from, int step, int side)
        {
            if (from.Finished || !context.Fits(after.Length))
            {
                return Estimate.Final(from.Finished ? from.Reward : 0);
            }

            var m = context.Plan.Explore.Rollouts;
            rollouts += m;
            rivals.CountRollouts(m);
            var rewards = await Task.WhenAll(Enumerable.Range(0, m).Select(r => RolloutAsync(context, from.Fork(), after, context.Random(Purpose.Rollout, index, step, side, r)))).ConfigureAwait(false);
            return new Estimate(rewards);
        }
    }

    private static async Task<double> RolloutAsync(RunContext context, IEpisode episode, History history, SeededRandom random)
    {
        var first = true;
        while (!episode.Finished && context.Fits(history.Length))
        {
            // The first action forks the history that all rollouts start from; from then on the rollout is alone.
            var sampled = await context.Sampler.SampleAsync(history, context.Plan.Explore.RolloutTemperature, random, last: !first, context.Allowed(episode)).ConfigureAwait(false);
            first = false;
            episode.Step(context.Dialogue.ActionText(sampled.Tokens));
            history = episode.Finished ? sampled.After : context.Sampler.Append(sampled.After, context.Dialogue.Answer(episode.Observation));
        }

        if (!first)
        {
            context.Sampler.Release(history);
        }

        return episode.Finished ? episode.Reward : 0;
    }
}
