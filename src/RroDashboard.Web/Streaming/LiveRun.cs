using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Plans;
using RroDashboard.Data;

namespace RroDashboard.Web.Streaming;

/// <summary>
/// What the live side remembers of one run: committed events that are in no frame yet, the last frames, and what it takes to
/// write feed entries. Not thread-safe; <see cref="LiveFeed"/> locks it.
/// </summary>
internal sealed class LiveRun(string runId, string epoch)
{
    private static readonly TimeSpan s_paceWindow = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_leastPace = TimeSpan.FromSeconds(1);

    private readonly List<CommittedEvent> _pending = [];
    private readonly SortedSet<long> _cuts = [];
    private readonly LinkedList<RunFrame> _ring = [];
    private readonly Dictionary<int, string> _instructions = [];
    private readonly Dictionary<(int Task, int Step), List<CandidateScored>> _candidates = [];
    private readonly Dictionary<Stage, DateTime> _stageStarted = [];
    private readonly Queue<(DateTime At, long Done)> _pace = new();
    private FeedWriter? _feed;
    private Stage? _paceStage;
    private int _ringItems;

    /// <summary>Last event that is in a frame; null before the first event of this process.</summary>
    public long? Framed { get; private set; }

    /// <summary>When something last happened.</summary>
    public DateTime LastAtUtc { get; private set; }

    /// <summary>The run has ended.</summary>
    public bool Ended { get; private set; }

    public bool HasPending => _pending.Count > 0;

    public IEnumerable<RunFrame> Frames => _ring;

    public void Add(CommittedEvent happened)
    {
        Framed ??= happened.Seq - 1;
        LastAtUtc = happened.AtUtc;
        _pending.Add(happened);
    }

    /// <summary>Makes a frame end at this event, so that a snapshot which ends there is continued without overlap.</summary>
    /// <returns>False when a frame already reaches past it.</returns>
    public bool TryCutAt(long seq)
    {
        if (Framed is { } framed && seq <= framed)
        {
            // A boundary in the past is as good: some frame ends, or begins, there.
            return seq == framed || _ring.Any(f => f.Seq == seq || f.From == seq + 1);
        }

        _cuts.Add(seq);
        return true;
    }

    /// <summary>Frames of everything that is pending; more than one only where a snapshot asked for a cut.</summary>
    public IReadOnlyList<(RunFrame Frame, IReadOnlyList<RunEvent> Events)> Take()
    {
        var made = new List<(RunFrame, IReadOnlyList<RunEvent>)>();
        var from = 0;
        while (from < _pending.Count)
        {
            var cut = _cuts.FirstOrDefault(c => c >= _pending[from].Seq && c < _pending[^1].Seq, _pending[^1].Seq);
            var to = _pending.FindIndex(from, e => e.Seq > cut);
            to = to < 0 ? _pending.Count : to;
            made.Add(Frame(_pending[from..to]));
            from = to;
        }

        _pending.Clear();
        _cuts.RemoveWhere(c => c <= Framed);
        return made;
    }

    private (RunFrame Frame, IReadOnlyList<RunEvent> Events) Frame(List<CommittedEvent> events)
    {
        var points = new Dictionary<string, (List<long> Steps, List<double?> Values)>(StringComparer.Ordinal);
        var (feed, baselines, stages, logs) = (new List<FeedEntry>(), new List<double>(), new List<StageRow>(), new List<LogRow>());
        var (evaluations, checkpoints, alerts) = (new List<EvaluationRow>(), new List<CheckpointRow>(), new List<AlertRow>());
        var passedOn = new List<RunEvent>();
        ProgressReported? progress = null;
        BudgetReported? budget = null;
        RunStarted? started = null;
        FrameState? state = null;
        foreach (var (_, seq, at, happened) in events)
        {
            switch (happened)
            {
                case MetricPoint point:
                    if (!points.TryGetValue(point.Series, out var columns))
                    {
                        points.Add(point.Series, columns = ([], []));
                    }

                    columns.Steps.Add(point.Step);
                    columns.Values.Add(double.IsFinite(point.Value) ? point.Value : null);
                    continue;
                case ProgressReported p:
                    progress = p;
                    Pace(p, at);
                    continue;
                case BudgetReported b:
                    budget = b;
                    continue;
                case LogLine line:
                    logs.Add(new LogRow(seq, at, line.Level, line.Text));
                    continue;
                case TaskOpened task:
                    _instructions[task.Task] = task.Instruction;
                    baselines.Add(task.Baseline.Mean);
                    continue;
                case TaskFinished task:
                    _instructions.Remove(task.Task);
                    continue;
                case CandidateScored candidate:
                    if (!_candidates.TryGetValue((candidate.Task, candidate.Step), out var list))
                    {
                        _candidates.Add((candidate.Task, candidate.Step), list = []);
                    }

                    list.Add(candidate);
                    continue;
                case StepDecided step:
                    _candidates.Remove((step.Task, step.Step), out var candidates);
                    _feed ??= new FeedWriter(new RunPlan(), Core.Rewards.RewardRange.Unit);
                    feed.Add(_feed.Entry(seq, step, _instructions.GetValueOrDefault(step.Task, ""), candidates ?? []));
                    continue;
                case PairCreated:
                    continue;
                case RunStarted s:
                    started = s with { Settings = new Dictionary<string, string>(StringComparer.Ordinal) };
                    _feed = new FeedWriter(PlanSettings.FromDictionary("", s.Settings), s.RewardRange);
                    state = new FrameState(RunState.Running, null);
                    break;
                case StageStarted s:
                    _stageStarted[s.Stage] = at;
                    stages.Add(new StageRow(s.Stage, at, null));
                    break;
                case StageFinished s:
                    stages.Add(new StageRow(s.Stage, _stageStarted.GetValueOrDefault(s.Stage, at), s.Seconds));
                    break;
                case EvaluationFinished e:
                    evaluations.Add(new EvaluationRow(
                        seq, e.Stage, e.Decoding, e.Mean, e.Low, e.High, e.PerfectShare, e.ZeroShare, e.InvalidRate, e.MeanSteps, e.Episodes.Count));
                    break;
                case CheckpointSaved c:
                    checkpoints.Add(new CheckpointRow(seq, c.Stage, c.Folder, c.Sha256, c.Bytes));
                    break;
                case AlertRaised a:
                    alerts.Add(new AlertRow(seq, at, a.Severity, a.Text));
                    break;
                case RunEnded e:
                    state = new FrameState(e.State, e.Error);
                    Ended = true;
                    _instructions.Clear();
                    _candidates.Clear();
                    break;
                default:
                    break;
            }

            passedOn.Add(happened);
        }

        if (progress is not null)
        {
            passedOn.Add(progress);
        }

        if (budget is not null)
        {
            passedOn.Add(budget);
        }

        var frame = new RunFrame
        {
            RunId = runId,
            Epoch = epoch,
            From = events[0].Seq,
            Seq = events[^1].Seq,
            AtUtc = events[^1].AtUtc,
            Points = points.Count == 0 ? null : [.. points.Select(p => Points(p.Key, p.Value.Steps, p.Value.Values))],
            Feed = OrNull(feed),
            Progress = progress is null ? null : new FrameProgress(progress.Stage, progress.Done, progress.Total, Eta(progress)),
            Budget = budget?.Budget,
            Baselines = OrNull(baselines),
            Stages = OrNull(stages),
            Evaluations = OrNull(evaluations),
            Checkpoints = OrNull(checkpoints),
            Alerts = OrNull(alerts),
            Logs = OrNull(logs),
            Started = started,
            State = state,
        };
        Framed = frame.Seq;
        Keep(frame);
        return (frame, passedOn);
    }

    private static FramePoints Points(string series, List<long> steps, List<double?> values)
    {
        if (steps.Count <= LiveFeed.PointsPerFrame)
        {
            return new FramePoints(series, steps, values);
        }

        var all = steps.Zip(values, (step, value) => new SeriesPoint(step, value)).OrderBy(p => p.Step).ToList();
        var kept = MinMaxBuckets.Thin(all, LiveFeed.PointsPerFrame);
        return new FramePoints(series, [.. kept.Select(p => p.Step)], [.. kept.Select(p => p.Value)]);
    }

    private static List<T>? OrNull<T>(List<T> list) => list.Count == 0 ? null : list;

    private static int Items(RunFrame frame) =>
        1 + (frame.Points?.Sum(p => p.Steps.Count) ?? 0) + (20 * (frame.Feed?.Count ?? 0)) + (frame.Logs?.Count ?? 0);

    private void Keep(RunFrame frame)
    {
        _ring.AddLast(frame);
        _ringItems += Items(frame);
        while (_ring.Count > LiveFeed.RingFrames || (_ringItems > LiveFeed.RingItems && _ring.Count > 1))
        {
            _ringItems -= Items(_ring.First!.Value);
            _ring.RemoveFirst();
        }
    }

    private void Pace(ProgressReported progress, DateTime at)
    {
        if (progress.Stage != _paceStage)
        {
            _paceStage = progress.Stage;
            _pace.Clear();
        }

        _pace.Enqueue((at, progress.Done));
        while (_pace.Count > 2 && at - _pace.Peek().At > s_paceWindow)
        {
            _pace.Dequeue();
        }
    }

    private double? Eta(ProgressReported progress)
    {
        if (_pace.Count < 2 || progress.Total <= progress.Done)
        {
            return progress.Total > 0 && progress.Total <= progress.Done ? 0 : null;
        }

        var (first, last) = (_pace.Peek(), _pace.Last());
        var (seconds, work) = ((last.At - first.At).TotalSeconds, last.Done - first.Done);
        return seconds < s_leastPace.TotalSeconds || work <= 0 ? null : (progress.Total - progress.Done) * seconds / work;
    }
}
