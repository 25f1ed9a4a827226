using System.Net.Http.Json;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using RroDashboard.Data;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Observability;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Observability;

public sealed class BufferTests
{
    [Fact]
    public void Channels_OfTheServer_BelongToSomeoneWhoTellsOfThem()
    {
        // What tells of the channels of a room that knows nothing of ours.
        Type[] told = [typeof(JournalWriter)];
        var owners = new[] { typeof(RroWebApplication).Assembly, typeof(RroDbContext).Assembly }.SelectMany(a => a.GetTypes())
            .Where(t => t.GetFields(BindingFlags.Instance | BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly)
                // What a compiler makes of a method is the method's own, and ends with it.
                .Any(f => f.FieldType.IsGenericType && f.FieldType.GetGenericTypeDefinition() == typeof(Channel<>)) && !t.Name.Contains('<', StringComparison.Ordinal)).ToList();

        Assert.True(owners.Count >= 4);
        Assert.Empty(owners.Where(o => !typeof(IBoundedBuffers).IsAssignableFrom(o)).Except(told));
    }

    [Fact]
    public async Task Buffers_All_AreOnThePageAndAmongTheMetrics()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var client = await server.SignInAsync();
        var registered = server.Get<IEnumerable<IBoundedBuffers>>().Select(b => b.GetType()).ToHashSet();

        var buffers = await server.Get<ServerNumbers>().BuffersAsync(default);
        var page = await client.GetStringAsync("/admin/server");
        var metrics = await client.GetStringAsync("/metrics");

        Assert.Equal(typeof(RroWebApplication).Assembly.GetTypes().Where(t => typeof(IBoundedBuffers).IsAssignableFrom(t) && t.IsClass).ToHashSet(), registered);
        Assert.Equal(buffers.Count, buffers.Select(b => b.Name).Distinct().Count());
        foreach (var name in new[] { "journal_facts", "journal_samples", "live_frames", "share_viewers", "review_reservations", "queued_runs", "queued_rerolls", "sign_in_failures", "broken_circuits" })
        {
            Assert.Contains(buffers, b => b.Name == name);
        }

        Assert.All(buffers, b => Assert.Contains($"data-buffer=\"{b.Name}\"", page, StringComparison.Ordinal));
        Assert.All(buffers.Where(b => b.Lost is not null), b => Assert.Contains($"rro_buffer_lost_total{{buffer=\"{b.Name}\"}}", metrics, StringComparison.Ordinal));
        Assert.Equal(Regex.Count(metrics, "^# TYPE", RegexOptions.Multiline), Regex.Count(metrics, "^# HELP", RegexOptions.Multiline));
    }

    [Fact]
    public async Task Queue_ThatIsFull_CountsWhatItRefuses()
    {
        using var hold = new ManualResetEventSlim();
        await using var server = await LiveServer.StartAsync((_, stop) => hold.Wait(stop));
        using var client = await server.SignInAsync();
        var first = await server.EnqueueAsync();
        while (server.Host.RunningId != first)
        {
            await Task.Delay(20);
        }

        for (var i = 0; i < TrainingHost.MaxQueued; i++)
        {
            await server.EnqueueAsync();
        }

        using var refused = await client.PostAsJsonAsync("/api/v1/runs/", new { preset = "smoke" });
        var queue = Assert.Single(await server.Get<ServerNumbers>().BuffersAsync(default), b => b.Name == "queued_runs");
        hold.Set();

        Assert.False(refused.IsSuccessStatusCode);
        Assert.Equal((TrainingHost.MaxQueued, TrainingHost.MaxQueued, 1), (queue.Now, queue.Bound, queue.Lost));
    }

    [Fact]
    public async Task Packages_OfThePage_AreThoseThatAreBuiltIn()
    {
        var shipped = System.Text.Json.JsonDocument.Parse(await File.ReadAllTextAsync(Path.ChangeExtension(typeof(RroWebApplication).Assembly.Location, ".deps.json")))
            .RootElement.GetProperty("targets").EnumerateObject().First().Value.EnumerateObject()
            .Where(l => l.Value.TryGetProperty("runtime", out _) || l.Value.TryGetProperty("runtimeTargets", out _)).Select(l => l.Name).ToList();
        var packages = PackageLicences.All;

        Assert.True(packages.Count > 12);
        // Tests and our own rooms bring more; what is named is there, in that version.
        Assert.All(packages.Where(p => p.Registry == "NuGet"), p => Assert.Contains($"{p.Name}/{p.Version}", shipped, StringComparer.OrdinalIgnoreCase));
        Assert.All(["Radzen.Blazor", "Microsoft.EntityFrameworkCore", "OpenTelemetry", "SQLitePCLRaw.core", "plotly.js-basic-dist-min", "@microsoft/signalr"], n => Assert.Contains(packages, p => p.Name == n));
        Assert.All(packages, p => Assert.Matches("^[A-Za-z0-9.-]+$", p.Licence));
        Assert.Equal("Apache-2.0", packages.Single(p => p.Name == "OpenTelemetry").Licence);
        Assert.Equal("OFL-1.1", packages.Single(p => p.Name == "@fontsource-variable/inter").Licence);
    }
}
