using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using RroDashboard.Core.Events;
using RroDashboard.Core.Tests.Metrics;
using RroDashboard.Data;
using RroDashboard.Data.Bundles;
using RroDashboard.Web.Bundles;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Tests.CommandLine;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Bundles;

public sealed class BundleTests
{
    [Fact]
    public async Task ExportImportExport_OnAnotherDashboard_GivesIdenticalFiles()
    {
        await using var first = await LiveServer.StartAsync(BundledRun.Play);
        await using var second = await LiveServer.StartAsync(static (_, _) => { });
        using var here = await first.SignInAsync();
        using var there = await second.SignInAsync();
        var run = await BundledRun.MakeAsync(first);

        var bundle = await here.GetByteArrayAsync(Address($"/api/v1/runs/{run}/bundle.zip"));
        using var made = await ImportAsync(there, bundle);
        var again = await there.GetByteArrayAsync(Address($"/api/v1/runs/{run}/bundle.zip"));

        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        Assert.Equal(run, (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString());
        Assert.Equal(Entries(bundle), Entries(again));
        Assert.Equal(bundle, again);

        // What is on the pages is the same too, and who looks sees where it comes from.
        var (was, now) = (await first.Queries.FindAsync(run, default), await second.Queries.FindAsync(run, default));
        Assert.Equal((was!.State, was.Title, was.After, was.LastSeq, was.EndedUtc, was.Notes), (now!.State, now.Title, now.After, now.LastSeq, now.EndedUtc, now.Notes));
        Assert.StartsWith("run <1>.zip, SHA-256 ", now.ImportedFrom, StringComparison.Ordinal);
        Assert.Null(was.ImportedUtc);
        Assert.Equal(
            await first.Queries.SeriesAsync(run, "sft/loss", 0, long.MaxValue, 50, default), await second.Queries.SeriesAsync(run, "sft/loss", 0, long.MaxValue, 50, default));
        var (before, after) = (await first.Get<SnapshotQueries>().SnapshotAsync(run, default), await second.Get<SnapshotQueries>().SnapshotAsync(run, default));
        Assert.Equal(JsonSerializer.Serialize(before!.Series.OrderBy(s => s.Name)), JsonSerializer.Serialize(after!.Series.OrderBy(s => s.Name)));
        Assert.Equal(JsonSerializer.Serialize(before.Decisions), JsonSerializer.Serialize(after.Decisions));
    }

    [Fact]
    public async Task Export_Files_AreWhatTheirReadersExpect()
    {
        await using var server = await LiveServer.StartAsync(BundledRun.Play);
        var run = await BundledRun.MakeAsync(server);
        using var file = new MemoryStream();

        var manifest = await server.Get<BundleExport>().WriteAsync(run, file, default);

        using var zip = new ZipArchive(file, ZipArchiveMode.Read);
        Assert.Equal(manifest.Files.Select(f => f.Name).Append("manifest.json"), zip.Entries.Select(e => e.FullName));
        Assert.All(manifest.Files, f => Assert.Equal(f.Sha256, Convert.ToHexStringLower(SHA256.HashData(Read(zip, f.Name)))));
        Assert.All(zip.Entries, e => Assert.Equal(new DateTime(1980, 1, 1), e.LastWriteTime.DateTime));
        Assert.Equal(["checkpoint-dpo is left out: its model.safetensors was removed."], manifest.LeftOut);

        // The ledger's file has the hash that the run tells: what counts, as it was hashed.
        using var hash = new LedgerHash();
        foreach (var fact in await FactsAsync(server, run))
        {
            hash.Add(fact);
        }

        Assert.Equal(hash.Current, manifest.Files.Single(f => f.Name == "ledger.jsonl").Sha256);

        // Every event, those that were set aside included.
        var events = Lines(zip, "events.jsonl");
        Assert.Equal(6, events.Count(e => e.GetProperty("kind").GetString()!.StartsWith("setAside.", StringComparison.Ordinal)));
        Assert.Equal(events.Select(e => e.GetProperty("seq").GetInt64()), events.Select(e => e.GetProperty("seq").GetInt64()).Order());

        var walks = Lines(zip, "trajectories.jsonl");
        Assert.Equal(["train-0", "train-1", "train-2"], walks.Select(w => w.GetProperty("taskId").GetString()));
        var step = walks[0].GetProperty("steps")[0];
        Assert.Equal((BundledRun.Hostile, "secret answer"), (step.GetProperty("action").GetString(), step.GetProperty("observation").GetString()));
        Assert.Equal("Candidate 2 of at most 3 rose: 0.80 ≥ 0.30 (2 rollouts).", step.GetProperty("sentence").GetString());
        Assert.Equal(2, Lines(zip, "pairs.jsonl").Count);
        var csv = Encoding.UTF8.GetString(Read(zip, "metrics.csv")).Split('\n');
        Assert.Equal("series,step,value", csv[0]);
        Assert.Equal("\"'=sum(\"\"a\"\",b)\",1,0.1", csv[1]);
        Assert.Contains("sft/loss,1,0.2804903282692988", csv);

        var scalars = TensorBoardFile.Read(Read(zip, zip.Entries.Single(e => e.FullName.StartsWith("events.out.tfevents.", StringComparison.Ordinal)).FullName));
        Assert.Equal(202, scalars.Count(s => s.Tag.Length > 0));
        Assert.Equal((1764000000.0, 1764000000L, 55.5f), scalars.Where(s => s.Tag == "system/cpu_percent").Select(s => (s.WallTime, s.Step, s.Value)).Single());
        var started = new DateTimeOffset((await server.Queries.FindAsync(run, default))!.StartedUtc!.Value).ToUnixTimeMilliseconds() / 1000.0;
        Assert.All(scalars.Where(s => s.Tag == "sft/loss"), s => Assert.InRange(s.WallTime, started - 1, started + 60));
    }

    [Fact]
    public async Task Import_Run_CanBeReadAndNotChanged()
    {
        await using var first = await LiveServer.StartAsync(static (journal, _) => throw new OperationCanceledException());
        await using var second = await LiveServer.StartAsync(static (_, _) => { });
        var run = await first.EnqueueAsync();
        await first.WaitForEndAsync(run);
        using var file = new MemoryStream();
        await first.Get<BundleExport>().WriteAsync(run, file, default);
        await second.Get<BundleImport>().ImportAsync(file, "x.zip", default);
        var refusal = $"Run '{run}' was imported from another dashboard: it can be read and exported here, and does not go on.";

        Assert.Equal(refusal, await second.Get<RunNotes>().AddAsync(run, "a note"));
        Assert.Equal(refusal, await second.Get<RerollHost>().RequestAsync(run, default));
        Assert.Equal(refusal, (await Assert.ThrowsAsync<RefusalException>(() => second.Host.ResumeAsync(run, default))).Message);
    }

    [Fact]
    public async Task Import_RunThatIsHere_IsRefusedAndNothingIsChanged()
    {
        await using var server = await LiveServer.StartAsync(BundledRun.Play);
        using var client = await server.SignInAsync();
        var run = await BundledRun.MakeAsync(server);
        var bundle = await client.GetByteArrayAsync(Address($"/api/v1/runs/{run}/bundle.zip"));

        using var refused = await ImportAsync(client, bundle);

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal($"Run '{run}' is here already: delete it first if this one is to take its place.", await SentenceAsync(refused));
        Assert.Equal(bundle, await client.GetByteArrayAsync(Address($"/api/v1/runs/{run}/bundle.zip")));
    }

    [Fact]
    public async Task Export_OpenRun_IsRefused()
    {
        using var go = new ManualResetEventSlim();
        await using var server = await LiveServer.StartAsync((_, cancellation) => go.Wait(cancellation));
        using var client = await server.SignInAsync();
        var run = await server.EnqueueAsync();
        await server.WaitForAsync(run, _ => server.Host.RunningId == run);

        using var refused = await client.GetAsync(Address($"/api/v1/runs/{run}/bundle.zip"));
        using var unknown = await client.GetAsync(Address("/api/v1/runs/bbbbbbbbbb/bundle.zip"));
        go.Set();

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.NotFound), (refused.StatusCode, unknown.StatusCode));
        Assert.Contains("is still open", await SentenceAsync(refused), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_RunDeletedAfterItWasFound_IsAConflictAndNoHalfFile()
    {
        var deletes = new DeletesBeforeTheBody();
        await using var server = await LiveServer.StartAsync(static (journal, _) => throw new OperationCanceledException(), services => services.AddSingleton<IStartupFilter>(deletes));
        using var client = await server.SignInAsync();
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);
        deletes.Delete = () => server.Get<RunKeeper>().DeleteAsync([run], default).GetAwaiter().GetResult();

        using var refused = await client.GetAsync(Address($"/api/v1/runs/{run}/bundle.zip"));

        Assert.True(deletes.Done);
        Assert.Equal((HttpStatusCode.Conflict, "application/problem+json"), (refused.StatusCode, refused.Content.Headers.ContentType?.MediaType));
        // No browser saves the refusal as a zip file.
        Assert.Null(refused.Content.Headers.ContentDisposition);
        Assert.Equal($"There is no run '{run}'.", await SentenceAsync(refused));
    }

    /// <summary>Deletes a run in the moment between its look-up and the first byte of its bundle: when the answer's body is asked for.</summary>
    private sealed class DeletesBeforeTheBody : IStartupFilter
    {
        public Action? Delete { get; set; }

        public bool Done { get; private set; }

        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(async (context, following) =>
            {
                if (context.Request.Path.Value!.EndsWith("/bundle.zip", StringComparison.Ordinal))
                {
                    context.Features.Set<IHttpResponseBodyFeature>(new Body(context.Features.Get<IHttpResponseBodyFeature>()!, this));
                }

                await following(context);
            });
            next(app);
        };

        private sealed class Body(IHttpResponseBodyFeature body, DeletesBeforeTheBody owner) : IHttpResponseBodyFeature
        {
            public Stream Stream
            {
                get
                {
                    if (!owner.Done)
                    {
                        owner.Done = true;
                        owner.Delete!();
                    }

                    return body.Stream;
                }
            }

            public System.IO.Pipelines.PipeWriter Writer => body.Writer;

            public void DisableBuffering() => body.DisableBuffering();

            public Task StartAsync(CancellationToken cancellationToken = default) => body.StartAsync(cancellationToken);

            public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => body.SendFileAsync(path, offset, count, cancellationToken);

            public Task CompleteAsync() => body.CompleteAsync();
        }
    }

    public static TheoryData<string, string> HostileBundles => new()
    {
        { "no zip", "is no zip file" },
        { "cut short", "is no zip file" },
        { "empty", "holds no README.txt" },
        { "slip", "holds '../../keys/evil', which no bundle has" },
        { "absolute", "holds '/etc/passwd', which no bundle has" },
        { "backslash", "holds 'checkpoints\\..\\x', which no bundle has" },
        { "checkpoint slip", "holds 'checkpoints/../config.json', which no bundle has" },
        { "twice", "holds 'run.json' twice" },
        { "many", "a bundle has at most 320" },
        { "bomb", "unpacks to more than 200 times its size" },
        { "missing", "holds no events.jsonl" },
        { "unnamed", "holds 'checkpoints/extra/config.json', which manifest.json does not name" },
        { "changed", "run.json is longer than the" },
        { "cut", "that manifest.json names: the file was cut or changed" },
        { "hash", "metrics.csv is not the file that manifest.json names: its SHA-256 differs" },
        { "version", "has format version 2 and this program reads version 1" },
        { "format", "says that this is a 'something'" },
        { "id", "'../up' is no id of a run" },
        { "other id", "is about run" },
        { "running", "only a run that has ended can be imported" },
        { "setting", "config.json does not fit this version" },
        { "no event", "Line 1 of events.jsonl is no event" },
        { "null event", "Line 1 of events.jsonl is no event" },
        { "wrong kind", "Line 1 of events.jsonl is called 'runEnded' and is a 'runStarted'" },
        { "sequence", "events are numbered upwards" },
        { "no end", "events.jsonl ends within line" },
        { "no point", "Line 2 of metrics.csv is no point" },
        { "double step", "its steps have to go upwards" },
        { "other weights", "is not the checkpoint that the run says it saved" },
        { "manifest", "manifest.json is not as this program writes it" },
    };

    [Fact]
    public async Task Import_HostileBundles_AreRefusedInOneSentenceAndLeaveNothing()
    {
        await using var first = await LiveServer.StartAsync(BundledRun.Play);
        await using var second = await LiveServer.StartAsync(static (_, _) => { });
        using var client = await second.SignInAsync();
        var run = await BundledRun.MakeAsync(first);
        using var file = new MemoryStream();
        await first.Get<BundleExport>().WriteAsync(run, file, default);
        var before = Directory.EnumerateFileSystemEntries(second.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();

        foreach (var (name, expected) in HostileBundles.Select(row => ((string)row[0], (string)row[1])))
        {
            using var refused = await ImportAsync(client, HostileBundle.Make(name, file.ToArray()));

            var sentence = await SentenceAsync(refused);
            Assert.True(refused.StatusCode == HttpStatusCode.BadRequest, $"{name}: {refused.StatusCode} {sentence}");
            Assert.True(sentence.Contains(expected, StringComparison.Ordinal), $"{name}: {sentence}");
            Assert.DoesNotContain("Exception", sentence, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', sentence);
            Assert.Null(await second.Queries.FindAsync(run, default));
        }

        Assert.Equal(0, await CountAsync(second, c => c.Runs.IgnoreQueryFilters().CountAsync()));
        Assert.Equal(0, await CountAsync(second, c => c.Events.CountAsync()));
        Assert.Equal(0, await CountAsync(second, c => c.Points.CountAsync()));
        var left = Directory.EnumerateFileSystemEntries(second.Folder, "*", SearchOption.AllDirectories).Except(before).Where(f => !f.EndsWith("-wal", StringComparison.Ordinal) && !f.EndsWith("-shm", StringComparison.Ordinal));
        Assert.Equal([Path.Combine(second.Folder, "imports")], left);

        // The untouched one is taken all the same.
        using var taken = await ImportAsync(client, file.ToArray());
        Assert.Equal(HttpStatusCode.Created, taken.StatusCode);
    }

    [Fact]
    public async Task Import_SignedOut_IsRefused()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var nobody = new HttpClient { BaseAddress = server.Url };

        using var import = await ImportAsync(nobody, [1, 2, 3]);
        using var export = await nobody.GetAsync(Address("/api/v1/runs/bbbbbbbbbb/bundle.zip"));

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (import.StatusCode, export.StatusCode));
    }

    [Fact]
    public async Task Start_AfterAnImportThatDied_RemovesWhatItLeft()
    {
        var folder = Directory.CreateTempSubdirectory("rro-import-").FullName;
        try
        {
            string run;
            await using (var server = await LiveServer.StartAsync(folder, static (_, _) => { }))
            {
                var record = new RunRecord("abc", "", "", "", RunState.Finished, false, null, DateTime.UtcNow, null, null, null, null, null, 0, 0, null, null, null, 9, 0);
                var import = await server.Get<RunImports>().BeginAsync(record, "demo", new Dictionary<string, string>(StringComparer.Ordinal), "x", default);
                run = record.Id;
                Assert.Null(await server.Queries.FindAsync(run, default));
                Assert.Equal(0, await server.Get<RunKeeper>().UndoDeleteAsync([run], default));
                Assert.Contains("is being imported already", (await Assert.ThrowsAsync<RunImportException>(() =>
                    server.Get<RunImports>().BeginAsync(record, "demo", new Dictionary<string, string>(StringComparer.Ordinal), "x", default))).Message, StringComparison.Ordinal);
                await import.DisposeAsync();
            }

            await using var next = await LiveServer.StartAsync(folder, static (_, _) => { });
            using var patience = new CancellationTokenSource(LiveServer.Patience);
            while (await CountAsync(next, c => c.Runs.IgnoreQueryFilters().CountAsync(r => r.Id == run)) > 0)
            {
                await Task.Delay(20, patience.Token);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task CommandLine_ExportBesideAServerAndImport_KeepTheRun()
    {
        await using var first = await LiveServer.StartAsync(BundledRun.Play);
        var run = await BundledRun.MakeAsync(first);
        var folder = Directory.CreateTempSubdirectory("rro-cli-").FullName;
        try
        {
            var file = Path.Combine(folder, "run.zip");
            var other = Path.Combine(folder, "other");

            var exported = await CommandLineTests.RunAsync("export", run, "--out", file, "--data-dir", first.Folder);
            var imported = await CommandLineTests.RunAsync("import", file, "--data-dir", other);
            var twice = await CommandLineTests.RunAsync("import", file, "--data-dir", other);
            var again = await CommandLineTests.RunAsync("export", run, "--out", file + "2", "--data-dir", other);
            var unknown = await CommandLineTests.RunAsync("export", "nothere", "--data-dir", other, "--out", Path.Combine(folder, "no.zip"));
            var nowhere = await CommandLineTests.RunAsync("export", run, "--data-dir", Path.Combine(folder, "nowhere"));

            Assert.Equal((0, 0, 2, 0, 2, 2), (exported.Code, imported.Code, twice.Code, again.Code, unknown.Code, nowhere.Code));
            Assert.Contains("checkpoint-dpo is left out", exported.Error, StringComparison.Ordinal);
            Assert.Contains("is here already", twice.Error, StringComparison.Ordinal);
            Assert.Contains("There is no run 'nothere'.", unknown.Error, StringComparison.Ordinal);
            Assert.Contains("There is no database in", nowhere.Error, StringComparison.Ordinal);
            Assert.False(File.Exists(Path.Combine(folder, "no.zip")));
            Assert.Equal(await File.ReadAllBytesAsync(file), await File.ReadAllBytesAsync(file + "2"));
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(folder, recursive: true);
        }
    }

    internal static Uri Address(string path) => new(path, UriKind.Relative);

    internal static async Task<HttpResponseMessage> ImportAsync(HttpClient client, byte[] bundle)
    {
        using var content = new ByteArrayContent(bundle);
        content.Headers.ContentType = new("application/zip");
        return await client.PostAsync(Address("/api/v1/runs/import?name=" + Uri.EscapeDataString("../run <1>.zip")), content);
    }

    private static async Task<string> SentenceAsync(HttpResponseMessage answer) => (await answer.Content.ReadFromJsonAsync<JsonObject>())!["detail"]!.GetValue<string>();

    private static async Task<int> CountAsync(LiveServer server, Func<RroDbContext, Task<int>> count)
    {
        await using var context = await server.Get<IDbContextFactory<RroDbContext>>().CreateDbContextAsync();
        return await count(context);
    }

    private static async Task<IReadOnlyList<RunFact>> FactsAsync(LiveServer server, string run)
    {
        await using var context = await server.Get<IDbContextFactory<RroDbContext>>().CreateDbContextAsync();
        var json = await context.Events.Where(e => !e.Kind.Contains('.')).OrderBy(e => e.Seq).Select(e => e.Json).ToListAsync();
        Assert.NotNull(run);
        return [.. json.Select(j => JsonSerializer.Deserialize<RunEvent>(j, RunJson.Options)).OfType<RunFact>()];
    }

    private static Dictionary<string, string> Entries(byte[] bundle)
    {
        using var zip = new ZipArchive(new MemoryStream(bundle), ZipArchiveMode.Read);
        return zip.Entries.ToDictionary(e => e.FullName, e => Convert.ToHexStringLower(SHA256.HashData(Read(zip, e.FullName))), StringComparer.Ordinal);
    }

    private static byte[] Read(ZipArchive zip, string name)
    {
        using var stream = zip.GetEntry(name)!.Open();
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static List<JsonElement> Lines(ZipArchive zip, string name) =>
        [.. Encoding.UTF8.GetString(Read(zip, name)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
}
