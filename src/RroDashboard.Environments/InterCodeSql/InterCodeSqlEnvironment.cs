using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>
/// InterCode-SQL on the Spider development tasks (environments.md B): explore a database, run a query, submit. The answer is the last
/// observation; the reward compares its rows with the gold query's.
/// </summary>
public sealed class InterCodeSqlEnvironment : IAgentEnvironment
{
    /// <summary>Characters of an observation that are shown, as in InterCode's ReAct runner and IPR.</summary>
    public const int MaxObservationCharacters = 350;

    /// <summary>Most bytes of one result, so that one episode cannot fill the memory.</summary>
    public const long MaxResultBytes = 4L << 20;

    // Rollouts repeat queries; answers above this size are not kept.
    private const int CachedRows = 2000;
    private const int CachedAnswers = 20_000;

    private readonly ISqlEngine _engine;
    private readonly SqlLimits _limits;
    private readonly Dictionary<TaskSplit, AgentTask[]> _tasks;
    private readonly Dictionary<string, SpiderTask> _spider = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<int, IReadOnlyList<string>> _gold = new();
    private readonly ConcurrentDictionary<(string Database, string Sql), SqlAnswer> _answers = new();

    /// <summary>Reads tasks and opens the databases of a data folder.</summary>
    /// <param name="options">DataFolder holds ic_spider_dev.json and a folder sqlite.</param>
    /// <param name="engine">How statements are answered; plain SQLite by default. Disposed with the environment.</param>
    /// <exception cref="PlanException">Something is missing or malformed, or more tasks are wanted than there are.</exception>
    public InterCodeSqlEnvironment(EnvironmentOptions options, ISqlEngine? engine = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!Directory.Exists(options.DataFolder))
        {
            throw new PlanException($"Environment.DataFolder = '{options.DataFolder}' is not a folder: InterCodeSql expects ic_spider_dev.json and a folder sqlite in it.");
        }

        MaxSteps = options.MaxSteps;
        _limits = new SqlLimits(TimeSpan.FromMilliseconds(options.SqlTimeoutMs), options.SqlRowLimit, MaxResultBytes);
        var file = Path.Combine(options.DataFolder, "ic_spider_dev.json");
        var sqlite = Path.Combine(options.DataFolder, "sqlite");
        var tasks = SpiderTask.Read(file);
        foreach (var task in tasks)
        {
            if (!File.Exists(Path.Combine(sqlite, task.Database + ".sqlite")))
            {
                throw new PlanException($"'{file}' names the database '{task.Database}' at record {task.Number}, but '{Path.Combine(sqlite, task.Database + ".sqlite")}' is not there.");
            }
        }

        _engine = engine ?? new PlainSqliteEngine(sqlite);
        _tasks = Split(tasks, options);
        ContentHash = Hash(options, file, sqlite);
    }

    /// <inheritdoc/>
    public string Name => "InterCodeSql";

    /// <inheritdoc/>
    public string ContentHash { get; }

    /// <inheritdoc/>
    public RewardRange RewardRange { get; } = new(-1, 1);

    /// <inheritdoc/>
    public int MaxSteps { get; }

    /// <inheritdoc/>
    public string ActionEnd => "]";

    /// <summary>Room for 98.6 % of the 1,034 gold queries (measured; the longest has 94 words and marks).</summary>
    public int MaxActionTokens => 72;

    /// <summary>350 characters of rows are about 120 words and marks.</summary>
    public int MaxObservationTokens => 140;

    /// <inheritdoc/>
    public IReadOnlyList<AgentTask> Tasks(TaskSplit split) => _tasks[split];

    /// <summary>The record behind a task.</summary>
    public SpiderTask Spider(AgentTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return _spider[task.Id];
    }

    /// <summary>Python text of the gold rows; empty when the gold query fails.</summary>
    public IReadOnlyList<string> GoldRows(SpiderTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return _gold.GetOrAdd(task.Number, _ => Execute(task.Database, task.Gold).Rows ?? []);
    }

    /// <inheritdoc/>
    public IEpisode Reset(AgentTask task) => new SqlEpisode(this, task, Spider(task));

    /// <inheritdoc/>
    public string ExpertAction(IEpisode episode, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return SqlExpert.Act((SqlEpisode)episode, random);
    }

    /// <inheritdoc/>
    public void Dispose() => _engine.Dispose();

    internal SqlAnswer Execute(string database, string sql)
    {
        if (_answers.TryGetValue((database, sql), out var known))
        {
            return known;
        }

        var answer = _engine.Execute(database, sql, _limits);
        if (answer.Rows is not { Count: > CachedRows })
        {
            if (_answers.Count >= CachedAnswers)
            {
                _answers.Clear();
            }

            _answers[(database, sql)] = answer;
        }

        return answer;
    }

    // Paraphrases of one gold query stay together: a test question must not have been trained in other words.
    private Dictionary<TaskSplit, AgentTask[]> Split(IReadOnlyList<SpiderTask> tasks, EnvironmentOptions options)
    {
        var wanted = options.TrainTasks + options.TuningTasks + options.TestTasks;
        if (wanted > tasks.Count)
        {
            throw new PlanException($"Environment.TrainTasks + TuningTasks + TestTasks = {wanted} is more than the {tasks.Count} tasks in '{options.DataFolder}'.");
        }

        var groups = tasks.GroupBy(t => t.Group, StringComparer.Ordinal).Select(g => g.ToArray()).ToArray();
        new SeededRandom(options.ContentSeed, 21).Shuffle<SpiderTask[]>(groups);
        var room = new Dictionary<TaskSplit, int> { [TaskSplit.Test] = options.TestTasks, [TaskSplit.Tuning] = options.TuningTasks, [TaskSplit.Train] = options.TrainTasks };
        var members = room.Keys.ToDictionary(s => s, _ => new List<AgentTask>());
        foreach (var group in groups)
        {
            foreach (var (split, list) in members)
            {
                // A group that no longer fits a nearly full split goes to the next; the last few tasks may stay unused.
                if (list.Count + group.Length > room[split])
                {
                    continue;
                }

                foreach (var task in group)
                {
                    var id = $"spider-{task.Number.ToString(CultureInfo.InvariantCulture)}";
                    list.Add(new AgentTask(split, list.Count, id, task.Question));
                    _spider[id] = task;
                }

                break;
            }
        }

        return members.ToDictionary(m => m.Key, m => m.Value.ToArray());
    }

    private static string Hash(EnvironmentOptions options, string file, string sqlite)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"InterCodeSql 1 {options.ContentSeed} {options.MaxSteps} {options.TrainTasks} {options.TuningTasks} {options.TestTasks} {options.SqlRowLimit}\n")));
        foreach (var path in Directory.EnumerateFiles(sqlite).Order(StringComparer.Ordinal).Prepend(file))
        {
            hash.AppendData(SHA256.HashData(File.ReadAllBytes(path)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
