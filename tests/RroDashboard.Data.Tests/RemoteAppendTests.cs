using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Data.Tests;

/// <summary>Batches of trainers elsewhere on their way through the writer.</summary>
public sealed class RemoteAppendTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>As many events as a batch of the killed writer has.</summary>
    public const int Events = 300;

    /// <summary>A batch of facts and points.</summary>
    public static IReadOnlyList<RunEvent> Batch(long number) =>
        [.. Enumerable.Range(0, Events / 2).SelectMany(i => new RunEvent[] { new LogLine("info", $"{number}.{i}"), new MetricPoint("train/loss", (number * Events) + i, 1) })];

    [Fact]
    public async Task Append_KilledWhileWriting_EveryBatchIsThereWholeAndTakenOnce()
    {
        await using var first = await TestDatabase.CreateAsync();
        var run = await BeginAsync(first);
        var folder = Directory.CreateTempSubdirectory("rro-kill-").FullName;
        try
        {
            first.Execute($"VACUUM INTO '{Path.Combine(folder, DataServices.FileName)}'");
            var told = await RunUntilKilledAsync(folder, run, answers: 12);

            await using var second = await TestDatabase.OpenAsync(folder);
            var last = second.Number("SELECT RemoteBatch FROM Runs");
            Assert.True(told > 0 && last >= told, $"Told of {told}, stored up to {last}.");
            Assert.Equal(last * Events / 2, second.Number("SELECT count(*) FROM Events WHERE Kind = 'logLine'"));
            Assert.Equal(last * Events / 2, second.Number("SELECT count(*) FROM MetricPoints"));

            // The trainer got no answer to the last ones and sends them again.
            Assert.Equal(RemoteAnswer.Known, (await second.Writer.AppendAsync(run, last, Batch(last), default)).Answer);
            Assert.Equal(RemoteAnswer.Gap, (await second.Writer.AppendAsync(run, last + 2, Batch(last + 2), default)).Answer);
            Assert.Equal((RemoteAnswer.Taken, last + 1), Told(await second.Writer.AppendAsync(run, last + 1, Batch(last + 1), default)));
            Assert.Equal((last + 1) * Events / 2, second.Number("SELECT count(*) FROM Events WHERE Kind = 'logLine'"));
            Assert.Equal(second.Number("SELECT LastSeq FROM Runs"), second.Number("SELECT max(Seq) FROM Events") + 1);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Append_DiskRefuses_IsTakenOnceWhenItNoLongerDoes()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await BeginAsync(database);
        database.Execute("ALTER TABLE Events RENAME TO Hidden");
        var waits = database.Writer.AppendAsync(run, 1, Batch(1), default);

        IOException? refused = null;
        for (var began = Stopwatch.StartNew(); refused is null && began.Elapsed < s_patience; await Task.Delay(20))
        {
            // Whoever does not wait any longer and sends it again is told that the disk refuses, or waits too: once it writes, one is taken.
            using var brief = new CancellationTokenSource(50);
            refused = await Xunit.Record.ExceptionAsync(() => database.Writer.AppendAsync(run, 1, Batch(1), brief.Token)) as IOException;
        }

        Assert.Contains("cannot be written", refused!.Message, StringComparison.Ordinal);
        Assert.False(waits.IsCompleted);
        database.Execute("ALTER TABLE Hidden RENAME TO Events");
        Assert.Equal((RemoteAnswer.Taken, 1), Told(await waits.WaitAsync(s_patience)));
        await database.FlushAsync();
        Assert.Equal(Events / 2, database.Number("SELECT count(*) FROM Events WHERE Kind = 'logLine'"));
        Assert.Equal((RemoteAnswer.Taken, 2), Told(await database.Writer.AppendAsync(run, 2, Batch(2), default)));
    }

    [Fact]
    public async Task Append_WhatCanNeverBeWritten_IsRefusedWholeAndTheNextIsTaken()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await BeginAsync(database);

        var refused = await Assert.ThrowsAsync<IOException>(() => database.Writer.AppendAsync(run, 1, [.. Batch(1), new Unknown()], default));

        Assert.Contains("cannot be written", refused.Message, StringComparison.Ordinal);
        Assert.Equal((RemoteAnswer.Taken, 1), Told(await database.Writer.AppendAsync(run, 1, Batch(1), default)));
        Assert.Equal(Events / 2, database.Number("SELECT count(*) FROM Events WHERE Kind = 'logLine'"));
    }

    [Fact]
    public async Task Silent_HeardMeanwhileOrEnded_ChangesNothing()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await BeginAsync(database);
        var before = DateTime.UtcNow;
        await database.Writer.HeardAsync(run, default);

        await database.Writer.SilentAsync(run, before, "silent", default);
        Assert.Equal(RunState.Running, (await database.Queries.FindAsync(run, default))!.State);

        await database.Writer.AppendAsync(run, 1, [new RunEnded(RunState.Finished, null, null)], default);
        await database.Writer.SilentAsync(run, DateTime.UtcNow, "silent", default);
        Assert.Equal((RunState.Finished, false), ((await database.Queries.FindAsync(run, default))!.State, (await database.Queries.FindAsync(run, default))!.Crashed));
        Assert.Equal(RemoteAnswer.Closed, (await database.Writer.HeardAsync(run, default)).Answer);
        Assert.Equal(RemoteAnswer.Gone, (await database.Writer.AppendAsync("none", 1, Batch(1), default)).Answer);
    }

    [Fact]
    public async Task LeftBehind_ByAProcess_LeavesRunsOfTrainersElsewhereAlone()
    {
        await using var database = await TestDatabase.CreateAsync();
        var (elsewhere, own) = (await BeginAsync(database), await database.NewRunAsync());

        await database.Store.MarkCrashedAsync(default);

        Assert.Equal([own], await database.Store.LeftBehindAsync(default));
        Assert.False((await database.Queries.FindAsync(elsewhere, default))!.Crashed);
    }

    private static async Task<string> BeginAsync(TestDatabase database)
    {
        var remote = new RemoteRun("GRPO", "ALFWorld", "", JsonSerializer.SerializeToElement(new { lr = 1 }), 60, RewardRange.Unit);
        var settings = new Dictionary<string, string>();
        var (run, _) = await database.Store.CreateAsync(PlanSettings.FromDictionary(RemoteRun.Preset, settings), Guid.NewGuid().ToString("N"), default, null, (remote, "elsewhere", settings));
        var begun = await database.Writer.AppendAsync(run, 0, [new RunStarted(settings, "ALFWorld", "", "", 0, 0, RewardRange.Unit)], default);
        Assert.Equal((RemoteAnswer.Taken, 0), Told(begun));
        return run;
    }

    private static (RemoteAnswer, long) Told(RemoteReceipt receipt) => (receipt.Answer, receipt.Last);

    private static async Task<long> RunUntilKilledAsync(string folder, string run, int answers)
    {
        using var child = Process.Start(new ProcessStartInfo("dotnet", [typeof(RemoteAppendTests).Assembly.Location, folder, run, "remote"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var trouble = child.StandardError.ReadToEndAsync();
        try
        {
            var told = 0L;
            for (var i = 0; i < answers; i++)
            {
                var line = await child.StandardOutput.ReadLineAsync().WaitAsync(s_patience);
                Assert.True(line is not null, line is null ? $"The child ended by itself: {await trouble.WaitAsync(s_patience)}" : "");
                told = long.Parse(line!, CultureInfo.InvariantCulture);
            }

            return told;
        }
        finally
        {
            child.Kill();
            await child.WaitForExitAsync().WaitAsync(s_patience);
        }
    }

    // No kind is declared for it, so it has no name in the database.
    private sealed record Unknown : RunFact;
}
