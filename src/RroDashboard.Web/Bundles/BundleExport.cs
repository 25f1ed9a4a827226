using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;
using RroDashboard.Data.Bundles;
using RroDashboard.Web.Components.Pages;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.Bundles;

/// <summary>
/// Writes everything of a run into one zip file: readable without this program, verifiable by its manifest, and the same bytes whoever writes it. It is
/// written as it is read, so it may be larger than the memory.
/// </summary>
public sealed class BundleExport(RunReadings readings, DashboardOptions options)
{
    private static readonly string[] s_ledgerKinds =
        [EventKinds.Of<TaskOpened>(), EventKinds.Of<CandidateScored>(), EventKinds.Of<StepDecided>(), EventKinds.Of<PairCreated>(), EventKinds.Of<TaskFinished>()];

    /// <summary>Name that a bundle is saved under.</summary>
    public static string FileName(string runId) => $"rro-{runId}.zip";

    /// <summary>Why a run cannot be exported now, as one sentence; null when it can.</summary>
    public static string? WhyNot(RunState state, string runId) => state is RunState.Queued or RunState.Running
        ? $"Run '{runId}' is still open: its bundle would be out of date before it is written; wait for its end or stop it."
        : null;

    /// <summary>Writes the bundle of a run.</summary>
    /// <param name="runId">Which.</param>
    /// <param name="target">Where to; need not be able to seek.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <exception cref="BundleException">There is no such run, or it is still open.</exception>
    public async Task<BundleManifest> WriteAsync(string runId, Stream target, CancellationToken cancellationToken)
    {
        await using var run = await readings.OpenAsync(runId, cancellationToken) ?? throw new BundleException($"There is no run '{runId}'.");
        if (WhyNot(run.Record.State, runId) is { } reason)
        {
            throw new BundleException(reason);
        }

        await using var patient = new PatientStream(target);
        var manifest = await WriteAsync(run, runId, patient, cancellationToken);
        await patient.FlushAsync(cancellationToken);
        return manifest;
    }

    private async Task<BundleManifest> WriteAsync(RunReading run, string runId, PatientStream target, CancellationToken cancellationToken)
    {
        var files = new List<BundleFile>();
        var leftOut = new List<string>();
        await using var zip = await ZipArchive.CreateAsync(target, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellationToken);
        await AddAsync(BundleFormat.Readme, s => WriteTextAsync(s, BundleReadme.Text, cancellationToken));
        await AddAsync(BundleFormat.Run, s => WriteJsonAsync(s, run.Record, cancellationToken));
        await AddAsync(BundleFormat.Config, s => WriteJsonAsync(s, new BundleConfig(run.Preset, run.Settings), cancellationToken));
        await AddAsync(BundleFormat.Events, s => WriteEventsAsync(s, run, cancellationToken));
        await AddAsync(BundleFormat.Metrics, s => WriteMetricsAsync(s, run, cancellationToken));
        await AddAsync(BundleFormat.Trajectories, s => WriteTrajectoriesAsync(s, run, cancellationToken));
        await AddAsync(BundleFormat.Ledger, s => WriteLedgerAsync(s, run, cancellationToken));
        await AddAsync(BundleFormat.Pairs, s => WritePairsAsync(s, run, cancellationToken));
        var began = Unix(run.Record.StartedUtc ?? run.Record.CreatedUtc);
        await AddAsync(
            string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{(long)began}.rrodashboard"),
            s => WriteTensorBoardAsync(s, run, began, cancellationToken));
        await AddCheckpointsAsync();

        // Not a file of the manifest: it is the manifest.
        var manifest = new BundleManifest(BundleFormat.Name, BundleFormat.Version, runId, files, leftOut);
        await using (var entry = await NewEntryAsync(zip, BundleFormat.Manifest, CompressionLevel.Optimal, cancellationToken))
        {
            await WriteJsonAsync(entry, manifest, cancellationToken);
        }

        return manifest;

        async Task AddAsync(string name, Func<Stream, Task> write, CompressionLevel level = CompressionLevel.Optimal)
        {
            await using var entry = await NewEntryAsync(zip, name, level, cancellationToken);
            await using var hashing = new HashingStream(entry);
            await write(hashing);
            files.Add(new BundleFile(name, hashing.Bytes, hashing.Sha256));
        }

        async Task AddCheckpointsAsync()
        {
            // Stages are repeated after an interruption: the last word on a folder counts.
            var saved = new Dictionary<string, CheckpointSaved>(StringComparer.Ordinal);
            await foreach (var stored in run.EventsAsync([EventKinds.Of<CheckpointSaved>()], cancellationToken))
            {
                var checkpoint = (CheckpointSaved)stored.Read();
                saved[checkpoint.Folder] = checkpoint;
            }

            foreach (var checkpoint in saved.Values.OrderBy(c => c.Folder, StringComparer.Ordinal))
            {
                if (await WhyNotCheckpointAsync(runId, checkpoint, cancellationToken) is { } missing)
                {
                    leftOut.Add(missing);
                    continue;
                }

                foreach (var file in BundleFormat.CheckpointFiles)
                {
                    // Weights hardly shrink, and not trying is ten times as fast.
                    await AddAsync(
                        BundleFormat.CheckpointEntry(checkpoint.Folder, file),
                        async stream =>
                        {
                            await using var source = File.OpenRead(PathOf(runId, checkpoint.Folder, file));
                            await source.CopyToAsync(stream, cancellationToken);
                        },
                        file == BundleFormat.Weights ? CompressionLevel.NoCompression : CompressionLevel.Optimal);
                }
            }
        }
    }

    private string PathOf(string runId, string folder, string file) => Path.Combine(options.RunFolder(runId), folder, file);

    private async Task<string?> WhyNotCheckpointAsync(string runId, CheckpointSaved saved, CancellationToken cancellationToken)
    {
        if (!BundleFormat.IsFolder(saved.Folder))
        {
            return $"The checkpoint after {saved.Stage} is left out: its folder's name is none that a bundle can hold.";
        }

        if (BundleFormat.CheckpointFiles.FirstOrDefault(f => !File.Exists(PathOf(runId, saved.Folder, f))) is { } missing)
        {
            return $"{saved.Folder} is left out: its {missing} was removed.";
        }

        await using var weights = File.OpenRead(PathOf(runId, saved.Folder, BundleFormat.Weights));
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(weights, cancellationToken)) == saved.Sha256
            ? null
            : $"{saved.Folder} is left out: its weights are not those that the run wrote.";
    }

    private static async Task<Stream> NewEntryAsync(ZipArchive zip, string name, CompressionLevel level, CancellationToken cancellationToken)
    {
        var entry = zip.CreateEntry(name, level);
        entry.LastWriteTime = BundleFormat.EntryTime;
        return await entry.OpenAsync(cancellationToken);
    }

    private static async Task WriteTextAsync(Stream stream, string text, CancellationToken cancellationToken) => await stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);

    private static async Task WriteJsonAsync<T>(Stream stream, T value, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(value, BundleFormat.Json), cancellationToken);
        await stream.WriteAsync("\n"u8.ToArray(), cancellationToken);
    }

    private static async Task WriteEventsAsync(Stream stream, RunReading run, CancellationToken cancellationToken)
    {
        var line = new ArrayBufferWriter<byte>(4096);
        await foreach (var stored in run.EventsAsync(cancellationToken))
        {
            line.ResetWrittenCount();
            using (var json = new Utf8JsonWriter(line))
            {
                json.WriteStartObject();
                json.WriteNumber("seq", stored.Seq);
                json.WriteString("kind", stored.Kind);
                json.WriteString("at", stored.AtUtc);
                json.WritePropertyName("event");
                // Byte for byte what the database has.
                json.WriteRawValue(stored.Json);
                json.WriteEndObject();
            }

            line.Write("\n"u8);
            await stream.WriteAsync(line.WrittenMemory, cancellationToken);
        }
    }

    private static async Task WriteMetricsAsync(Stream stream, RunReading run, CancellationToken cancellationToken)
    {
        await using var writer = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\n" };
        await writer.WriteLineAsync(MetricsCsv.Header);
        foreach (var series in await run.SeriesAsync(cancellationToken))
        {
            await foreach (var point in run.PointsAsync(series, cancellationToken))
            {
                await writer.WriteLineAsync(MetricsCsv.Line(point));
            }
        }
    }

    // What a person would tell of a walk: what was asked, which action was followed at each step, what came of it, and why.
    private static async Task WriteTrajectoriesAsync(Stream stream, RunReading run, CancellationToken cancellationToken)
    {
        var plan = run.Plan;
        var started = default(RunStarted);
        await foreach (var stored in run.EventsAsync([EventKinds.Of<RunStarted>()], cancellationToken))
        {
            started = (RunStarted)stored.Read();
        }

        var rule = RunView.RuleOf(plan, started?.RewardRange ?? RewardRange.Unit);
        var alongExpert = plan.Explore.Continue == Core.Plans.Continue.AlongExpert;
        await foreach (var stored in run.EventsAsync([EventKinds.Of<TaskOpened>()], cancellationToken))
        {
            var opened = (TaskOpened)stored.Read();
            var steps = new List<BundleStep>();
            foreach (var step in await run.OfTaskAsync<StepDecided>(opened.Task, cancellationToken))
            {
                var followed = WalkQueries.FollowedAttempt(step, alongExpert) is { } attempt ? await run.CandidateAsync(opened.Task, step.Step, attempt, cancellationToken) : null;
                steps.Add(new BundleStep(
                    step.Step, step.Previous, step.Accepted, step.Verdict.ToString(), followed?.Attempt, followed?.Action ?? step.Action, followed?.Observation ?? "", step.Tried,
                    LedgerSentence.Of(step, rule, plan.Explore.MaxCandidates)));
            }

            var finished = await run.OfTaskAsync<TaskFinished>(opened.Task, cancellationToken) is [.., var last] ? last : null;
            await WriteLineAsync(
                stream, new BundleWalk(opened.Task, opened.TaskId, opened.Instruction, opened.Baseline, steps, finished is not null, finished?.Reward, finished?.Rollouts), cancellationToken);
        }
    }

    private static async Task WriteLedgerAsync(Stream stream, RunReading run, CancellationToken cancellationToken)
    {
        await foreach (var stored in run.EventsAsync(s_ledgerKinds, cancellationToken))
        {
            // As LedgerHash has them, so that the SHA-256 of this file is the run's.
            await stream.WriteAsync(LedgerHash.LineOf((RunFact)stored.Read()), cancellationToken);
        }
    }

    private static async Task WritePairsAsync(Stream stream, RunReading run, CancellationToken cancellationToken)
    {
        await foreach (var stored in run.EventsAsync([EventKinds.Of<PairCreated>()], cancellationToken))
        {
            var pair = ((PairCreated)stored.Read()).Pair;
            await WriteTextAsync(stream, TrlLines.Of(pair, Vocabularies.MarkersOf(pair.HistoryTokens)) + "\n", cancellationToken);
        }
    }

    private static async Task WriteTensorBoardAsync(Stream stream, RunReading run, double began, CancellationToken cancellationToken)
    {
        const int FlushBytes = 1 << 16;
        var buffer = new ArrayBufferWriter<byte>(2 * FlushBytes);
        TensorBoardRecords.WriteHeader(buffer, began);
        foreach (var series in await run.SeriesAsync(cancellationToken))
        {
            // The times of the others are told by these, and those of the machine by their steps.
            if (series.StartsWith(SeriesNames.TimePrefix, StringComparison.Ordinal))
            {
                continue;
            }

            var system = series.StartsWith(SeriesNames.SystemPrefix, StringComparison.Ordinal);
            var clock = new StepClock(began, system ? [] : await run.TimesAsync(series.Split('/')[0], cancellationToken));
            await foreach (var point in run.PointsAsync(series, cancellationToken))
            {
                TensorBoardRecords.WriteScalar(buffer, system ? point.Step : clock.At(point.Step), point.Step, series, point.Value);
                if (buffer.WrittenCount > FlushBytes)
                {
                    await stream.WriteAsync(buffer.WrittenMemory, cancellationToken);
                    buffer.ResetWrittenCount();
                }
            }
        }

        await stream.WriteAsync(buffer.WrittenMemory, cancellationToken);
    }

    private static async Task WriteLineAsync<T>(Stream stream, T value, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(value, BundleFormat.Line), cancellationToken);
        await stream.WriteAsync("\n"u8.ToArray(), cancellationToken);
    }

    private static double Unix(DateTime utc) => new DateTimeOffset(utc, TimeSpan.Zero).ToUnixTimeMilliseconds() / 1000.0;
}

/// <summary>One step of a walk as a bundle tells it.</summary>
public sealed record BundleStep(
    int Step, Estimate Previous, Estimate? Value, string Verdict, int? Attempt, string Action, string Observation, int Tried, string Sentence);

/// <summary>One walk as a bundle tells it.</summary>
public sealed record BundleWalk(
    int Task, string TaskId, string Instruction, Estimate Baseline, IReadOnlyList<BundleStep> Steps, bool Finished, double? Reward, int? Rollouts);

/// <summary>Tells when a stage reached a step, from a few notes of it: between two of them time goes evenly.</summary>
internal sealed class StepClock(double began, IReadOnlyList<(long Step, double Seconds)> notes)
{
    private int _at;

    /// <summary>Unix seconds. Steps are asked for in order.</summary>
    public double At(long step)
    {
        if (notes.Count == 0)
        {
            return began;
        }

        while (_at + 1 < notes.Count && notes[_at + 1].Step <= step)
        {
            _at++;
        }

        var (fromStep, from) = notes[_at];
        if (step <= fromStep || _at + 1 == notes.Count)
        {
            return from;
        }

        var (toStep, to) = notes[_at + 1];
        return from + ((to - from) * (step - fromStep) / (toStep - fromStep));
    }
}
