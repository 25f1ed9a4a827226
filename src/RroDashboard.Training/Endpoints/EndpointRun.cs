using RroDashboard.Core;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Environments;

namespace RroDashboard.Training.Endpoints;

/// <summary>What an exploration by an endpoint came to.</summary>
/// <param name="Preset">Name of the preset the plan started from.</param>
/// <param name="Seed">Seed of the run.</param>
/// <param name="Settings">Every setting: dotted path to value.</param>
/// <param name="Explore">What was sampled; tokens are the server's count.</param>
/// <param name="WalkReward">Mean final reward of the walks; 0 without any.</param>
/// <param name="Requests">Requests sent.</param>
/// <param name="Retries">Of these, sent again.</param>
/// <param name="Cost">By the given prices, walks of an earlier attempt included.</param>
/// <param name="Answers">Answers that counted.</param>
/// <param name="WithLogProb">Of these, those with a log-probability.</param>
/// <param name="WithTokenIds">Of these, those with token ids.</param>
/// <param name="Seconds">Wall-clock time.</param>
/// <param name="LedgerSha256">See <see cref="LedgerHash"/>.</param>
public sealed record EndpointExploration(
    string Preset, long Seed, IReadOnlyDictionary<string, string> Settings, ExploreSummary Explore, double WalkReward, long Requests, long Retries, double Cost,
    long Answers, long WithLogProb, long WithTokenIds, double Seconds, string LedgerSha256);

/// <summary>
/// A run that only explores, with a model behind an endpoint as its policy: <see cref="Explore"/> as it is, with the ledger, the pairs and the books of
/// every other run. Nothing is trained: the weights are elsewhere. Call it on a thread of its own.
/// </summary>
public static class EndpointRun
{
    /// <summary>Why a plan with an endpoint is not trained.</summary>
    public static string NoTraining(RunPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return $"Endpoint.Url = '{plan.Endpoint.Url}' names a model whose weights are not here, so it cannot be trained: let it explore with 'src/run.sh explore', and train a checkpoint of your own on its pairs (Dpo.PairsFile).";
    }

    /// <summary>Explores.</summary>
    /// <param name="plan">Checked by <see cref="PlanSettings.Validate"/>; names an endpoint.</param>
    /// <param name="endpoint">Opened by the plan's settings.</param>
    /// <param name="journal">Where everything the run says goes. How the run ended is recorded by the caller.</param>
    /// <param name="time">For the seconds shown.</param>
    /// <param name="past">What the run had done before it ended early: finished walks are not walked again, nor paid for again. Null for a run from the beginning.</param>
    /// <param name="cancellationToken">Ends it between two actions.</param>
    /// <exception cref="PlanException">The plan does not fit its data.</exception>
    /// <exception cref="ResumeException">What was done before does not fit plan or data as they are now.</exception>
    /// <exception cref="EndpointException">The endpoint cannot be used, or gave up. What it cost until then is recorded.</exception>
    /// <exception cref="OperationCanceledException">Stopped by a person.</exception>
    public static EndpointExploration Run(RunPlan plan, ChatEndpoint endpoint, IRunJournal journal, TimeProvider time, RunPast? past, CancellationToken cancellationToken)
    {
        PlanSettings.Validate(plan);
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(journal);
        ArgumentNullException.ThrowIfNull(time);
        past = past?.Started is null ? null : past;
        var began = time.GetTimestamp();
        using var environment = EnvironmentFactory.Create(plan.Environment);
        using var ledger = new Ledger(journal);
        if (past is null)
        {
            ledger.Record(new RunStarted(PlanSettings.ToDictionary(plan), environment.Name, environment.ContentHash, $"{plan.Endpoint.Model} at {plan.Endpoint.Url}", 0, 0, environment.RewardRange));
        }
        else
        {
            TrainingRun.CheckPast(plan, past, environment);
            ledger.Keep(past.Facts);
            ledger.Record(new RunResumed(past.Next, past.FinishedTasks.Count, past.RestartedTasks, past.BrokenOffSeconds));
        }

        ledger.Record(new StageStarted(Stage.Explore));
        var dialogue = new EndpointDialogue(environment, plan.Endpoint.MaxTokens);
        var sampler = new EndpointSampler(endpoint, dialogue, plan.Endpoint.AtOnce, cancellationToken);
        var context = new WalkContext(plan, environment, dialogue, sampler, int.MaxValue, ledger, cancellationToken);
        try
        {
            var budget = Explore.Run(context, "", past).Budget;
            var seconds = time.GetElapsedTime(began).TotalSeconds;
            Tell();
            ledger.Record(new StageFinished(Stage.Explore, seconds));
            return new EndpointExploration(
                plan.Preset, plan.Seed, PlanSettings.ToDictionary(plan), ExploreSummary.Of(budget), ledger.Rewards.DefaultIfEmpty(0).Average(), endpoint.Requests, endpoint.Retries,
                plan.Endpoint.Cost(budget.TokensPrefilled, budget.TokensGenerated), sampler.Answers, sampler.WithLogProb, sampler.WithTokenIds, seconds, ledger.Hash);
        }
        catch (Exception e) when (e is EndpointException or OperationCanceledException)
        {
            Tell();
            throw;
        }

        void Tell()
        {
            ledger.Record(new AlertRaised("info", FormattableString.Invariant(
                $"{plan.Endpoint.Model} at {plan.Endpoint.Url}: {endpoint.Requests} requests, {endpoint.Retries} of them sent again; {endpoint.InputTokens} tokens read, {endpoint.OutputTokens} written, cost {endpoint.Cost:0.######} by the given prices. Log-probabilities came with {Of(sampler.WithLogProb)} answers, token ids with {Of(sampler.WithTokenIds)}{(sampler.WithTokenIds < sampler.Answers ? ": pairs without them are kept in words" : "")}.")));
            if (dialogue.CutObservations > 0)
            {
                ledger.Record(new AlertRaised("info", FormattableString.Invariant($"{dialogue.CutObservations} observations were longer than {EndpointDialogue.MostObservation} characters and lost their middle; each says so in its place.")));
            }
        }

        string Of(long count) => FormattableString.Invariant($"{count} of {sampler.Answers}");
    }

    /// <summary>Keeps what the walks earned.</summary>
    private sealed class Ledger(IRunJournal inner) : HashedJournal(inner)
    {
        public List<double> Rewards { get; } = [];

        protected override void OnFact(RunFact fact)
        {
            if (fact is TaskFinished finished)
            {
                Rewards.Add(finished.Reward);
            }
        }
    }
}
