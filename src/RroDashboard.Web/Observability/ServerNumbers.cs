using System.Diagnostics;
using System.Globalization;
using System.Text;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Navigation;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Observability;

/// <summary>One number about the server.</summary>
/// <param name="Name">As Prometheus names it: snake case, unit last, _total for what only grows.</param>
/// <param name="Meaning">In words.</param>
/// <param name="Value">Now.</param>
/// <param name="Label">Which of several, as name and value; null for one alone.</param>
public sealed record ServerNumber(string Name, string Meaning, double Value, (string Name, string Value)? Label = null);

/// <summary>What the server counts: for monitors as Prometheus text at /metrics, and for admins on a page. Every bounded buffer is here with what it dropped.</summary>
public sealed class ServerNumbers(ApiQueries queries, OpenCircuits circuits, HubSessions hubs, TrainingHost host, SignInThrottle throttle, IEnumerable<IBoundedBuffers> buffers, DashboardOptions options, TimeProvider time)
{
    /// <summary>Names of numbers about buffers begin so; the page has a table of its own for them.</summary>
    public const string OfBuffers = "rro_buffer_";

    /// <summary>Content type of the text.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly long _started = time.GetTimestamp();

    /// <summary>All numbers.</summary>
    public async Task<IReadOnlyList<ServerNumber>> ReadAsync(CancellationToken cancellationToken)
    {
        var states = await queries.StatesAsync(cancellationToken);
        using var process = Process.GetCurrentProcess();
        var waiting = await BuffersAsync(cancellationToken);
        var file = Path.Combine(options.DataFolder, DataServices.FileName);
        return
        [
            .. Enum.GetValues<RunState>().Select(s => new ServerNumber("rro_runs", "Runs by state", states.GetValueOrDefault(s), ("state", s.ToString().ToLowerInvariant()))),
            new("rro_run_working", "1 while a run works on the device", host.RunningId is null ? 0 : 1),
            new("rro_circuits", "Open pages", circuits.Count),
            new("rro_hub_connections", "Signed-in connections of the hub", hubs.Count),
            new("rro_dropped_samples_total", "Samples (metric points, progress, log lines) dropped before they could be written, over all runs", await queries.DroppedSamplesAsync(cancellationToken)),
            new("rro_dropped_frames_total", "Live frames dropped because a viewer was slow", LiveFeed.DroppedFrames),
            new("rro_uncounted_failures_total", "Wrong passwords not counted because too many names were remembered", throttle.Uncounted),
            .. waiting.Where(b => b.Now is not null).Select(b => new ServerNumber(OfBuffers + "waiting", "What waits in a bounded buffer", b.Now!.Value, ("buffer", b.Name))),
            .. waiting.Where(b => b.Bound is not null).Select(b => new ServerNumber(OfBuffers + "bound", "Most that may wait in it", b.Bound!.Value, ("buffer", b.Name))),
            .. waiting.Where(b => b.Lost is not null).Select(b => new ServerNumber(OfBuffers + "lost_total", "Dropped or refused because it was full, since the start", b.Lost!.Value, ("buffer", b.Name))),
            new("rro_database_bytes", "Size of the database file", SizeOf(file)),
            new("rro_database_wal_bytes", "Size of what is written and not yet in it", SizeOf(file + "-wal")),
            new("process_cpu_seconds_total", "Processor time", process.TotalProcessorTime.TotalSeconds),
            new("process_resident_memory_bytes", "Memory", process.WorkingSet64),
            new("process_uptime_seconds", "Since the start", time.GetElapsedTime(_started).TotalSeconds),
        ];
    }

    /// <summary>Every bounded buffer.</summary>
    public async Task<IReadOnlyList<BufferState>> BuffersAsync(CancellationToken cancellationToken)
    {
        var all = new List<BufferState>();
        foreach (var owner in buffers)
        {
            all.AddRange(await owner.BuffersAsync(cancellationToken));
        }

        return all;
    }

    /// <summary>The same in Prometheus' text format.</summary>
    public async Task<string> TextAsync(CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        foreach (var group in (await ReadAsync(cancellationToken)).GroupBy(n => n.Name))
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {group.Key} {group.First().Meaning}.\n# TYPE {group.Key} {(group.Key.EndsWith("_total", StringComparison.Ordinal) ? "counter" : "gauge")}\n");
            foreach (var number in group)
            {
                var label = number.Label is { } l ? $"{{{l.Name}=\"{l.Value}\"}}" : "";
                text.Append(CultureInfo.InvariantCulture, $"{number.Name}{label} {number.Value:R}\n");
            }
        }

        return text.ToString();
    }

    /// <summary>Adds the route. It tells how much a machine is used, so it needs a sign-in: a monitor has a token of a viewer.</summary>
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet(RroUrls.Metrics, async (ServerNumbers numbers, CancellationToken cancellationToken) => Results.Text(await numbers.TextAsync(cancellationToken), ContentType))
            .RequireAuthorization(Policies.Viewer).ExcludeFromDescription();

    private static long SizeOf(string file) => File.Exists(file) ? new FileInfo(file).Length : 0;
}
