using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using RroDashboard.Core.Events;

namespace RroDashboard.Data.Writing;

/// <summary>An event with the run it belongs to, before it has a number.</summary>
internal readonly record struct PendingEvent(string RunId, long Ticket, RunEvent Event);

/// <summary>Writes events and everything derived from them in one transaction, with commands that are prepared once.</summary>
internal sealed class BatchWriter : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, RunCursor> _cursors = new(StringComparer.Ordinal);
    private readonly List<Statement> _all = [];
    private readonly Statement _insertEvent;
    private readonly Statement _insertSeries;
    private readonly Statement _insertPoint;
    private readonly Statement _mergeRollup;
    private readonly Statement _openTask;
    private readonly Statement _finishTask;
    private readonly Statement _insertCandidate;
    private readonly Statement _insertStep;
    private readonly Statement _insertPair;
    private readonly Statement _insertEvaluation;
    private readonly Statement _insertEpisode;
    private readonly Statement _insertCheckpoint;
    private readonly Statement _insertDrop;
    private readonly Statement _updateRun;

    /// <param name="connection">Open, with the pragmas set; stays the caller's.</param>
    public BatchWriter(SqliteConnection connection)
    {
        _connection = connection;
        _insertEvent = Prepare("INSERT INTO Events (RunId, Seq, Kind, AtTicks, Json) VALUES ($0, $1, $2, $3, $4)", 5);
        _insertSeries = Prepare("INSERT INTO Series (RunId, Name) VALUES ($0, $1) RETURNING Id", 2);
        _insertPoint = Prepare("INSERT OR IGNORE INTO MetricPoints (RunId, SeriesId, Step, Value) VALUES ($0, $1, $2, $3)", 4);
        _mergeRollup = Prepare(
            """
            INSERT INTO MetricRollups (RunId, SeriesId, Width, Bucket, Min, MinStep, Max, MaxStep, Last, LastStep, Count, Sum)
            VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (RunId, SeriesId, Width, Bucket) DO UPDATE SET
              MinStep = CASE WHEN excluded.Min < Min OR (excluded.Min = Min AND excluded.MinStep < MinStep) THEN excluded.MinStep ELSE MinStep END,
              Min = MIN(Min, excluded.Min),
              MaxStep = CASE WHEN excluded.Max > Max OR (excluded.Max = Max AND excluded.MaxStep < MaxStep) THEN excluded.MaxStep ELSE MaxStep END,
              Max = MAX(Max, excluded.Max),
              Last = CASE WHEN excluded.LastStep > LastStep THEN excluded.Last ELSE Last END,
              LastStep = MAX(LastStep, excluded.LastStep),
              Count = Count + excluded.Count,
              Sum = Sum + excluded.Sum
            """,
            12);
        _openTask = Prepare("INSERT INTO Tasks (RunId, Task, Seq, TaskId, Instruction, BaselineJson, BaselineMean) VALUES ($0, $1, $2, $3, $4, $5, $6)", 7);
        _finishTask = Prepare("UPDATE Tasks SET Steps = $2, Reward = $3, FinishedSeq = $4 WHERE RunId = $0 AND Task = $1", 5);
        _insertCandidate = Prepare(
            """
            INSERT INTO Candidates (RunId, Seq, Task, Step, Attempt, Action, Observation, ValueJson, Mean, SameStateAs, Invalid, Truncated, Tokens, LogProb)
            VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            """,
            14);
        _insertStep = Prepare("INSERT INTO Steps (RunId, Seq, Task, Step, AtTicks, Tried, Verdict, AcceptedMean, Json) VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8)", 9);
        _insertPair = Prepare(
            """
            INSERT INTO Pairs (RunId, "Index", Seq, Task, Step, History, Chosen, Rejected, ChosenValueJson, RejectedValueJson, HistoryTokens, ChosenTokens, RejectedTokens)
            VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            """,
            13);
        _insertEvaluation = Prepare(
            """
            INSERT INTO Evaluations (RunId, Seq, Stage, Decoding, Mean, Low, High, PerfectShare, ZeroShare, InvalidRate, MeanSteps, EpisodeCount)
            VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            12);
        _insertEpisode = Prepare(
            """
            INSERT INTO EvaluationEpisodes (RunId, Seq, "Index", TaskId, Reward, Steps, InvalidActions, ActionTokens)
            VALUES ($0, $1, $2, $3, $4, $5, $6, $7)
            """,
            8);
        _insertCheckpoint = Prepare("INSERT INTO Checkpoints (RunId, Seq, Stage, Folder, Sha256, Bytes) VALUES ($0, $1, $2, $3, $4, $5)", 6);
        _insertDrop = Prepare("INSERT INTO Drops (RunId, Seq, AtTicks, Count) VALUES ($0, $1, $2, $3)", 4);
        _updateRun = Prepare(
            """
            UPDATE Runs SET LastSeq = $1, State = $2, StartedTicks = $3, EndedTicks = $4, Stage = $5, StageStartedTicks = $6, Done = $7, Total = $8,
              Before = $9, After = $10, BudgetJson = $11, Steps = $12, Pairs = $13, Error = $14, SummaryJson = $15, RewardLow = $16, RewardHigh = $17, Dropped = $18
            WHERE Id = $0
            """,
            19);
    }

    /// <summary>Writes events in the order given, and drop counts, and commits.</summary>
    /// <returns>The events with their numbers. A metric point whose step was already there is left out: the first one counts.</returns>
    public List<CommittedEvent> Write(IReadOnlyCollection<PendingEvent> events, IReadOnlyDictionary<string, long> drops, DateTime atUtc)
    {
        var committed = new List<CommittedEvent>(events.Count);
        var touched = new Dictionary<string, RunCursor>(StringComparer.Ordinal);
        try
        {
            using var transaction = _connection.BeginTransaction();
            foreach (var statement in _all)
            {
                statement.Transaction = transaction;
            }

            var rollups = new Dictionary<string, RollupBatch>(StringComparer.Ordinal);
            foreach (var pending in events)
            {
                var cursor = Touch(pending.RunId, transaction, touched);
                if (pending.Event is MetricPoint point)
                {
                    if (!Write(cursor, point, rollups))
                    {
                        continue;
                    }
                }
                else
                {
                    Write(cursor, pending.Event, cursor.LastSeq + 1, atUtc.Ticks);
                }

                cursor.LastSeq++;
                cursor.Apply(pending.Event, atUtc.Ticks);
                committed.Add(new CommittedEvent(pending.RunId, cursor.LastSeq, atUtc, pending.Event));
            }

            foreach (var (runId, batch) in rollups)
            {
                foreach (var ((seriesId, width, bucket), r) in batch.Buckets)
                {
                    _mergeRollup.Run(runId, seriesId, width, bucket, r.Min, r.MinStep, r.Max, r.MaxStep, r.Last, r.LastStep, r.Count, r.Sum);
                }
            }

            foreach (var (runId, count) in drops)
            {
                var cursor = Touch(runId, transaction, touched);
                cursor.Dropped += count;
                _insertDrop.Run(runId, cursor.LastSeq, atUtc.Ticks, count);
            }

            foreach (var c in touched.Values)
            {
                _updateRun.Run(
                    c.RunId, c.LastSeq, c.State, c.StartedTicks, c.EndedTicks, c.Stage, c.StageStartedTicks, c.Done, c.Total,
                    c.Before, c.After, c.BudgetJson, c.Steps, c.Pairs, c.Error, c.SummaryJson, c.RewardLow, c.RewardHigh, c.Dropped);
            }

            transaction.Commit();
        }
        catch
        {
            // What was counted on in this batch is not in the database: read it again next time.
            foreach (var runId in touched.Keys)
            {
                _cursors.Remove(runId);
            }

            throw;
        }

        foreach (var cursor in touched.Values.Where(c => c.EndedTicks is not null))
        {
            _cursors.Remove(cursor.RunId);
        }

        return committed;
    }

    public void Dispose()
    {
        foreach (var statement in _all)
        {
            statement.Dispose();
        }
    }

    private Statement Prepare(string sql, int parameters)
    {
        var statement = new Statement(_connection, sql, parameters);
        _all.Add(statement);
        return statement;
    }

    private RunCursor Touch(string runId, SqliteTransaction transaction, Dictionary<string, RunCursor> touched)
    {
        if (!touched.TryGetValue(runId, out var cursor))
        {
            if (!_cursors.TryGetValue(runId, out cursor))
            {
                _cursors.Add(runId, cursor = Load(runId, transaction));
            }

            touched.Add(runId, cursor);
        }

        return cursor;
    }

    private RunCursor Load(string runId, SqliteTransaction transaction)
    {
        using var command = _connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText =
            """
            SELECT LastSeq, State, StartedTicks, EndedTicks, Stage, StageStartedTicks, Done, Total, Before, After, BudgetJson, Steps, Pairs,
              Error, SummaryJson, RewardLow, RewardHigh, Dropped
            FROM Runs WHERE Id = $id
            """;
        command.Parameters.AddWithValue("$id", runId);
        RunCursor cursor;
        using (var row = command.ExecuteReader())
        {
            if (!row.Read())
            {
                throw new InvalidOperationException($"There is no run '{runId}': it was deleted or never created.");
            }

            cursor = new RunCursor
            {
                RunId = runId,
                LastSeq = row.GetInt64(0),
                State = Enum.Parse<RunState>(row.GetString(1)),
                StartedTicks = Long(row, 2),
                EndedTicks = Long(row, 3),
                Stage = row.IsDBNull(4) ? null : Enum.Parse<Stage>(row.GetString(4)),
                StageStartedTicks = Long(row, 5),
                Done = row.GetInt64(6),
                Total = row.GetInt64(7),
                Before = Double(row, 8),
                After = Double(row, 9),
                BudgetJson = Text(row, 10),
                Steps = row.GetInt64(11),
                Pairs = row.GetInt64(12),
                Error = Text(row, 13),
                SummaryJson = Text(row, 14),
                RewardLow = Double(row, 15),
                RewardHigh = Double(row, 16),
                Dropped = row.GetInt64(17),
            };
        }

        using var series = _connection.CreateCommand();
        series.Transaction = transaction;
        series.CommandText = "SELECT Name, Id FROM Series WHERE RunId = $id";
        series.Parameters.AddWithValue("$id", runId);
        using var rows = series.ExecuteReader();
        while (rows.Read())
        {
            cursor.SeriesIds.Add(rows.GetString(0), rows.GetInt64(1));
        }

        return cursor;
    }

    private static long? Long(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    private static double? Double(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetDouble(column);

    private static string? Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private bool Write(RunCursor cursor, MetricPoint point, Dictionary<string, RollupBatch> rollups)
    {
        if (!cursor.SeriesIds.TryGetValue(point.Series, out var seriesId))
        {
            seriesId = (long)_insertSeries.Scalar(cursor.RunId, point.Series)!;
            cursor.SeriesIds.Add(point.Series, seriesId);
        }

        var finite = double.IsFinite(point.Value);
        if (_insertPoint.Run(cursor.RunId, seriesId, point.Step, finite ? point.Value : null) == 0)
        {
            return false;
        }

        if (finite)
        {
            if (!rollups.TryGetValue(cursor.RunId, out var batch))
            {
                rollups.Add(cursor.RunId, batch = new RollupBatch());
            }

            batch.Add(seriesId, point.Step, point.Value);
        }

        return true;
    }

    private void Write(RunCursor cursor, RunEvent happened, long seq, long atTicks)
    {
        var runId = cursor.RunId;
        switch (happened)
        {
            case TaskOpened task:
                _openTask.Run(runId, task.Task, seq, task.TaskId, task.Instruction, RunEventJson.Write(task.Baseline), task.Baseline.Mean);
                break;
            case TaskFinished task:
                if (_finishTask.Run(runId, task.Task, task.Steps, task.Reward, seq) == 0)
                {
                    throw new InvalidOperationException($"Task {task.Task} of run '{runId}' was finished but never opened.");
                }

                break;
            case CandidateScored c:
                _insertCandidate.Run(
                    runId, seq, c.Task, c.Step, c.Attempt, c.Action, c.Observation, RunEventJson.Write(c.Value), c.Value.Mean,
                    c.SameStateAs, c.Invalid, c.Truncated, c.Tokens, double.IsFinite(c.LogProb) ? c.LogProb : null);
                break;
            case StepDecided s:
                _insertStep.Run(runId, seq, s.Task, s.Step, atTicks, s.Tried, s.Verdict, s.Accepted?.Mean, RunEventJson.Write(s));
                break;
            case PairCreated { Pair: var p } pair:
                _insertPair.Run(
                    runId, pair.Index, seq, p.Task, p.Step, p.History, p.Chosen, p.Rejected, RunEventJson.Write(p.ChosenValue), RunEventJson.Write(p.RejectedValue),
                    TokenBlob.Write(p.HistoryTokens), TokenBlob.Write(p.ChosenTokens), TokenBlob.Write(p.RejectedTokens));
                break;
            case EvaluationFinished e:
                _insertEvaluation.Run(
                    runId, seq, e.Stage, e.Decoding, e.Mean, e.Low, e.High, e.PerfectShare, e.ZeroShare, e.InvalidRate, e.MeanSteps, e.Episodes.Count);
                for (var i = 0; i < e.Episodes.Count; i++)
                {
                    var episode = e.Episodes[i];
                    _insertEpisode.Run(runId, seq, i, episode.TaskId, episode.Reward, episode.Steps, episode.InvalidActions, episode.ActionTokens);
                }

                break;
            case CheckpointSaved checkpoint:
                _insertCheckpoint.Run(runId, seq, checkpoint.Stage, checkpoint.Folder, checkpoint.Sha256, checkpoint.Bytes);
                WriteEvent(runId, seq, atTicks, happened);
                break;
            case ProgressReported or BudgetReported:
                // Only the newest counts; it is on the run's row.
                break;
            default:
                WriteEvent(runId, seq, atTicks, happened);
                break;
        }
    }

    private void WriteEvent(string runId, long seq, long atTicks, RunEvent happened) =>
        _insertEvent.Run(runId, seq, EventKinds.Of(happened), atTicks, RunEventJson.Write(happened));
}

/// <summary>Token ids as bytes: little-endian 32-bit integers.</summary>
internal static class TokenBlob
{
    public static byte[] Write(IReadOnlyList<int> tokens)
    {
        var bytes = new byte[tokens.Count * sizeof(int)];
        for (var i = 0; i < tokens.Count; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), tokens[i]);
        }

        return bytes;
    }

    public static int[] Read(byte[] bytes) => BitConverter.IsLittleEndian
        ? MemoryMarshal.Cast<byte, int>(bytes).ToArray()
        : [.. bytes.Chunk(sizeof(int)).Select(b => System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(b))];
}
