using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Templates;

namespace RroDashboard.Training.Endpoints;

/// <summary>One episode that an endpoint played.</summary>
/// <param name="TaskId">Which task.</param>
/// <param name="Reward">Final reward; 0 when it was given up.</param>
/// <param name="Steps">Actions.</param>
/// <param name="InvalidActions">Actions that the environment could not act on.</param>
public sealed record EndpointEpisode(string TaskId, double Reward, int Steps, int InvalidActions);

/// <summary>What an endpoint got on held-out tasks, and what it cost.</summary>
/// <param name="Mean">Mean reward.</param>
/// <param name="Low">Lower end of its 95 % interval, bootstrapped over groups of tasks.</param>
/// <param name="High">Upper end.</param>
/// <param name="Episodes">In the order of the tasks.</param>
/// <param name="Requests">Requests sent.</param>
/// <param name="Retries">Of these, sent again.</param>
/// <param name="InputTokens">Tokens read, by the server's count.</param>
/// <param name="OutputTokens">Tokens written.</param>
/// <param name="Cost">By the given prices.</param>
public sealed record EndpointResult(
    double Mean, double Low, double High, IReadOnlyList<EndpointEpisode> Episodes, long Requests, long Retries, long InputTokens, long OutputTokens, double Cost);

/// <summary>Plays a plan's held-out tasks with an endpoint: the same words as <see cref="ReActDialogue"/>, as a conversation.</summary>
public static class EndpointEvaluation
{
    private const double Confidence = 0.95;

    /// <summary>Plays.</summary>
    /// <param name="plan">Names environment, split, number of tasks and seed.</param>
    /// <param name="environment">Made of the plan.</param>
    /// <param name="endpoint">Who plays.</param>
    /// <param name="temperature">0 for greedy.</param>
    /// <param name="progress">Told after every episode.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <exception cref="EndpointException">The endpoint cannot be used.</exception>
    public static async Task<EndpointResult> RunAsync(
        RunPlan plan, IAgentEnvironment environment, ChatEndpoint endpoint, double temperature, Action<int, int>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(endpoint);
        var split = plan.Evaluate.Split == EvaluationSplit.Tuning ? TaskSplit.Tuning : TaskSplit.Test;
        AgentTask[] tasks = [.. environment.Tasks(split).Take(plan.Evaluate.Tasks)];
        var done = 0;
        // One that fails ends the others: nothing is paid for any more.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var episodes = await Task.WhenAll(tasks.Select(async (task, index) =>
        {
            try
            {
                var played = await PlayAsync(task, index).ConfigureAwait(false);
                progress?.Invoke(Interlocked.Increment(ref done), tasks.Length);
                return played;
            }
            catch (EndpointException)
            {
                await stop.CancelAsync().ConfigureAwait(false);
                throw;
            }
        })).ConfigureAwait(false);
        var interval = Bootstrap.Mean([.. episodes.Select(e => e.Reward)], [.. tasks.Select(t => t.Group)], Confidence, plan.Evaluate.BootstrapResamples, new SeededRandom(plan.Seed, (long)Purpose.Bootstrap));
        return new EndpointResult(episodes.Average(e => e.Reward), interval.Low, interval.High, episodes, endpoint.Requests, endpoint.Retries, endpoint.InputTokens, endpoint.OutputTokens, endpoint.Cost);

        async Task<EndpointEpisode> PlayAsync(AgentTask task, int index)
        {
            var episode = environment.Reset(task);
            var messages = new List<ChatMessage> { new("user", ReActDialogue.Instruction(environment) + task.Instruction) };
            while (!episode.Finished)
            {
                var answer = await endpoint.AskAsync(messages, temperature, plan.Seed + index, stop.Token).ConfigureAwait(false);
                episode.Step(ReActDialogue.ActionIn(answer.Text, environment.ActionEnd));
                messages.Add(new ChatMessage("assistant", answer.Text));
                messages.Add(new ChatMessage("user", episode.Observation));
            }

            return new EndpointEpisode(task.Id, episode.Reward, episode.Actions.Count, episode.InvalidActions);
        }
    }
}
