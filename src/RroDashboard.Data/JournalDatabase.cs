using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;

namespace RroDashboard.Data;

/// <summary>What one transaction brought.</summary>
/// <param name="Events">With their numbers.</param>
/// <param name="Receipts">Answers to trainers elsewhere.</param>
internal sealed record JournalWritten(IReadOnlyList<CommittedEvent> Events, IReadOnlyList<(RemoteAppend Append, RemoteReceipt Receipt)> Receipts);

/// <summary>
/// The writer's own connection: raw prepared commands inside EF's connection, because a run says thousands of things a second and EF
/// is ten times slower at that (stack.md 4.1).
/// </summary>
internal sealed class JournalDatabase : IDisposable
{
    private static readonly string[] s_ofWalks =
        [EventKinds.Of<TaskOpened>(), EventKinds.Of<CandidateScored>(), EventKinds.Of<StepDecided>(), EventKinds.Of<PairCreated>(), EventKinds.Of<TrajectoryKept>(), EventKinds.Of<TaskFinished>()];

    // What a stage says once; of walks and people, alerts and the like, everything stays.
    private static readonly string[] s_ofStages =
    [
        EventKinds.Of<StageStarted>(), EventKinds.Of<DemonstrationsMade>(), EventKinds.Of<ReferenceEvaluated>(), EventKinds.Of<EpisodePlayed>(), EventKinds.Of<EvaluationFinished>(),
        EventKinds.Of<CheckpointSaved>(), EventKinds.Of<PairMargins>(), EventKinds.Of<PairsDrawn>(), EventKinds.Of<PreferencesTrained>(),
    ];

    private readonly TimeProvider _time;
    private readonly RroDbContext _context;
    private readonly Dictionary<string, Run> _runs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _series = new(StringComparer.Ordinal);
    private readonly PreparedCommands _commands;
    private DbTransaction? _transaction;

    /// <summary>What the writer remembers of a run between batches.</summary>
    private sealed record Run(long Key, long LastSeq, bool IsRemote);

    public JournalDatabase(IDbContextFactory<RroDbContext> contexts, TimeProvider time)
    {
        _time = time;
        _context = contexts.CreateDbContext();
        _context.Database.OpenConnection();
        _commands = new PreparedCommands(_context.Database.GetDbConnection());
    }

    /// <summary>Writes a batch in one transaction: events, what follows from them, and the numbers of the last ones.</summary>
    /// <returns>The events with their numbers; those of runs that were deleted meanwhile are left out. And the answers to trainers elsewhere.</returns>
    public JournalWritten Write(IReadOnlyList<JournalEntry> batch, IReadOnlyDictionary<string, long> dropped)
    {
        var committed = new List<CommittedEvent>(batch.Count);
        var receipts = new List<(RemoteAppend, RemoteReceipt)>();
        var rollups = new Dictionary<(long RunKey, long SeriesId, int Width, long Bucket), Rollup>();
        var runs = new Dictionary<string, Run>(_runs, StringComparer.Ordinal);
        var now = _time.GetUtcNow().UtcDateTime;
        _transaction = _context.Database.GetDbConnection().BeginTransaction();
        try
        {
            foreach (var entry in batch)
            {
                if (!runs.TryGetValue(entry.RunId, out var run) && (run = Find(entry.RunId)) is null)
                {
                    if (entry.Remote is { } gone)
                    {
                        receipts.Add((gone, new RemoteReceipt(RemoteAnswer.Gone, 0, false, RunState.Interrupted)));
                    }

                    continue;
                }

                IReadOnlyList<RunEvent> events = [];
                if (entry.Remote is { } remote)
                {
                    var (receipt, admitted) = Admit(run, remote, now);
                    receipts.Add((remote, receipt));
                    events = admitted;
                }
                else
                {
                    events = [entry.Event!];
                }

                foreach (var happened in events)
                {
                    if (happened is MetricPoint point && !StorePoint(run, point, rollups))
                    {
                        continue;
                    }

                    run = run with { LastSeq = run.LastSeq + 1 };
                    runs[entry.RunId] = run;
                    if (happened is RunResumed)
                    {
                        // What came before it in this batch has to be in the table that it clears.
                        MergeAll(rollups);
                    }

                    Store(run, happened, now);
                    Project(run, happened, now);
                    committed.Add(new CommittedEvent(entry.RunId, run.LastSeq, now, happened));
                }
            }

            MergeAll(rollups);
            foreach (var runId in committed.Select(c => c.RunId).Distinct())
            {
                // Of a crashed run the next process says that it ended: that is no beat of its heart.
                Execute("UPDATE Runs SET LastSeq = $p0, HeartbeatTicks = CASE WHEN Crashed = 1 THEN HeartbeatTicks ELSE $p2 END WHERE Key = $p1", runs[runId].LastSeq, runs[runId].Key, now.Ticks);
            }

            foreach (var (runId, count) in dropped)
            {
                Execute("UPDATE Runs SET DroppedSamples = DroppedSamples + $p0 WHERE Id = $p1", count, runId);
            }

            _transaction.Commit();
        }
        catch
        {
            // What was made in this transaction is gone with it, and a run that was deleted meanwhile has to be looked for again.
            _series.Clear();
            _runs.Clear();
            throw;
        }
        finally
        {
            _transaction.Dispose();
            _transaction = null;
        }

        foreach (var (runId, run) in runs)
        {
            _runs[runId] = run;
        }

        foreach (var ended in committed.Where(c => c.Event is RunEnded))
        {
            _runs.Remove(ended.RunId);
        }

        return new JournalWritten(committed, receipts);
    }

    public void Dispose()
    {
        _commands.Dispose();
        _context.Dispose();
    }

    // Decides in the transaction that writes: whatever was sent twice, or by two at once, is taken once. What follows is of the same moment.
    private (RemoteReceipt Receipt, IReadOnlyList<RunEvent> Events) Admit(Run run, RemoteAppend remote, DateTime now)
    {
        var (state, last, heard, stopAsked) = RemoteState(run);
        if (remote.SilentSince is { } since)
        {
            if (state is not (RunState.Running or RunState.Queued) || heard >= since.Ticks)
            {
                return (new RemoteReceipt(RemoteAnswer.Known, last, stopAsked, state), []);
            }

            Execute("UPDATE Runs SET Crashed = 1 WHERE Key = $p0", run.Key);
            return (new RemoteReceipt(RemoteAnswer.Taken, last, stopAsked, RunState.Interrupted), remote.Events);
        }

        if (remote.Number is { } number && number <= last)
        {
            return (new RemoteReceipt(RemoteAnswer.Known, last, stopAsked, state), []);
        }

        if (state is RunState.Finished or RunState.Failed or RunState.Stopped)
        {
            return (new RemoteReceipt(RemoteAnswer.Closed, last, stopAsked, state), []);
        }

        if (remote.Number > last + 1)
        {
            return (new RemoteReceipt(RemoteAnswer.Gap, last, stopAsked, state), []);
        }

        last = remote.Number ?? last;
        var end = remote.Events.OfType<RunEnded>().LastOrDefault();
        Execute("UPDATE Runs SET RemoteBatch = $p0, HeartbeatTicks = $p1, Crashed = 0 WHERE Key = $p2", last, now.Ticks, run.Key);
        IReadOnlyList<RunEvent> events = state == RunState.Interrupted ? [Resumed(run), .. remote.Events] : remote.Events;
        return (new RemoteReceipt(RemoteAnswer.Taken, last, stopAsked, end?.State ?? RunState.Running), events);
    }

    // A trainer that was taken for dead speaks again. It has kept all it did, so nothing is set aside.
    private RunResumed Resumed(Run run)
    {
        var (began, finished) = (EventKinds.Of<StageStarted>(), EventKinds.Of<StageFinished>());
        var json = _commands.Scalar(
            _transaction, $"SELECT Json FROM Events WHERE RunKey = $p0 AND Kind IN ('{began}', '{finished}') ORDER BY Seq DESC LIMIT 1", run.Key) as string;
        var stage = json is not null && JsonSerializer.Deserialize<RunEvent>(json, RunJson.Options) is StageStarted open ? open.Stage : (Stage?)null;
        Execute("UPDATE Runs SET Stage = $p0 WHERE Key = $p1", stage?.ToString(), run.Key);
        var kept = Convert.ToInt32(
            _commands.Scalar(_transaction, $"SELECT count(*) FROM Events WHERE RunKey = $p0 AND Kind = '{EventKinds.Of<TaskFinished>()}'", run.Key), CultureInfo.InvariantCulture);
        return new RunResumed(stage, kept, []);
    }

    private (RunState State, long Last, long Heard, bool StopAsked) RemoteState(Run run)
    {
        using var command = _context.Database.GetDbConnection().CreateCommand();
        command.Transaction = _transaction;
        command.CommandText = "SELECT State, RemoteBatch, coalesce(HeartbeatTicks, CreatedTicks), StopAskedTicks IS NOT NULL FROM Runs WHERE Key = $key";
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = ("$key", run.Key);
        command.Parameters.Add(parameter);
        using var reader = command.ExecuteReader();
        reader.Read();
        return (Enum.Parse<RunState>(reader.GetString(0)), reader.GetInt64(1), reader.GetInt64(2), reader.GetBoolean(3));
    }

    private void Store(Run run, RunEvent happened, DateTime now)
    {
        if (happened is RunFact or LogLine)
        {
            var (task, step) = EventKinds.PlaceOf(happened);
            Execute(
                "INSERT INTO Events (RunKey, Seq, Kind, Task, Step, AtTicks, Json) VALUES ($p0, $p1, $p2, $p3, $p4, $p5, $p6)",
                run.Key, run.LastSeq, EventKinds.Of(happened), task, step, now.Ticks, JsonSerializer.Serialize(happened, RunJson.Options));
        }
    }

    // False when the series already has a point at this step: the first one counts, in the table, the rollups and the live curve alike.
    private bool StorePoint(Run run, MetricPoint point, Dictionary<(long RunKey, long SeriesId, int Width, long Bucket), Rollup> rollups)
    {
        var series = SeriesId(point.Series);
        // SQLite has no NaN: such a point is a hole in the curve, and the stage itself raises the alarm.
        if (!double.IsFinite(point.Value))
        {
            return true;
        }

        if (Execute("INSERT OR IGNORE INTO MetricPoints (RunKey, SeriesId, Step, Value) VALUES ($p0, $p1, $p2, $p3)", run.Key, series, point.Step, point.Value) == 0)
        {
            return false;
        }

        foreach (var width in Rollup.Widths)
        {
            var key = (run.Key, series, width, Rollup.BucketOf(point.Step, width));
            if (!rollups.TryGetValue(key, out var rollup))
            {
                rollups.Add(key, rollup = new Rollup());
            }

            rollup.Add(point.Step, point.Value);
        }

        return true;
    }

    private void MergeAll(Dictionary<(long RunKey, long SeriesId, int Width, long Bucket), Rollup> rollups)
    {
        foreach (var (key, rollup) in rollups)
        {
            Merge(key, rollup);
        }

        rollups.Clear();
    }

    // One statement for each bucket that a batch touched, not for each point.
    private void Merge((long RunKey, long SeriesId, int Width, long Bucket) key, Rollup rollup) => Execute(
        """
        INSERT INTO MetricRollups (RunKey, SeriesId, Width, Bucket, Min, MinStep, Max, MaxStep, Last, LastStep, Count)
        VALUES ($p0, $p1, $p2, $p3, $p4, $p5, $p6, $p7, $p8, $p9, $p10)
        ON CONFLICT DO UPDATE SET
            MinStep = CASE WHEN excluded.Min < Min THEN excluded.MinStep ELSE MinStep END, Min = min(Min, excluded.Min),
            MaxStep = CASE WHEN excluded.Max > Max THEN excluded.MaxStep ELSE MaxStep END, Max = max(Max, excluded.Max),
            Last = CASE WHEN excluded.LastStep > LastStep THEN excluded.Last ELSE Last END, LastStep = max(LastStep, excluded.LastStep),
            Count = Count + excluded.Count
        """,
        key.RunKey, key.SeriesId, key.Width, key.Bucket, rollup.Min, rollup.MinStep, rollup.Max, rollup.MaxStep, rollup.Last, rollup.LastStep, rollup.Count);

    // What lists and headers show of a run, in the same transaction as the event it follows from.
    private void Project(Run run, RunEvent happened, DateTime now)
    {
        switch (happened)
        {
            case RunStarted:
                Execute("UPDATE Runs SET State = 'Running', StartedTicks = coalesce(StartedTicks, $p0) WHERE Key = $p1", now.Ticks, run.Key);
                break;
            case StageStarted stage:
                Execute(
                    "UPDATE Runs SET State = 'Running', Crashed = 0, StartedTicks = coalesce(StartedTicks, $p1), Stage = $p0, StageStartedTicks = $p1, Done = 0, Total = 0 WHERE Key = $p2",
                    stage.Stage.ToString(), now.Ticks, run.Key);
                break;
            case ProgressReported progress:
                Execute("UPDATE Runs SET Done = $p0, Total = $p1 WHERE Key = $p2 AND Stage = $p3", progress.Done, progress.Total, run.Key, progress.Stage.ToString());
                break;
            case BudgetReported budget:
                Execute("UPDATE Runs SET BudgetJson = $p0 WHERE Key = $p1", JsonSerializer.Serialize(budget.Budget, RunJson.Options), run.Key);
                break;
            case EvaluationFinished { Decoding: "greedy" } evaluation:
                Execute(
                    evaluation.Stage == Stage.Baseline ? "UPDATE Runs SET Before = $p0 WHERE Key = $p1" : "UPDATE Runs SET After = $p0 WHERE Key = $p1",
                    double.IsFinite(evaluation.Mean) ? evaluation.Mean : null, run.Key);
                break;
            case RunEnded ended:
                Execute(
                    "UPDATE Runs SET State = $p0, Error = $p1, EndedTicks = $p2, Stage = NULL WHERE Key = $p3",
                    ended.State.ToString(), ended.Error, now.Ticks, run.Key);
                break;
            case RunResumed resumed:
                Execute("UPDATE Runs SET State = 'Running', Error = NULL, EndedTicks = NULL WHERE Key = $p0", run.Key);
                if (!run.IsRemote)
                {
                    SetAside(run, resumed);
                }

                break;
            default:
                break;
        }
    }

    // The broken attempt stays in the table for whoever looks for it, under kinds that no query asks for: nothing is lost, and nothing
    // is counted twice.
    private void SetAside(Run run, RunResumed resumed)
    {
        Execute(
            $"UPDATE Events SET Kind = '{EventKinds.SetAside}' || Kind WHERE RunKey = $p0 AND Kind IN ({Names(s_ofWalks)}) AND Task IN (SELECT value FROM json_each($p1))",
            run.Key, JsonSerializer.Serialize(resumed.RestartedTasks));
        Execute(
            $"UPDATE Events SET Kind = '{EventKinds.SetAside}' || Kind WHERE RunKey = $p0 AND Kind IN ({Names(s_ofStages)}) AND Seq > " +
            $"coalesce((SELECT max(Seq) FROM Events WHERE RunKey = $p0 AND Kind = '{EventKinds.Of<StageFinished>()}'), 0)",
            run.Key);

        // The first point at a step counts. Losses are the same the second time, times are not.
        if (resumed.Stage is Stage.Sft or Stage.Dpo)
        {
            var series = SeriesId(SeriesNames.TimePrefix + (resumed.Stage == Stage.Sft ? "sft" : "dpo"));
            Execute("DELETE FROM MetricPoints WHERE RunKey = $p0 AND SeriesId = $p1", run.Key, series);
            Execute("DELETE FROM MetricRollups WHERE RunKey = $p0 AND SeriesId = $p1", run.Key, series);
        }

        static string Names(string[] kinds) => string.Join(", ", kinds.Select(k => $"'{k}'"));
    }

    private Run? Find(string runId)
    {
        using var command = _context.Database.GetDbConnection().CreateCommand();
        command.Transaction = _transaction;
        command.CommandText = "SELECT Key, LastSeq, RemoteJson IS NOT NULL FROM Runs WHERE Id = $id";
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = ("$id", runId);
        command.Parameters.Add(parameter);
        using var reader = command.ExecuteReader();
        return reader.Read() ? new Run(reader.GetInt64(0), reader.GetInt64(1), reader.GetBoolean(2)) : null;
    }

    private long SeriesId(string name)
    {
        if (_series.TryGetValue(name, out var id))
        {
            return id;
        }

        Execute("INSERT OR IGNORE INTO Series (Name) VALUES ($p0)", name);
        id = Convert.ToInt64(_commands.Scalar(_transaction, "SELECT Id FROM Series WHERE Name = $p0", name), CultureInfo.InvariantCulture);
        return _series[name] = id;
    }

    private int Execute(string sql, params ReadOnlySpan<object?> values) => _commands.Execute(_transaction, sql, values);
}
