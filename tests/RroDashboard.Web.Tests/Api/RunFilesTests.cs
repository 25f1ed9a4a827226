using System.Net;
using RroDashboard.Core.Events;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Api;

public sealed class RunFilesTests
{
    [Fact]
    public async Task Checkpoint_ByTheNumberOfItsFact_IsTheFileAndNothingElseIs()
    {
        await using var server = await LiveServer.StartAsync(static (journal, _) =>
        {
            journal.Record(new CheckpointSaved(Stage.Sft, "checkpoint-sft", new string('a', 64), 3));
            journal.Record(new CheckpointSaved(Stage.Dpo, "../../keys", new string('b', 64), 3));
        });
        using var client = await server.SignInAsync();
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);
        var folder = Directory.CreateDirectory(Path.Combine(server.Host.RunFolder(run), "checkpoint-sft")).FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, "model.safetensors"), [1, 2, 3]);
        // The others share the cookies of the session.
        using var nobody = new HttpClient { BaseAddress = server.Url };

        using var weights = await client.GetAsync(new Uri($"/api/v1/runs/{run}/checkpoints/1/weights", UriKind.Relative));
        using var outside = await client.GetAsync(new Uri($"/api/v1/runs/{run}/checkpoints/2/weights", UriKind.Relative));
        using var noCheckpoint = await client.GetAsync(new Uri($"/api/v1/runs/{run}/checkpoints/3/weights", UriKind.Relative));
        using var noPart = await client.GetAsync(new Uri($"/api/v1/runs/{run}/checkpoints/1/..%2Flock", UriKind.Relative));
        using var noName = await client.GetAsync(new Uri($"/api/v1/runs/{run}/checkpoints/1/7", UriKind.Relative));
        using var refused = await nobody.GetAsync(new Uri($"/api/v1/runs/{run}/checkpoints/1/weights", UriKind.Relative));

        Assert.Equal([1, 2, 3], await weights.Content.ReadAsByteArrayAsync());
        Assert.Equal($"\"{new string('a', 64)}\"", weights.Headers.ETag!.Tag);
        Assert.Equal(HttpStatusCode.Gone, outside.StatusCode);
        Assert.Equal([HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.NotFound], [noCheckpoint.StatusCode, noPart.StatusCode, noName.StatusCode]);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Fact]
    public async Task Log_WholeRun_IsTextInOrderWithoutControlCharacters()
    {
        await using var server = await LiveServer.StartAsync(static (journal, _) =>
        {
            journal.Record(new StageStarted(Stage.Sft));
            journal.Sample(new LogLine("warning", "bell \u0007 and \u202Eturned"));
        });
        using var client = await server.SignInAsync();
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);

        var lines = (await client.GetStringAsync(new Uri($"/api/v1/runs/{run}/log.txt", UriKind.Relative))).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(3, lines.Length);
        Assert.EndsWith("info    Fine-tuning (SFT) begins.", lines[0].TrimEnd(), StringComparison.Ordinal);
        Assert.EndsWith("warning bell ␇ and ⟨U+202E⟩turned", lines[1].TrimEnd(), StringComparison.Ordinal);
        Assert.EndsWith("info    The run ended: Finished.", lines[2].TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Notes_AfterTheEnd_AreKeptAndTooLongOnesRefused()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);
        var notes = server.Get<RunNotes>();

        Assert.Null(await notes.AddAsync(run, " seen "));
        var refused = await notes.AddAsync(run, new string('x', NoteAdded.MaxLength + 1));
        var unknown = await notes.AddAsync("bbbbbbbbbb", "seen");

        Assert.Equal("seen", ((NoteAdded)Assert.Single(await notes.NewestAsync(run, 10)).Event).Text);
        Assert.Equal("A note has 1 to 1000 characters; this one has 1001.", refused);
        Assert.Equal("The run was removed meanwhile.", unknown);
        Assert.Equal(RunState.Finished, (await server.Queries.FindAsync(run, default))!.State);
    }

    [Fact]
    public async Task Times_WhileARunWorks_AreNotedTwiceASecondAndRise()
    {
        await using var server = await LiveServer.StartAsync(static (journal, _) =>
        {
            for (var i = 0; i < 130; i++)
            {
                journal.Sample(new MetricPoint("sft/loss", i, i));
                Thread.Sleep(10);
            }
        });
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);

        var times = await server.Queries.SeriesAsync(run, "time/sft", 0, long.MaxValue, 100, default);

        Assert.InRange(times.Count, 2, 6);
        Assert.Equal(0, times[0].Step);
        Assert.Equal(times.Select(t => t.Value).Order(), times.Select(t => t.Value));
        Assert.True(times[1].Value - times[0].Value >= 0.49);
    }
}
