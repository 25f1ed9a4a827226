using System.Collections;
using System.Diagnostics;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Data.Tests;

public sealed class JournalWriterTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Record_FactsAndSamplesOfTwoRuns_AreNumberedInTheOrderOfArrivalWithoutHoles()
    {
        var listener = new Listener();
        await using var database = await TestDatabase.CreateAsync(listener);
        string[] runs = [await database.NewRunAsync(), await database.NewRunAsync()];

        await Task.WhenAll(runs.Select(run => Task.Run(() =>
        {
            var journal = database.Writer.Open(run);
            for (var i = 0; i < 6000; i++)
            {
                if (i % 3 == 0)
                {
                    journal.Record(new AlertRaised("info", $"{i}"));
                }
                else
                {
                    journal.Sample(new LogLine("info", $"{i}"));
                }
            }
        })));
        await database.FlushAsync();

        foreach (var run in runs)
        {
            var heard = listener.Heard.Where(e => e.RunId == run).ToList();
            Assert.Equal(Enumerable.Range(1, heard.Count).Select(i => (long)i), heard.Select(e => e.Seq));
            var order = heard.Select(e => int.Parse(e.Event is AlertRaised a ? a.Text : ((LogLine)e.Event).Text, System.Globalization.CultureInfo.InvariantCulture)).ToList();
            Assert.Equal(order.Order(), order);
            Assert.Equal(6000, heard.Count + (int)(await database.Queries.FindAsync(run, default))!.DroppedSamples);
            Assert.Equal(2000, heard.Count(e => e.Event is AlertRaised));
        }
    }

    [Fact]
    public async Task Record_FromManyThreadsAtOnce_FlushEndsEachTime()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        const int Rounds = 20;
        const int Recorders = 8;
        const int Each = 60;

        for (var round = 0; round < Rounds; round++)
        {
            using var together = new Barrier(Recorders);
            await Task.WhenAll(Enumerable.Range(0, Recorders).Select(r => Task.Factory.StartNew(
                () =>
                {
                    together.SignalAndWait();
                    for (var i = 0; i < Each; i++)
                    {
                        if (r % 2 == 0)
                        {
                            journal.Record(new AlertRaised("info", "fact"));
                        }
                        else
                        {
                            journal.Sample(new LogLine("info", "sample"));
                        }
                    }
                },
                default, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
            await database.FlushAsync();

            Assert.Equal((round + 1) * Recorders * Each, database.Number("SELECT count(*) FROM Events"));
        }
    }

    [Fact]
    public async Task Write_AfterAResume_ForgetsTheTimesOfTheBrokenAttemptOnly()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        foreach (var series in (string[])["sft/loss", "time/explore", "time/dpo"])
        {
            journal.Sample(new MetricPoint(series, 1, 100));
            journal.Sample(new MetricPoint(series, 2, 101));
        }

        journal.Record(new RunResumed(Stage.Dpo, 3, []));
        journal.Sample(new MetricPoint("time/dpo", 1, 500));
        await database.FlushAsync();

        string Points(string series, string column, string table) => $"SELECT sum({column}) FROM {table} x JOIN Series s ON s.Id = x.SeriesId WHERE s.Name = '{series}'";
        Assert.Equal(500, database.Number(Points("time/dpo", "Value", "MetricPoints")));
        Assert.Equal(201, database.Number(Points("time/explore", "Value", "MetricPoints")));
        Assert.Equal(201, database.Number(Points("sft/loss", "Value", "MetricPoints")));
        // One rollup of each of the two widths.
        Assert.Equal(2, database.Number(Points("time/dpo", "Count", "MetricRollups")));
        Assert.Equal(1000, database.Number(Points("time/dpo", "Min", "MetricRollups")));
        Assert.Equal(4, database.Number(Points("time/explore", "Count", "MetricRollups")));
    }

    [Fact]
    public async Task OnCommitted_EveryBatch_IsInTheDatabaseAlready()
    {
        var listener = new Listener();
        await using var database = await TestDatabase.CreateAsync(listener);
        var run = await database.NewRunAsync();
        var missing = new List<long>();
        listener.Then = events =>
        {
            var stored = database.Number("SELECT max(Seq) FROM Events");
            var numbered = database.Number("SELECT LastSeq FROM Runs");
            if (stored < events[^1].Seq || numbered < events[^1].Seq)
            {
                missing.Add(events[^1].Seq);
            }
        };
        var journal = database.Writer.Open(run);

        for (var i = 0; i < 3000; i++)
        {
            journal.Record(new AlertRaised("info", $"{i}"));
        }

        await database.FlushAsync();
        Assert.Equal(3000, listener.Heard.Count);
        Assert.Empty(missing);
    }

    [Fact]
    public async Task Kill9_WhileWriting_LosesNothingThatWasTold()
    {
        await using var first = await TestDatabase.CreateAsync();
        var run = await first.NewRunAsync();
        var folder = Directory.CreateTempSubdirectory("rro-kill-").FullName;
        try
        {
            // The child gets the folder for itself: one process has one data folder.
            first.Execute($"VACUUM INTO '{Path.Combine(folder, DataServices.FileName)}'");
            var told = await RunUntilKilledAsync(folder, run, commits: 5);

            await using var second = await TestDatabase.OpenAsync(folder);
            var last = (await second.Queries.FindAsync(run, default))!.LastSeq;
            var alerts = await second.Queries.AllAsync<AlertRaised>(run, default);
            Assert.True(told > 0 && last >= told, $"Told of {told}, stored up to {last}.");
            Assert.Equal(Enumerable.Range(1, alerts.Count).Select(i => $"{i}"), alerts.Select(a => a.Text));
            Assert.Equal(last, alerts.Count + second.Number("SELECT count(*) FROM MetricPoints"));
            Assert.Null(await DatabaseCheck.RunAsync(Path.Combine(folder, DataServices.FileName), default));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Sample_FasterThanTheWriter_DropsTheOldestAndCountsThem()
    {
        var listener = new Listener();
        await using var database = await TestDatabase.CreateAsync(listener);
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        using var slow = new ManualResetEventSlim();
        using var reached = new ManualResetEventSlim();
        listener.Then = _ =>
        {
            reached.Set();
            slow.Wait(s_patience);
        };
        journal.Record(new StageStarted(Stage.Sft));
        Assert.True(reached.Wait(s_patience));
        const int Sent = JournalLimits.WaitingSamples + 1000;

        var began = Stopwatch.StartNew();
        for (var i = 0; i < Sent; i++)
        {
            journal.Sample(new MetricPoint("sft/loss", i, i));
        }

        var took = began.Elapsed;
        slow.Set();
        await database.FlushAsync();
        Assert.True(took < TimeSpan.FromSeconds(5), $"The trainer waited {took}.");
        Assert.Equal(1000, (await database.Queries.FindAsync(run, default))!.DroppedSamples);
        Assert.Equal(Sent - 1000, database.Number("SELECT count(*) FROM MetricPoints"));
        Assert.Equal(1000, database.Number("SELECT min(Step) FROM MetricPoints"));
        Assert.Equal(Sent - 1, database.Number("SELECT max(Step) FROM MetricPoints"));
    }

    [Fact]
    public async Task Rollups_PointsInAnyOrderWithRepeats_EqualRecomputation()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        var random = new SeededRandom(7, 0);
        for (var i = 0; i < 9000; i++)
        {
            // Several batches, steps below zero and repeated ones among them, values with many ties.
            journal.Sample(new MetricPoint(i % 2 == 0 ? "sft/loss" : "dpo/loss", random.Next(5000) - 500, random.Next(200) / 10.0));
            if (i % 3000 == 0)
            {
                await database.FlushAsync();
            }
        }

        journal.Sample(new MetricPoint("sft/loss", 100_000, double.NaN));
        await database.FlushAsync();

        // The step of an extreme that occurs twice depends on the order of arrival; its value does not.
        const string Difference =
            """
            WITH Widths(Width) AS (VALUES (64), (1024)),
            Bucketed AS (SELECT RunKey, SeriesId, Width, CAST(floor(1.0 * Step / Width) AS INTEGER) AS Bucket, Step, Value FROM MetricPoints, Widths),
            Again AS (
              SELECT RunKey, SeriesId, Width, Bucket, min(Value) AS Min, max(Value) AS Max, max(Step) AS LastStep, count(*) AS Count
              FROM Bucketed GROUP BY RunKey, SeriesId, Width, Bucket)
            SELECT (SELECT count(*) FROM (SELECT RunKey, SeriesId, Width, Bucket, Min, Max, LastStep, Count FROM MetricRollups EXCEPT SELECT * FROM Again))
              + (SELECT count(*) FROM (SELECT * FROM Again EXCEPT SELECT RunKey, SeriesId, Width, Bucket, Min, Max, LastStep, Count FROM MetricRollups))
              + (SELECT count(*) FROM MetricRollups r WHERE Last <> (SELECT Value FROM MetricPoints p WHERE p.RunKey = r.RunKey AND p.SeriesId = r.SeriesId AND p.Step = r.LastStep)
                  OR Min <> (SELECT Value FROM MetricPoints p WHERE p.RunKey = r.RunKey AND p.SeriesId = r.SeriesId AND p.Step = r.MinStep)
                  OR Max <> (SELECT Value FROM MetricPoints p WHERE p.RunKey = r.RunKey AND p.SeriesId = r.SeriesId AND p.Step = r.MaxStep))
            """;
        Assert.Equal(0, database.Number(Difference));
        Assert.True(database.Number("SELECT count(*) FROM MetricRollups WHERE Width = 64 AND Count > 1") > 50);
        Assert.Equal(0, database.Number("SELECT count(*) FROM MetricPoints WHERE Step = 100000"));
    }

    [Fact]
    public async Task Record_EventThatCanNeverBeWritten_ClosesThatRunAndNoOther()
    {
        var listener = new Listener();
        await using var database = await TestDatabase.CreateAsync(listener);
        var (broken, healthy) = (await database.NewRunAsync(), await database.NewRunAsync());
        var journal = database.Writer.Open(broken);
        journal.Record(new StageStarted(Stage.Explore));
        var value = new Estimate([0.5]);
        journal.Record(new StepDecided(0, 0, value, value, 0, "buy", 1, StepVerdict.Rose, new Unreadable()));
        database.Writer.Open(healthy).Record(new AlertRaised("info", "still here"));
        await database.FlushAsync();

        var refused = Assert.Throws<IOException>(() => journal.Record(new AlertRaised("info", "later")));
        journal.Record(new RunEnded(RunState.Failed, refused.Message, null));
        await database.FlushAsync();

        Assert.Contains("cannot be read", refused.Message, StringComparison.Ordinal);
        Assert.Equal("still here", Assert.Single(await database.Queries.AllAsync<AlertRaised>(healthy, default)).Text);
        var run = (await database.Queries.FindAsync(broken, default))!;
        Assert.Equal((RunState.Failed, refused.Message), (run.State, run.Error));
        Assert.Empty(await database.Queries.AllAsync<StepDecided>(broken, default));
    }

    [Fact]
    public async Task Record_EndThatCanNeverBeWritten_StopsNeitherTheWriterNorAnotherRun()
    {
        await using var database = await TestDatabase.CreateAsync();
        var (broken, healthy) = (await database.NewRunAsync(), await database.NewRunAsync());
        database.Execute("CREATE TRIGGER NoEnd BEFORE INSERT ON Events WHEN NEW.Kind = 'RunEnded' BEGIN SELECT RAISE(ABORT, 'no end'); END");
        database.Writer.Open(broken).Record(new RunEnded(RunState.Failed, "gone", null));
        database.Writer.Open(healthy).Record(new AlertRaised("info", "still here"));
        await database.FlushAsync();

        database.Writer.Open(healthy).Record(new AlertRaised("info", "and goes on"));
        await database.FlushAsync();

        Assert.Equal(["still here", "and goes on"], (await database.Queries.AllAsync<AlertRaised>(healthy, default)).Select(a => a.Text));
        Assert.Equal(0, database.Number("SELECT count(*) FROM Events WHERE Kind = 'RunEnded'"));
    }

    [Fact]
    public async Task Record_DiskRefuses_TellsTheRunAndWritesLater()
    {
        var listener = new Listener();
        await using var database = await TestDatabase.CreateAsync(listener);
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        journal.Record(new AlertRaised("info", "1"));
        await database.FlushAsync();
        database.Execute("ALTER TABLE Events RENAME TO Hidden");
        journal.Record(new AlertRaised("info", "2"));

        IOException? refused = null;
        for (var began = Stopwatch.StartNew(); refused is null && began.Elapsed < s_patience; await Task.Delay(20))
        {
            refused = Record.Exception(() => journal.Record(new AlertRaised("info", "3"))) as IOException;
        }

        Assert.NotNull(refused);
        journal.Record(new RunEnded(RunState.Failed, "no disk", null));
        Assert.Single(listener.Heard);
        database.Execute("ALTER TABLE Hidden RENAME TO Events");
        await database.FlushAsync();
        Assert.Equal("2", (await database.Queries.AllAsync<AlertRaised>(run, default))[1].Text);
        Assert.Equal(RunState.Failed, (await database.Queries.FindAsync(run, default))!.State);
    }

    [Fact]
    public async Task OnCommitted_ListenerThrows_TheRunGoesOn()
    {
        var listener = new Listener { Then = _ => throw new InvalidOperationException("a page failed") };
        await using var database = await TestDatabase.CreateAsync(listener);
        var journal = database.Writer.Open(await database.NewRunAsync());

        journal.Record(new AlertRaised("info", "1"));
        await database.FlushAsync();
        journal.Record(new AlertRaised("info", "2"));
        await database.FlushAsync();

        Assert.Equal([1L, 2L], listener.Heard.Select(e => e.Seq));
    }

    [Fact]
    public async Task StopAsync_EventsWaiting_WritesThemAndTakesNoMore()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();
        var journal = database.Writer.Open(run);
        for (var i = 1; i <= 3000; i++)
        {
            journal.Record(new AlertRaised("info", $"{i}"));
        }

        await database.Writer.StopAsync(default).WaitAsync(s_patience);

        Assert.Equal(3000, (await database.Queries.FindAsync(run, default))!.LastSeq);
        Assert.Throws<IOException>(() => journal.Record(new AlertRaised("info", "late")));
        journal.Sample(new LogLine("info", "late"));
        Assert.Equal(3000, database.Number("SELECT count(*) FROM Events"));
    }

    private static async Task<long> RunUntilKilledAsync(string folder, string run, int commits)
    {
        using var child = Process.Start(new ProcessStartInfo("dotnet", [typeof(JournalWriterTests).Assembly.Location, folder, run]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var trouble = child.StandardError.ReadToEndAsync();
        try
        {
            var told = 0L;
            for (var i = 0; i < commits; i++)
            {
                var line = await child.StandardOutput.ReadLineAsync().WaitAsync(s_patience);
                Assert.True(line is not null, line is null ? $"The child ended by itself: {await trouble.WaitAsync(s_patience)}" : "");
                told = long.Parse(line!, System.Globalization.CultureInfo.InvariantCulture);
            }

            return told;
        }
        finally
        {
            child.Kill();
            await child.WaitForExitAsync().WaitAsync(s_patience);
        }
    }

    private sealed class Unreadable : IReadOnlyList<CandidateAccount>
    {
        public int Count => 1;

        public CandidateAccount this[int index] => throw new NotSupportedException("cannot be read");

        public IEnumerator<CandidateAccount> GetEnumerator() => throw new NotSupportedException("cannot be read");

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
