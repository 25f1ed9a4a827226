using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;

namespace RroDashboard.Data;

/// <summary>What a comparison needs of one run.</summary>
/// <param name="Run">The run.</param>
/// <param name="Started">Its first fact; null before it began.</param>
/// <param name="Evaluations">The last of each stage and decoding, with episodes.</param>
/// <param name="Seconds">By stage; of stages that are done.</param>
/// <param name="Steps">Decided steps, at most <see cref="CompareQueries.MaxSteps"/>.</param>
/// <param name="StepsCut">There are more.</param>
public sealed record ComparedRun(
    RunInfo Run,
    RunStarted? Started,
    IReadOnlyList<EvaluationFinished> Evaluations,
    IReadOnlyDictionary<Stage, double> Seconds,
    IReadOnlyList<StepDecided> Steps,
    bool StepsCut)
{
    /// <summary>The last evaluation of a way of decoding, after a stage; null before it is done.</summary>
    public EvaluationFinished? Of(Stage stage, string decoding) => Evaluations.FirstOrDefault(e => e.Stage == stage && e.Decoding == decoding);
}

/// <summary>Reads for the comparison of runs.</summary>
public sealed class CompareQueries(IDbContextFactory<RroDbContext> contexts)
{
    /// <summary>Most runs of one comparison: more curves could not be told apart.</summary>
    public const int MaxRuns = 10;

    /// <summary>Decided steps read of each run: those of 4,000 walks.</summary>
    public const int MaxSteps = 20_000;

    private static readonly string s_step = EventKinds.Of<StepDecided>();

    private static readonly string[] s_kinds = [EventKinds.Of<RunStarted>(), EventKinds.Of<EvaluationFinished>(), EventKinds.Of<StageFinished>()];

    /// <summary>The runs in the order asked for; those that do not exist are left out.</summary>
    public async Task<IReadOnlyList<ComparedRun>> ReadAsync(IReadOnlyList<string> runIds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(runIds);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var runs = await context.Runs.AsNoTracking().Where(r => runIds.Contains(r.Id)).ToListAsync(cancellationToken).ConfigureAwait(false);
            var found = new List<ComparedRun>();
            foreach (var id in runIds.Distinct(StringComparer.Ordinal).Take(MaxRuns))
            {
                if (runs.Find(r => r.Id == id) is not { } run)
                {
                    continue;
                }

                var events = context.Events.AsNoTracking().Where(e => e.RunKey == run.Key);
                var facts = (await events.Where(e => s_kinds.Contains(e.Kind)).OrderBy(e => e.Seq).Select(e => e.Json).ToListAsync(cancellationToken).ConfigureAwait(false)).ConvertAll(Read);
                var steps = await events.Where(e => e.Kind == s_step).OrderBy(e => e.Task).ThenBy(e => e.Step).Take(MaxSteps + 1).Select(e => e.Json).ToListAsync(cancellationToken).ConfigureAwait(false);
                found.Add(new ComparedRun(
                    RunQueries.Info(run),
                    facts.OfType<RunStarted>().LastOrDefault(),
                    [.. facts.OfType<EvaluationFinished>().GroupBy(e => (e.Stage, e.Decoding)).Select(g => g.Last())],
                    facts.OfType<StageFinished>().GroupBy(s => s.Stage).ToDictionary(g => g.Key, g => g.Last().Seconds),
                    [.. steps.Take(MaxSteps).Select(Read).Cast<StepDecided>()],
                    steps.Count > MaxSteps));
            }

            return found;
        }
    }

    private static RunEvent Read(string json) => JsonSerializer.Deserialize<RunEvent>(json, RunJson.Options)!;
}
