using System.Security.Cryptography;
using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Environments;

namespace RroDashboard.Training.Experiments;

/// <summary>The files that the parts of an experiment are kept in.</summary>
internal static class CellFiles
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = false };

    private const string DataFolder = $"{nameof(RunPlan.Environment)}.{nameof(EnvironmentOptions.DataFolder)}";
    private const string Device = $"{nameof(RunPlan.Model)}.{nameof(ModelOptions.Device)}";

    /// <summary>Over a plan, whatever folder its data are in, and what decides a result besides. The processor is not named: cells from before there was a choice are still good.</summary>
    public static string Fingerprint(RunPlan plan, params IEnumerable<KeyValuePair<string, string>> besides) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
        PlanSettings.ToDictionary(plan).Where(s => s.Key != DataFolder && s is not { Key: Device, Value: DeviceName.Processor }).Concat(besides).OrderBy(s => s.Key, StringComparer.Ordinal))));

    /// <summary>Null where there is no such file, or one of an older version, or a damaged one: then it is computed again.</summary>
    public static T? Read<T>(string path)
        where T : class
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<T>(File.ReadAllText(path), s_json) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Beside its place and then moved there: a killed process leaves none or a whole one.</summary>
    public static void Write<T>(string path, T value)
    {
        var draft = path + ".writing";
        File.WriteAllText(draft, JsonSerializer.Serialize(value, s_json));
        File.Move(draft, path, overwrite: true);
    }
}

/// <summary>A plan names a folder; only the content tells whether the data in it are still those that a result was made from.</summary>
internal sealed class ContentHashes
{
    private readonly Dictionary<string, string> _known = new(StringComparer.Ordinal);

    /// <summary>Content of an environment's data, read once for all plans that share it.</summary>
    public string Of(EnvironmentOptions options)
    {
        var key = CellFiles.Fingerprint(new RunPlan { Environment = options });
        if (!_known.TryGetValue(key, out var hash))
        {
            using var environment = EnvironmentFactory.Create(options);
            _known[key] = hash = environment.ContentHash;
        }

        return hash;
    }
}

/// <summary>Keeps what a cell's result is made of; candidates are the bulk and are not.</summary>
/// <param name="pairs">Keep the pairs too, for whoever goes on from them.</param>
internal sealed class CellJournal(bool pairs = false) : IRunJournal
{
    public List<RunFact> Facts { get; } = [];

    public Budget Budget { get; private set; } = new();

    public EvaluationFinished Evaluation(string decoding) => Facts.OfType<EvaluationFinished>().Last(e => e.Stage == Stage.Evaluate && e.Decoding == decoding);

    public void Record(RunFact fact)
    {
        if (fact is not (CandidateScored or TrajectoryKept or PairMargins or EpisodePlayed) && (pairs || fact is not PairCreated))
        {
            Facts.Add(fact);
        }
    }

    public void Sample(RunSample sample) => Budget = sample is BudgetReported reported ? reported.Budget : Budget;
}
