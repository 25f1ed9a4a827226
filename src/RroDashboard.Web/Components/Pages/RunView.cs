using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Web.Components.Pages;

/// <summary>One stage as the stepper shows it.</summary>
/// <param name="Stage">Which.</param>
/// <param name="State">"waiting", "current" or "done".</param>
/// <param name="Seconds">How long it took; null until it is done.</param>
public sealed record StageView(Stage Stage, string State, double? Seconds);

/// <summary>
/// What the components of the run page show: everything but charts and feed, which the browser draws from the hub. Built from
/// the run's own events, so it is the same after a reload.
/// </summary>
public sealed class RunView
{
    /// <summary>More alerts than this are cut, and the page says so.</summary>
    public const int MaxAlerts = 50;

    private readonly Dictionary<Stage, double> _seconds = [];
    private readonly HashSet<(Stage? Stage, int KeptTasks, double Seconds)> _brokenOff = [];
    private Stage? _current;

    /// <summary>What these facts say together.</summary>
    public static RunView Of(IEnumerable<RunFact> facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var view = new RunView();
        foreach (var fact in facts)
        {
            view.Apply(fact);
        }

        return view;
    }

    /// <summary>First fact; null while the run waits.</summary>
    public RunStarted? Started { get; private set; }

    /// <summary>What it took over from another run; null for a run that explores itself.</summary>
    public PairsTaken? Taken { get; private set; }

    /// <summary>Last fact; null while it goes on.</summary>
    public RunEnded? Ended { get; private set; }

    /// <summary>Progress of the stage that runs.</summary>
    public ProgressReported? Progress { get; private set; }

    /// <summary>Held-out evaluations, by stage and decoding.</summary>
    public Dictionary<(Stage Stage, string Decoding), EvaluationFinished> Held { get; } = [];

    /// <summary>Where the demonstrations come from; null before they are made.</summary>
    public DemonstrationsMade? Demonstrations { get; private set; }

    /// <summary>Scripted rules on the held-out tasks, by name.</summary>
    public SortedDictionary<string, ReferenceEvaluated> References { get; } = new(StringComparer.Ordinal);

    /// <summary>Newest first.</summary>
    public List<AlertRaised> Alerts { get; } = [];

    /// <summary>Alerts that were cut.</summary>
    public int AlertsCut { get; private set; }

    /// <summary>In the order they were saved.</summary>
    public List<CheckpointSaved> Checkpoints { get; } = [];

    /// <summary>Notes that people added.</summary>
    public int Notes { get; private set; }

    /// <summary>Re-rolls by round: asked for, and what came of each.</summary>
    public SortedDictionary<int, RunFact> Rerolls { get; } = [];

    /// <summary>All stages in their order.</summary>
    public IEnumerable<StageView> Stages => Enum.GetValues<Stage>().Select(s => new StageView(
        s,
        _seconds.ContainsKey(s) ? "done" : s == _current && Ended is null ? "current" : "waiting",
        _seconds.TryGetValue(s, out var seconds) ? seconds : null));

    /// <summary>What stages had taken that were broken off and done again: in no stage's seconds.</summary>
    public double BrokenOffSeconds => _brokenOff.Sum(b => b.Seconds);

    /// <summary>Stage that runs now.</summary>
    public Stage? Current => Ended is null ? _current : null;

    /// <summary>The rule by which steps were accepted, for the verdict sentence.</summary>
    public static RisingRule RuleOf(RunPlan plan, RewardRange range)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new(plan.Explore.Rise, plan.Explore.RiseMargin, range);
    }

    /// <summary>The run goes on: its end was not the last word.</summary>
    public void Reopen() => Ended = null;

    /// <summary>Takes in an event that the header shows.</summary>
    /// <returns>Whether something changed that must be rendered.</returns>
    public bool Apply(RunEvent happened)
    {
        switch (happened)
        {
            case RunStarted started:
                Started = started;
                return true;
            case PairsTaken taken:
                Taken = taken;
                return true;
            case StageStarted stage when stage.Stage != _current:
                (_current, Progress) = (stage.Stage, null);
                return true;
            case StageFinished stage:
                _seconds[stage.Stage] = stage.Seconds;
                return true;
            case ProgressReported progress when progress.Stage == _current:
                Progress = progress;
                return true;
            case EvaluationFinished evaluation:
                Held[(evaluation.Stage, evaluation.Decoding)] = evaluation;
                return true;
            case DemonstrationsMade made:
                Demonstrations = made;
                return true;
            case ReferenceEvaluated reference:
                References[reference.Name] = reference;
                return true;
            case AlertRaised alert when !Alerts.Contains(alert):
                Alerts.Insert(0, alert);
                if (Alerts.Count > MaxAlerts)
                {
                    Alerts.RemoveAt(MaxAlerts);
                    AlertsCut++;
                }

                return true;
            case CheckpointSaved checkpoint when !Checkpoints.Contains(checkpoint):
                Checkpoints.Add(checkpoint);
                return true;
            case NoteAdded:
                Notes++;
                return true;
            case RerollRequested asked:
                Rerolls.TryAdd(asked.Round, asked);
                return true;
            case RerollFinished finished:
                Rerolls[finished.Round] = finished;
                return true;
            case RerollFailed failed:
                Rerolls[failed.Round] = failed;
                return true;
            case RunEnded ended:
                Ended = ended;
                return true;
            case RunResumed resumed:
                _brokenOff.Add((resumed.Stage, resumed.KeptTasks, resumed.BrokenOffSeconds));
                Reopen();
                return true;
            default:
                return false;
        }
    }
}
