using System.Text;
using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Data.Bundles;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Bundles;

/// <summary>
/// Reads a bundle as a run that can be read and not changed. Everything is verified before the first row is written, and the run is hidden until it is
/// whole: whatever goes wrong, nothing is half-done.
/// </summary>
public sealed class BundleImport(RunImports imports, DashboardOptions options, ILogger<BundleImport> logger)
{
    /// <summary>Characters of the name of the file that are kept.</summary>
    private const int MaxFileName = 120;

    /// <summary>Copies an upload to a file that no one else sees and that goes with its stream, and imports it.</summary>
    /// <param name="upload">Of any length; too long a one is refused.</param>
    /// <param name="fileName">Name that people know it by; may be anything.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <exception cref="RunImportException">It cannot be imported.</exception>
    public async Task<string> UploadAsync(Stream upload, string fileName, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(upload);
        var folder = Path.Combine(options.DataFolder, "imports");
        DashboardOptions.PrepareFolder(folder, "The folder of imports");
        await using var file = new FileStream(
            Path.Combine(folder, Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
        var buffer = new byte[1 << 17];
        int read;
        while ((read = await upload.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (file.Length + read > BundleFormat.MaxFileBytes)
            {
                throw new RunImportException($"The file is larger than {BundleFormat.MaxFileBytes >> 30} GiB, the largest that is imported.");
            }

            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        await file.FlushAsync(cancellationToken);
        return await ImportAsync(file, fileName, cancellationToken);
    }

    /// <summary>Imports a bundle.</summary>
    /// <param name="file">Can seek.</param>
    /// <param name="fileName">Name that people know it by; may be anything.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <returns>The run's id.</returns>
    /// <exception cref="RunImportException">It cannot be imported.</exception>
    public async Task<string> ImportAsync(Stream file, string fileName, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(fileName);
        await using var bundle = await BundleReader.OpenAsync(file, cancellationToken);
        var run = await bundle.JsonAsync<RunRecord>(BundleFormat.Run, cancellationToken);
        var config = await bundle.JsonAsync<BundleConfig>(BundleFormat.Config, cancellationToken);
        Check(bundle.Manifest, run, config);

        var name = BundleReader.Shown(Path.GetFileName(fileName.Trim()));
        var from = $"{(name.Length == 0 ? "a bundle" : name.Length <= MaxFileName ? name : name[..MaxFileName])}, SHA-256 {bundle.Sha256}";
        var folder = options.RunFolder(run.Id);
        var draft = folder + ".importing";
        var import = await imports.BeginAsync(run, config.Preset, config.Settings, from, cancellationToken);
        try
        {
            await using (import)
            {
                var checkpoints = await AddEventsAsync(bundle, import, cancellationToken);
                await AddPointsAsync(bundle, import, cancellationToken);
                await CopyCheckpointsAsync(bundle, checkpoints, draft, cancellationToken);
                if (Directory.Exists(folder))
                {
                    // No run has this id, so what lies there belongs to none.
                    Directory.Delete(folder, recursive: true);
                }

                if (Directory.Exists(draft))
                {
                    Directory.Move(draft, folder);
                }

                import.Finish();
            }
        }
        catch
        {
            await UndoAsync(run.Id, draft);
            throw;
        }

        logger.LogInformation("Run {Run} was imported from {From}", run.Id, from);
        return run.Id;
    }

    private async Task UndoAsync(string runId, string draft)
    {
        try
        {
            if (Directory.Exists(draft))
            {
                Directory.Delete(draft, recursive: true);
            }

            await imports.AbandonAsync(runId);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Data.Common.DbException)
        {
            // It stays hidden; the next start of the dashboard removes it.
            logger.LogWarning(e, "What there is of run {Run} could not be removed yet", runId);
        }
    }

    private static void Check(BundleManifest manifest, RunRecord run, BundleConfig config)
    {
        if (run.Id != manifest.RunId)
        {
            throw new RunImportException($"{BundleFormat.Run} is about run '{BundleReader.Shown(run.Id)}' and {BundleFormat.Manifest} about run '{manifest.RunId}'.");
        }

        if (!Enum.IsDefined(run.State) || (run.Stage is { } stage && !Enum.IsDefined(stage)) || run.State is RunState.Queued or RunState.Running)
        {
            throw new RunImportException($"{BundleFormat.Run} says that the run is {run.State}: only a run that has ended can be imported.");
        }

        if (run.LastSeq < 0 || run.Done < 0 || run.Total < 0 || run.DroppedSamples < 0)
        {
            throw new RunImportException($"{BundleFormat.Run} holds a count below 0.");
        }

        if (run.Name.Length > RunKeeper.MaxName || run.Name.Any(char.IsControl) || run.Notes.Length > RunKeeper.MaxNotes)
        {
            throw new RunImportException($"{BundleFormat.Run} holds a name of more than {RunKeeper.MaxName} characters, or notes of more than {RunKeeper.MaxNotes}.");
        }

        try
        {
            RunTags.Parse(run.Tags);
            run.Budget?.Deserialize<Budget>(RunJson.Options);
            if (config.Settings.Values.Any(v => v is null) || config.Preset.Length > 100)
            {
                throw new PlanException("a setting has no value, or the preset's name is longer than 100 characters");
            }

            PlanSettings.Validate(PlanSettings.FromDictionary(config.Preset, config.Settings));
        }
        catch (RunTextException e)
        {
            throw new RunImportException($"{BundleFormat.Run}: {e.Message}");
        }
        catch (JsonException)
        {
            throw new RunImportException($"{BundleFormat.Run} holds a budget that is none.");
        }
        catch (PlanException e)
        {
            throw new RunImportException($"{BundleFormat.Config} does not fit this version of the program: {BundleReader.Shown(e.Message.TrimEnd('.'))}.");
        }
    }

    private static async Task<Dictionary<string, CheckpointSaved>> AddEventsAsync(BundleReader bundle, RunImport import, CancellationToken cancellationToken)
    {
        var checkpoints = new Dictionary<string, CheckpointSaved>(StringComparer.Ordinal);
        var number = 0;
        await foreach (var line in bundle.LinesAsync(BundleFormat.Events, cancellationToken))
        {
            number++;
            try
            {
                var read = JsonSerializer.Deserialize<EventLine>(line.Span, BundleFormat.Line)!;
                var json = read.Event.GetRawText();
                var happened = JsonSerializer.Deserialize<RunEvent>(json, BundleFormat.Line)!;
                var kind = EventKinds.Of(happened);
                if (read.Kind != kind && read.Kind != EventKinds.SetAside + kind)
                {
                    throw new RunImportException($"Line {number} of {BundleFormat.Events} is called '{BundleReader.Shown(read.Kind)}' and is a '{kind}'.");
                }

                if (happened is not (RunFact or LogLine) || read.At.Kind != DateTimeKind.Utc)
                {
                    throw new RunImportException($"Line {number} of {BundleFormat.Events} is no fact or log line of a time in UTC.");
                }

                if (happened is RunFact fact && LedgerHash.Covers(fact))
                {
                    // What cannot be written again could never be exported.
                    LedgerHash.LineOf(fact);
                }

                import.Add(new StoredEvent(read.Seq, read.Kind, read.At, json), happened);
                if (happened is CheckpointSaved saved && read.Kind == kind)
                {
                    checkpoints[saved.Folder] = saved;
                }
            }
            catch (Exception e) when (e is JsonException or ArgumentException or NotSupportedException)
            {
                throw new RunImportException($"Line {number} of {BundleFormat.Events} is no event of this version of the program ({BundleReader.Shown(e.Message.TrimEnd('.'))}).");
            }
        }

        return checkpoints;
    }

    private static async Task AddPointsAsync(BundleReader bundle, RunImport import, CancellationToken cancellationToken)
    {
        var (number, series, last) = (0, 0, "");
        await foreach (var bytes in bundle.LinesAsync(BundleFormat.Metrics, cancellationToken))
        {
            number++;
            var line = Encoding.UTF8.GetString(bytes.Span);
            if (number == 1)
            {
                if (line != MetricsCsv.Header)
                {
                    throw new RunImportException($"{BundleFormat.Metrics} does not begin with '{MetricsCsv.Header}'.");
                }

                continue;
            }

            if (!MetricsCsv.TryRead(line, out var point) || point.Series.Length is 0 or > BundleFormat.MaxSeriesName || point.Series.Any(char.IsControl))
            {
                throw new RunImportException($"Line {number} of {BundleFormat.Metrics} is no point: a name of at most {BundleFormat.MaxSeriesName} characters, a step and a number are.");
            }

            if (point.Series != last && ++series > BundleFormat.MaxSeries)
            {
                throw new RunImportException($"{BundleFormat.Metrics} has more than {BundleFormat.MaxSeries} series, the most that are imported.");
            }

            last = point.Series;
            import.Add(point);
        }
    }

    private static async Task CopyCheckpointsAsync(BundleReader bundle, Dictionary<string, CheckpointSaved> saved, string draft, CancellationToken cancellationToken)
    {
        foreach (var file in bundle.Manifest.Files)
        {
            if (BundleFormat.CheckpointOf(file.Name) is not { } checkpoint)
            {
                continue;
            }

            if (!saved.TryGetValue(checkpoint.Folder, out var fact) || (checkpoint.File == BundleFormat.Weights && file.Sha256 != fact.Sha256))
            {
                throw new RunImportException($"The bundle holds '{file.Name}', which is not the checkpoint that the run says it saved.");
            }

            // Both parts were held against the shapes that are allowed: nothing leads out of the folder.
            var folder = Directory.CreateDirectory(Path.Combine(draft, checkpoint.Folder)).FullName;
            await bundle.CopyAsync(file.Name, Path.Combine(folder, checkpoint.File), cancellationToken);
        }
    }

    private sealed record EventLine(long Seq, string Kind, DateTime At, JsonElement Event);
}
