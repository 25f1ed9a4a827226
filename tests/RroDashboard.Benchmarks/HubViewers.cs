using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace RroDashboard.Benchmarks;

/// <summary>What viewers saw.</summary>
/// <param name="P50">Median time from event to viewer, ms.</param>
/// <param name="P99">99th percentile, ms.</param>
/// <param name="Most">The longest, ms.</param>
/// <param name="Events">Events that arrived, all viewers together.</param>
/// <param name="Holes">Frames that did not follow the one before.</param>
internal sealed record ViewersReport(double P50, double P99, double Most, long Events, long Holes);

/// <summary>
/// Hub clients without a browser, in a process of their own so that their work and memory are not the server's. Every value of the series is the
/// moment at which it was said, Unix milliseconds; both processes read the same clock.
/// </summary>
internal static class HubViewers
{
    private const byte End = 0x1e;
    private const string CookieVariable = "RRO_BENCH_COOKIE";
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(1);

    /// <summary>Starts viewers and gives their report after so many seconds; they say "ready" when all watch.</summary>
    public static async Task<(Process Process, Task<ViewersReport> Report)> StartAsync(BenchmarkServer server, string cookie, string run, string series, int count, double seconds, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])[typeof(HubViewers).Assembly.Location, "viewers", server.Url, run, series, count.ToString(CultureInfo.InvariantCulture), seconds.ToString(CultureInfo.InvariantCulture)])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[CookieVariable] = cookie;
        var process = Process.Start(start)!;
        var ready = await process.StandardOutput.ReadLineAsync(cancellationToken);
        if (ready != "ready")
        {
            throw new InvalidOperationException($"The viewers did not start: {ready}");
        }

        return (process, ReadAsync());

        async Task<ViewersReport> ReadAsync()
        {
            var line = await process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("The viewers ended without a report.");
            await process.WaitForExitAsync(cancellationToken);
            process.Dispose();
            return JsonSerializer.Deserialize<ViewersReport>(line)!;
        }
    }

    /// <summary>The viewers' own process: server, run, series, count, seconds.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var (url, run, series) = (new Uri(args[0].Replace("http", "ws", StringComparison.Ordinal) + "/hubs/runs"), args[1], args[2]);
        var (count, seconds) = (int.Parse(args[3], CultureInfo.InvariantCulture), double.Parse(args[4], CultureInfo.InvariantCulture));
        var (viewers, following) = (new List<Viewer>(), new List<Task>());
        using var end = new CancellationTokenSource();
        var all = new Latencies();
        for (var i = 0; i < count; i++)
        {
            // Reads at once: frames that wait in a socket until the others have come would not be the server's delay.
            viewers.Add(await Viewer.ConnectAsync(url, Environment.GetEnvironmentVariable(CookieVariable)!, run, series));
            following.Add(viewers[^1].FollowAsync(all, end.Token));
        }

        await Task.Delay(s_settle);
        viewers.ForEach(v => v.Counts = true);
        await Console.Out.WriteLineAsync("ready");
        end.CancelAfter(TimeSpan.FromSeconds(seconds));
        await Task.WhenAll(following);
        await Console.Out.WriteLineAsync(JsonSerializer.Serialize(new ViewersReport(all.Quantile(0.5), all.Quantile(0.99), all.Most, all.Count, viewers.Sum(v => v.Holes))));
        viewers.ForEach(v => v.Dispose());
        return 0;
    }

    private sealed class Viewer : IDisposable
    {
        private readonly ClientWebSocket _socket = new();
        private readonly byte[] _marker;
        private byte[] _buffer = new byte[64 * 1024];
        private long _last = -1;

        private Viewer(string series) => _marker = Encoding.UTF8.GetBytes($"\"series\":\"{series}\"");

        public long Holes { get; private set; }

        /// <summary>What arrives is part of the measurement.</summary>
        public bool Counts { get; set; }

        public static async Task<Viewer> ConnectAsync(Uri url, string cookie, string run, string series)
        {
            var viewer = new Viewer(series);
            viewer._socket.Options.SetRequestHeader("Cookie", cookie);
            await viewer._socket.ConnectAsync(url, CancellationToken.None);
            await viewer.SendAsync("""{"protocol":"json","version":1}""");
            await viewer.SendAsync($$"""{"type":1,"invocationId":"1","target":"Watch","arguments":["{{run}}"]}""");
            while (true)
            {
                var length = await viewer.ReceiveAsync(CancellationToken.None);
                if (Encoding.UTF8.GetString(viewer._buffer, 0, length).Contains("\"type\":3", StringComparison.Ordinal))
                {
                    return viewer;
                }
            }
        }

        public async Task FollowAsync(Latencies all, CancellationToken end)
        {
            try
            {
                while (true)
                {
                    Take(await ReceiveAsync(end), all);
                }
            }
            catch (OperationCanceledException)
            {
                _socket.Abort();
            }
        }

        public void Dispose() => _socket.Dispose();

        private Task SendAsync(string message) => _socket.SendAsync((byte[])[.. Encoding.UTF8.GetBytes(message), End], WebSocketMessageType.Text, true, CancellationToken.None);

        private async Task<int> ReceiveAsync(CancellationToken end)
        {
            for (var length = 0; ;)
            {
                if (length == _buffer.Length)
                {
                    Array.Resize(ref _buffer, 2 * length);
                }

                var received = await _socket.ReceiveAsync(_buffer.AsMemory(length), end);
                length += received.Count;
                if (received.EndOfMessage)
                {
                    return length;
                }
            }
        }

        // Only the numbers that are measured are read, not the whole JSON: the clients must not be what is slow.
        private void Take(int length, Latencies all)
        {
            var now = Now();
            foreach (var range in _buffer.AsSpan(0, length).SplitAny(End))
            {
                var message = _buffer.AsSpan(0, length)[range];
                var first = Number(message, "\"first\":"u8);
                if (first is null)
                {
                    continue;
                }

                Holes += _last >= 0 && first > _last + 1 ? 1 : 0;
                _last = (long)Number(message, "\"last\":"u8)!.Value;
                var at = message.IndexOf(_marker);
                if (at < 0 || !Counts)
                {
                    continue;
                }

                var values = message[at..];
                values = values[(values.IndexOf("\"values\":["u8) + 10)..];
                lock (all)
                {
                    while (Utf8Parser.TryParse(values, out double said, out var used))
                    {
                        all.Add(now - said);
                        if (values[used] != (byte)',')
                        {
                            break;
                        }

                        values = values[(used + 1)..];
                    }
                }
            }
        }

        private static double? Number(ReadOnlySpan<byte> message, ReadOnlySpan<byte> name)
        {
            var at = message.IndexOf(name);
            return at >= 0 && Utf8Parser.TryParse(message[(at + name.Length)..], out double value, out _) ? value : null;
        }
    }

    /// <summary>Unix milliseconds with their fraction.</summary>
    public static double Now() => (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMilliseconds;
}
