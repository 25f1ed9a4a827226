using System.Security.Cryptography;
using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Training;
using RroDashboard.Training.Checkpoints;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Hosting;

/// <summary>Hands a run what <see cref="DpoOptions.PairsFrom"/> names: a version of another run's pairs, and the weights after that run's SFT.</summary>
public sealed class PairSetTraining(PairSetStore store, RunQueries queries, DashboardOptions options)
{
    // What decides the SFT model and its vocabulary has to be as it was: the checkpoint is of those settings.
    private static readonly string[] s_fixed = [nameof(RunPlan.Environment), nameof(RunPlan.Model), nameof(RunPlan.Sft)];

    /// <summary>Pairs and checkpoint of a plan; null where it explores by itself.</summary>
    /// <exception cref="PlanException">They are not there, or the plan does not fit them.</exception>
    public async Task<GivenPairs?> OpenAsync(RunPlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Dpo.PairsFrom.Length == 0)
        {
            return null;
        }

        var reference = PairsReference.Parse(plan.Dpo.PairsFrom);
        var run = await queries.FindAsync(reference.Run, cancellationToken) ?? throw Refused($"there is no run '{reference.Run}'.");
        if (run.Plan.Endpoint.Url.Length > 0)
        {
            return await OfEndpointAsync(plan, run.Plan, reference, cancellationToken);
        }

        var saved = (await queries.HeaderAsync(run.Id, cancellationToken)).Explorer()
            ?? throw Refused($"run '{run.Id}' has saved no checkpoint after supervised fine-tuning, and training starts from it.");
        if (PlanSettings.All.FirstOrDefault(s => s_fixed.Contains(s.Group) && s.GetText(plan) != s.GetText(run.Plan)) is { } other)
        {
            throw Refused($"{other.Path} is '{other.GetText(plan)}' here and '{other.GetText(run.Plan)}' in run '{run.Id}', whose fine-tuned model this one starts from: set it to the same.");
        }

        var (version, pairs) = await store.PairsAsync(run.Id, reference.Version, cancellationToken)
            ?? throw Refused($"run '{run.Id}' has no version {reference.Version} of its pairs, or its exploration is not over.");
        var folder = options.CheckpointFolder(run.Id, saved);
        try
        {
            if (Checkpoint.HashOf(folder) != saved.Sha256)
            {
                throw Refused($"the fine-tuned weights of run '{run.Id}' are not those that it wrote: their SHA-256 differs.");
            }
        }
        catch (InvalidDataException)
        {
            // Where it lies on the server's disk is nobody's business.
            throw Refused($"the checkpoint '{saved.Folder}' of run '{run.Id}' is not there any more, and training starts from it.");
        }

        return new GivenPairs(reference, version.Sha256, folder, saved.Sha256, pairs, version.Counts.Discarded);

        PlanException Refused(string why) => PairSetTraining.Refused(plan, why);
    }

    // Nobody has that model's weights: what learns is the plan's own policy, in the same environment, after the plan's own fine-tuning.
    private async Task<GivenPairs> OfEndpointAsync(RunPlan plan, RunPlan explored, PairsReference reference, CancellationToken cancellationToken)
    {
        if (PlanSettings.All.FirstOrDefault(s => s.Group == nameof(RunPlan.Environment) && s.Name != nameof(EnvironmentOptions.ActionMask) && s.GetText(plan) != s.GetText(explored)) is { } other)
        {
            throw Refused(plan, $"{other.Path} is '{other.GetText(plan)}' here and '{other.GetText(explored)}' in run '{reference.Run}', where the pairs are from: set it to the same.");
        }

        var (version, pairs) = await store.PairsAsync(reference.Run, reference.Version, cancellationToken)
            ?? throw Refused(plan, $"run '{reference.Run}' has no version {reference.Version} of its pairs, or its exploration is not over.");
        return new GivenPairs(reference, version.Sha256, null, "", pairs, version.Counts.Discarded);
    }

    private static PlanException Refused(RunPlan plan, string why) => new($"Dpo.PairsFrom = '{plan.Dpo.PairsFrom}' cannot be used: {why}");
}

/// <summary>Starts the run that learns from a version; a version that is trained already with the same settings is not trained again.</summary>
public sealed class PairSetTrainer(RunQueries queries, Components.IRunBoard board)
{
    private const int MaxAttempts = 100;

    /// <summary>The plan that learns from a version, and is otherwise that of the run: same seed, same number of updates.</summary>
    public static RunPlan Plan(RunPlan source, PairsReference reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        var plan = PlanSettings.Copy(source);
        plan.Dpo.PairsFrom = reference.ToString();
        return plan;
    }

    /// <summary>Starts it, or gives the run that waits, works or has finished with exactly these settings.</summary>
    /// <param name="reference">Which version.</param>
    /// <param name="owner">Whose run it will be.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <returns>The run's id, and whether it was there before.</returns>
    /// <exception cref="RefusalException">No such run, or nothing can be run now.</exception>
    /// <exception cref="PlanException">The version cannot be trained on.</exception>
    public async Task<(string Id, bool WasThere)> TrainAsync(PairsReference reference, RunOwner owner, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reference);
        var source = await queries.FindAsync(reference.Run, cancellationToken) ?? throw new RefusalException($"There is no run '{reference.Run}'.");
        if (source.Plan.Endpoint.Url.Length > 0)
        {
            throw new PlanException($"Run '{source.Id}' was explored by a model behind an endpoint, whose weights are not here: choose 'Train with other settings', and name the checkpoint that is to learn from its pairs (Model.Checkpoint).");
        }

        var plan = Plan(source.Plan, reference);
        var settings = Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(PlanSettings.ToDictionary(plan))));
        // The key decides, so two who ask at once get one run. After a run that failed or was removed comes another key.
        var key = $"pairs-{reference}-{settings}";
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var (id, made) = await board.EnqueueAsync(plan, key, cancellationToken, owner);
            if (await queries.FindAsync(id, cancellationToken) is { State: not (RunState.Failed or RunState.Stopped or RunState.Interrupted) })
            {
                return (id, !made);
            }

            key = $"pairs-{id}-{settings}";
        }

        throw new RefusalException($"The last {MaxAttempts} runs from {reference} all failed or were removed: look at why before another one is started.");
    }
}
