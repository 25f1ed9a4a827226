using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using RroDashboard.Data;

namespace RroDashboard.Web.Bundles;

/// <summary>Names, versions and limits of a bundle: a zip file with everything of one run.</summary>
public static partial class BundleFormat
{
    /// <summary>What the manifest calls it.</summary>
    public const string Name = "rrodashboard-run";

    /// <summary>Version that is written, and the only one that is read.</summary>
    public const int Version = 1;

    /// <summary>Names and hashes of all other files; the last entry, because it is known last.</summary>
    public const string Manifest = "manifest.json";

    /// <summary>What the files are, for whoever has nothing but the zip.</summary>
    public const string Readme = "README.txt";

    /// <summary>The run itself.</summary>
    public const string Run = "run.json";

    /// <summary>Preset and settings, as the API takes them for a new run.</summary>
    public const string Config = "config.json";

    /// <summary>Every event in full fidelity.</summary>
    public const string Events = "events.jsonl";

    /// <summary>Every metric point.</summary>
    public const string Metrics = "metrics.csv";

    /// <summary>One walk a line.</summary>
    public const string Trajectories = "trajectories.jsonl";

    /// <summary>What the hash of the ledger covers, byte for byte.</summary>
    public const string Ledger = "ledger.jsonl";

    /// <summary>Preference pairs for TRL.</summary>
    public const string Pairs = "pairs.jsonl";

    /// <summary>Weights file of a checkpoint.</summary>
    public const string Weights = "model.safetensors";

    /// <summary>Most entries: the files above and the checkpoints of a hundred stages.</summary>
    public const int MaxEntries = 320;

    /// <summary>Largest file that can be imported, bytes.</summary>
    public const long MaxFileBytes = 4L << 30;

    /// <summary>Largest sum of unpacked files, bytes.</summary>
    public const long MaxUnpackedBytes = 16L << 30;

    /// <summary>Largest unpacked size against the packed one, above <see cref="RatioFreeBytes"/>: real runs come to ten or twenty.</summary>
    public const int MaxRatio = 200;

    /// <summary>Unpacked bytes for which the ratio does not matter: a small run may repeat itself.</summary>
    public const long RatioFreeBytes = 64L << 20;

    /// <summary>Longest line of a text file, bytes: an action of a megabyte fits.</summary>
    public const int MaxLineBytes = 32 << 20;

    /// <summary>Largest manifest, run or config file, bytes.</summary>
    public const int MaxSmallFileBytes = 1 << 20;

    /// <summary>Longest name of a series, characters.</summary>
    public const int MaxSeriesName = 200;

    /// <summary>Most series of a run.</summary>
    public const int MaxSeries = 10_000;

    /// <summary>Timestamp of every entry: the same run gives the same bytes.</summary>
    public static DateTimeOffset EntryTime { get; } = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Files that every bundle has, in the order in which they are written.</summary>
    public static IReadOnlyList<string> Required { get; } = [Readme, Run, Config, Events, Metrics, Trajectories, Ledger, Pairs];

    /// <summary>Files of a checkpoint.</summary>
    public static IReadOnlyList<string> CheckpointFiles { get; } = [Weights, "config.json", "tokenizer.json"];

    /// <summary>How the small files are written and read: as everything is, over several lines, and strict about what it reads.</summary>
    public static JsonSerializerOptions Json { get; } = MakeJson(indented: true);

    /// <summary>The same on one line.</summary>
    public static JsonSerializerOptions Line { get; } = MakeJson(indented: false);

    /// <summary>Name of an entry that holds a file of a checkpoint.</summary>
    public static string CheckpointEntry(string folder, string file) => $"checkpoints/{folder}/{file}";

    /// <summary>Whether a bundle may hold an entry of this name. Anything else, a way out of the folder above all, is refused.</summary>
    public static bool IsAllowed(string name) => Required.Contains(name) || CheckpointName().IsMatch(name) || TensorBoardName().IsMatch(name);

    /// <summary>Whether a checkpoint's folder can have this name: it becomes a part of a path.</summary>
    public static bool IsFolder(string name) => FolderName().IsMatch(name);

    /// <summary>Whether a run can have this id: it becomes a part of a path and of addresses.</summary>
    public static bool IsRunId(string id) => RunIdShape().IsMatch(id);

    /// <summary>Folder and file of an entry of a checkpoint; null for another entry.</summary>
    public static (string Folder, string File)? CheckpointOf(string entry) =>
        CheckpointName().Match(entry) is { Success: true } match ? (match.Groups[1].Value, match.Groups[2].Value) : null;

    private static JsonSerializerOptions MakeJson(bool indented)
    {
        var options = new JsonSerializerOptions
        {
            WriteIndented = indented,
            NewLine = "\n",
            AllowDuplicateProperties = false,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
        };
        RunJson.Configure(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    [GeneratedRegex(@"\Acheckpoints/([a-z0-9][a-z0-9-]{0,63})/(model\.safetensors|config\.json|tokenizer\.json)\z")]
    private static partial Regex CheckpointName();

    [GeneratedRegex(@"\Aevents\.out\.tfevents\.[0-9]{1,12}\.rrodashboard\z")]
    private static partial Regex TensorBoardName();

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,63}\z")]
    private static partial Regex FolderName();

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,39}\z")]
    private static partial Regex RunIdShape();
}

/// <summary>A file of a bundle.</summary>
/// <param name="Name">Of its entry.</param>
/// <param name="Bytes">Unpacked size.</param>
/// <param name="Sha256">Of the unpacked file, lower-case hex.</param>
public sealed record BundleFile(string Name, long Bytes, string Sha256);

/// <summary>What a bundle holds.</summary>
/// <param name="Format"><see cref="BundleFormat.Name"/>.</param>
/// <param name="Version"><see cref="BundleFormat.Version"/>.</param>
/// <param name="RunId">Which run.</param>
/// <param name="Files">Every other file, in the order in which they were written.</param>
/// <param name="LeftOut">What was named by the run and is not here, one sentence each.</param>
public sealed record BundleManifest(string Format, int Version, string RunId, IReadOnlyList<BundleFile> Files, IReadOnlyList<string> LeftOut);

/// <summary>Preset and settings of a run.</summary>
/// <param name="Preset">Preset that it started from.</param>
/// <param name="Settings">Every setting.</param>
public sealed record BundleConfig(string Preset, IReadOnlyDictionary<string, string> Settings);

/// <summary>A run cannot be exported now. The message is one sentence.</summary>
public sealed class BundleException(string message) : Exception(message);
