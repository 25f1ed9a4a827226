using RroDashboard.Core.Events;

namespace RroDashboard.Data.Writing;

/// <summary>
/// The row of a run as the next batch will leave it. The writer keeps one per open run, so that a batch costs one UPDATE and no
/// query; after a failed batch it is thrown away and read again.
/// </summary>
internal sealed class RunCursor
{
    public required string RunId { get; init; }

    public long LastSeq { get; set; }

    public RunState State { get; set; }

    public long? StartedTicks { get; set; }

    public long? EndedTicks { get; set; }

    public Stage? Stage { get; set; }

    public long? StageStartedTicks { get; set; }

    public long Done { get; set; }

    public long Total { get; set; }

    public double? Before { get; set; }

    public double? After { get; set; }

    public string? BudgetJson { get; set; }

    public long Steps { get; set; }

    public long Pairs { get; set; }

    public string? Error { get; set; }

    public string? SummaryJson { get; set; }

    public double? RewardLow { get; set; }

    public double? RewardHigh { get; set; }

    public long Dropped { get; set; }

    /// <summary>Ids of the series that are in the database.</summary>
    public Dictionary<string, long> SeriesIds { get; } = new(StringComparer.Ordinal);

    /// <summary>Takes in what an event changes on the row.</summary>
    public void Apply(RunEvent happened, long atTicks)
    {
        switch (happened)
        {
            case RunStarted started:
                (State, StartedTicks) = (RunState.Running, StartedTicks ?? atTicks);
                (RewardLow, RewardHigh) = (started.RewardRange.Low, started.RewardRange.High);
                break;
            case StageStarted stage:
                if (State == RunState.Queued)
                {
                    (State, StartedTicks) = (RunState.Running, atTicks);
                }

                (Stage, StageStartedTicks, Done, Total) = (stage.Stage, atTicks, 0, 0);
                break;
            case ProgressReported progress when progress.Stage == Stage:
                (Done, Total) = (progress.Done, progress.Total);
                break;
            case BudgetReported budget:
                BudgetJson = RunEventJson.Write(budget.Budget);
                break;
            case StepDecided:
                Steps++;
                break;
            case PairCreated:
                Pairs++;
                break;
            case EvaluationFinished { Decoding: "greedy" } evaluation when double.IsFinite(evaluation.Mean):
                if (evaluation.Stage == Core.Events.Stage.Baseline)
                {
                    Before = evaluation.Mean;
                }
                else
                {
                    After = evaluation.Mean;
                }

                break;
            case RunEnded ended:
                (State, EndedTicks, Error) = (ended.State, atTicks, ended.Error);
                SummaryJson = ended.Summary is null ? null : RunEventJson.Write(ended.Summary);
                break;
            default:
                break;
        }
    }
}
