using RroDashboard.Core.Statistics;

namespace RroDashboard.Training.Sampling;

/// <summary>What walks sample actions from: a model in this process (<see cref="SamplingEngine"/>), or one behind an endpoint (<see cref="Endpoints.EndpointSampler"/>).</summary>
public interface IActionSampler
{
    /// <summary>Tokens the policy wrote.</summary>
    long TokensGenerated { get; }

    /// <summary>Tokens of actions that were the only ones left by a mask: fed, but not sampled.</summary>
    long TokensForced { get; }

    /// <summary>Tokens fed without being sampled.</summary>
    long TokensPrefilled { get; }

    /// <summary>Of the prefilled tokens, those that had been computed before and were no longer kept.</summary>
    long TokensRecomputed { get; }

    /// <summary>Histories that can be kept at once.</summary>
    int Rows { get; }

    /// <summary>Walks that are under way at once unless a caller says less.</summary>
    int MostWalks { get; }

    /// <summary>The history with an observation at its end.</summary>
    History Append(History history, int[] tokens);

    /// <summary>Samples one action after a history. Only from within a walk of <see cref="Run"/>.</summary>
    /// <param name="history">Ends where the policy has to write.</param>
    /// <param name="temperature">1 for the plain softmax, 0 for greedy.</param>
    /// <param name="random">The walk's own stream.</param>
    /// <param name="last">Nothing else will be sampled after this history.</param>
    /// <param name="allowed">The actions that may be written; null for any.</param>
    ValueTask<SampledAction> SampleAsync(History history, double temperature, SeededRandom random, bool last, ActionTrie? allowed = null);

    /// <summary>Nobody will sample after this history again.</summary>
    void Release(History history);

    /// <summary>Forgets everything computed; needed after the weights changed.</summary>
    void Forget();

    /// <summary>Runs walks to their end on this thread; they go on in an order that does not depend on the clock.</summary>
    /// <param name="walks">Each is started when its turn comes.</param>
    /// <param name="atOnce">Fewer at a time than <see cref="MostWalks"/>.</param>
    void Run(IEnumerable<Func<Task>> walks, int? atOnce = null);
}
