using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Sampling;

namespace RroDashboard.Training;

/// <summary>A whole episode with the tokens it was written in: sampled ones are kept, never encoded again from text.</summary>
/// <param name="Task">What was asked.</param>
/// <param name="Start">Tokens up to the first action.</param>
/// <param name="Rest">Actions, observations and marks after that.</param>
/// <param name="Written">Which of <paramref name="Rest"/> the actor wrote.</param>
/// <param name="Turns">Each action with its observation, as text.</param>
/// <param name="Reward">Final reward; 0 when the episode ran out of context.</param>
/// <param name="InvalidActions">Actions that the environment could not act on.</param>
public sealed record PlayedEpisode(
    AgentTask Task, int[] Start, int[] Rest, bool[] Written, IReadOnlyList<(string Action, string Observation)> Turns, double Reward, int InvalidActions)
{
    /// <summary>Tokens in all.</summary>
    public int Length => Start.Length + Rest.Length;

    /// <summary>Tokens that the actor wrote.</summary>
    public int WrittenCount => Written.Count(w => w);

    /// <summary>As a sequence to train on.</summary>
    public (int[] Tokens, bool[] Written) Sequence() => ([.. Start, .. Rest], [.. Start.Select(_ => false), .. Written]);

    /// <summary>The actions in one line, for people.</summary>
    public string Text => string.Join(' ', Turns.Select(t => t.Action));

    /// <summary>Plays one episode of the policy. Call it inside <see cref="SamplingEngine.Run"/>.</summary>
    /// <param name="context">The run.</param>
    /// <param name="task">What to do.</param>
    /// <param name="random">Stream of its own.</param>
    /// <param name="temperature">1 for the plain softmax.</param>
    /// <param name="shared">The start of the task where others begin with it too: it is read once for all, and stays the caller's.</param>
    public static async Task<PlayedEpisode> PlayAsync(RunContext context, AgentTask task, SeededRandom random, double temperature = 1, History? shared = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(task);
        var episode = context.Environment.Reset(task);
        var start = context.Dialogue.Start(task.Instruction);
        var history = shared ?? SamplingEngine.Start(start);
        var (rest, written, turns) = (new List<int>(), new List<bool>(), new List<(string, string)>());
        while (!episode.Finished && context.Fits(history.Length))
        {
            var action = await context.Sampler.SampleAsync(history, temperature, random, last: history != shared, context.Allowed(episode)).ConfigureAwait(false);
            var text = context.Dialogue.ActionText(action.Tokens);
            episode.Step(text);
            turns.Add((text, episode.Observation));
            Add(action.Tokens, true);
            if (episode.Finished)
            {
                history = action.After;
                Add(context.Dialogue.End, false);
            }
            else
            {
                var answer = context.Dialogue.Answer(episode.Observation);
                history = context.Sampler.Append(action.After, answer);
                Add(answer, false);
            }
        }

        if (history != shared)
        {
            context.Sampler.Release(history);
        }

        if (!episode.Finished)
        {
            // The last observation left no room for another action: nobody reads it, and it may reach past the context.
            var end = written.LastIndexOf(true) + 1;
            rest.RemoveRange(end, rest.Count - end);
            written.RemoveRange(end, written.Count - end);
        }

        return new PlayedEpisode(task, start, [.. rest], [.. written], turns, episode.Finished ? episode.Reward : 0, episode.InvalidActions);

        void Add(int[] tokens, bool ours)
        {
            rest.AddRange(tokens);
            written.AddRange(tokens.Select(_ => ours));
        }
    }

    /// <summary>A demonstration, encoded here once.</summary>
    public static PlayedEpisode Of(RunContext context, Demonstration demonstration)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(demonstration);
        var start = context.Dialogue.Start(demonstration.Task.Instruction);
        var (tokens, written) = context.Dialogue.Episode(demonstration.Task.Instruction, demonstration.Turns, demonstration.Thoughts);
        return new PlayedEpisode(demonstration.Task, start, tokens[start.Length..], written[start.Length..], demonstration.Turns, demonstration.Reward, 0);
    }
}
