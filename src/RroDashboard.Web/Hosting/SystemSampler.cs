using System.Diagnostics;
using System.Globalization;
using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;
using RroDashboard.Data;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Hosting;

/// <summary>Measures the machine while a run works, and gives the samples to that run: they are stored and streamed like any other series.</summary>
public sealed class SystemSampler(TrainingHost host, JournalWriter journal, LiveFeed feed, TimeProvider time, ILogger<SystemSampler> logger) : BackgroundService
{
    private static readonly TimeSpan s_gpuPatience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<string, double>> _tokens = new(StringComparer.Ordinal);
    private bool _hasGpu = true;

    /// <summary>Time between two samples.</summary>
    public static TimeSpan Every { get; } = TimeSpan.FromSeconds(5);

    /// <summary>What the operating system has counted up to a moment.</summary>
    private sealed record Counters(long At, double OwnSeconds, double Busy, double All, double Tokens);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = feed.Subscribe(HandleEvent);
        using var timer = new PeriodicTimer(Every, time);
        (string Run, Counters Counted)? before = null;
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                var run = host.RunningId;
                if (run is null)
                {
                    before = null;
                    continue;
                }

                var now = Count(run);
                if (before is { } earlier && earlier.Run == run)
                {
                    await WriteAsync(run, earlier.Counted, now, stoppingToken);
                }

                before = (run, now);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private void HandleEvent(string run, RunEvent? happened)
    {
        var (name, total) = happened switch
        {
            MetricPoint { Series: SeriesNames.SftTokens or SeriesNames.DpoTokens } point => (point.Series, point.Value),
            BudgetReported report => ("explore", report.Budget.TokensGenerated + report.Budget.TokensPrefilled),
            _ => ("", 0.0),
        };
        lock (_lock)
        {
            if (name.Length > 0)
            {
                var counted = _tokens.TryGetValue(run, out var found) ? found : _tokens[run] = [];
                counted[name] = total;
            }
            else if (happened is RunEnded)
            {
                _tokens.Remove(run);
            }
        }
    }

    private async Task WriteAsync(string run, Counters before, Counters now, CancellationToken stoppingToken)
    {
        var seconds = time.GetElapsedTime(before.At, now.At).TotalSeconds;
        var step = time.GetUtcNow().ToUnixTimeSeconds();
        var to = journal.Open(run);
        void Put(string series, double value) => to.Sample(new MetricPoint(series, step, value));

        if (now.All > before.All)
        {
            Put(SeriesNames.SystemProcessor, 100 * (now.Busy - before.Busy) / (now.All - before.All));
        }

        Put(SeriesNames.SystemOwnProcessor, 100 * (now.OwnSeconds - before.OwnSeconds) / seconds);
        Put(SeriesNames.SystemOwnMemory, Environment.WorkingSet);
        if (MemoryInUse() is { } memory)
        {
            Put(SeriesNames.SystemMemory, memory);
        }

        Put(SeriesNames.SystemTokensPerSecond, Math.Max(0, now.Tokens - before.Tokens) / seconds);
        if (await GpuAsync(stoppingToken) is { } gpu)
        {
            Put(SeriesNames.SystemGpu, gpu.Percent);
            Put(SeriesNames.SystemGpuMemory, gpu.Bytes);
        }
    }

    private Counters Count(string run)
    {
        double tokens;
        lock (_lock)
        {
            tokens = _tokens.TryGetValue(run, out var counted) ? counted.Values.Sum() : 0;
        }

        using var process = Process.GetCurrentProcess();
        var (busy, all) = Processors();
        return new Counters(time.GetTimestamp(), process.TotalProcessorTime.TotalSeconds, busy, all, tokens);
    }

    // The first line of /proc/stat: ticks of user, nice, system, idle, iowait, irq, softirq, steal. Other systems have no such file, and no such series.
    private static (double Busy, double All) Processors()
    {
        if (!File.Exists("/proc/stat"))
        {
            return (0, 0);
        }

        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Skip(1).Take(8).Select(t => double.Parse(t, CultureInfo.InvariantCulture)).ToArray();
        var all = ticks.Sum();
        return (all - ticks[3] - ticks[4], all);
    }

    private static double? MemoryInUse()
    {
        if (!File.Exists("/proc/meminfo"))
        {
            return null;
        }

        var lines = File.ReadLines("/proc/meminfo").Take(5).Select(l => l.Split([':', ' '], StringSplitOptions.RemoveEmptyEntries)).ToDictionary(l => l[0], l => double.Parse(l[1], CultureInfo.InvariantCulture) * 1024);
        return lines.TryGetValue("MemTotal", out var total) && lines.TryGetValue("MemAvailable", out var available) ? total - available : null;
    }

    // The driver's own program; where there is none, there is no GPU that training could use.
    private async Task<(double Percent, double Bytes)?> GpuAsync(CancellationToken stoppingToken)
    {
        if (!_hasGpu)
        {
            return null;
        }

        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            patience.CancelAfter(s_gpuPatience);
            using var asked = Process.Start(new ProcessStartInfo("nvidia-smi", "--query-gpu=utilization.gpu,memory.used --format=csv,noheader,nounits --id=0") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
            var answer = await asked.StandardOutput.ReadToEndAsync(patience.Token);
            await asked.WaitForExitAsync(patience.Token);
            var parts = answer.Split(',', StringSplitOptions.TrimEntries);
            if (asked.ExitCode == 0 && parts.Length == 2 && double.TryParse(parts[0], CultureInfo.InvariantCulture, out var percent) && double.TryParse(parts[1], CultureInfo.InvariantCulture, out var mebibytes))
            {
                return (percent, mebibytes * 1024 * 1024);
            }

            _hasGpu = false;
            logger.LogWarning("nvidia-smi gave no numbers; the GPU is not measured");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            _hasGpu = false;
        }
        catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
        {
            _hasGpu = false;
            logger.LogWarning("nvidia-smi did not answer within {Seconds} s; the GPU is not measured", s_gpuPatience.TotalSeconds);
        }

        return null;
    }
}
