using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments.InterCodeSql.MySql;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>
/// InterCode-SQL (Yang et al., 2023, on the Spider development set): a question, statements on a database, and the rows of
/// the last statement as the answer (environments.md B). Dialogue in ReAct style: <c>execute[ SELECT .. ]</c>,
/// <c>submit[ ]</c>. Unlike the original, the databases cannot be changed.
/// </summary>
public sealed class InterCodeSqlEnvironment : IAgentEnvironment
{
    /// <summary>Characters of an observation before "..."; the number of InterCode's ReAct runner (environments.md B6).</summary>
    public const int MaxObservationLength = 350;

    /// <summary>
    /// Longest action. Of the 1034 gold queries, written as execute[ .. ] and split as WordTokenizer splits, half have at
    /// most 18 tokens, 98 % at most 67, 99 % at most 75, the longest 94: this fits all. A word without a token of its own is
    /// spelled in several, so of the longest few some may still be cut.
    /// </summary>
    public const int ActionTokens = 96;

    /// <summary>Most bytes of result text of one statement.</summary>
    public const long MaxAnswerBytes = 16L * 1024 * 1024;

    /// <summary>Rewards are written into state keys with this many digits: enough to tell any two apart.</summary>
    private const string RewardFormat = "R";

    /// <summary>Changes with the rules in this folder, so that old results are not compared with new ones.</summary>
    private const int RulesVersion = 1;

    // Gold queries are trusted, so a small limit for the agent must not make its gold query fail.
    private static readonly SqlLimits s_goldLimits = new(TimeSpan.FromSeconds(60), 1_000_000, 256L * 1024 * 1024);

    private readonly ISqlEngine _engine;
    private readonly Dictionary<TaskSplit, IReadOnlyList<AgentTask>> _tasks = [];
    private readonly Dictionary<string, Content> _contents = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, SqlAnswer> _gold = new(StringComparer.Ordinal);

    /// <summary>Reads the data folder; nothing is executed yet.</summary>
    /// <param name="options">Folder, split sizes and limits.</param>
    /// <param name="engine">Runs the statements and is disposed with the environment; null for the one that the dialect names.</param>
    /// <exception cref="ArgumentException">More tasks are asked for than there are.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">A file of it is missing.</exception>
    /// <exception cref="InvalidDataException">A file of it is malformed.</exception>
    public InterCodeSqlEnvironment(EnvironmentOptions options, ISqlEngine? engine = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var folder = options.DataFolder;
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"InterCode-SQL needs its data folder, but '{folder}' does not exist");
        }

        if (options.MaxSteps < 1)
        {
            throw new ArgumentException($"MaxSteps is {options.MaxSteps}; an episode needs at least 1 action", nameof(options));
        }

        MaxSteps = options.MaxSteps;
        Name = options.SqlDialect == SqlDialect.MySql ? "InterCode-SQL (MySQL 8)" : "InterCode-SQL (plain SQLite)";
        Limits = new SqlLimits(TimeSpan.FromMilliseconds(options.SqlTimeoutMs), options.SqlRowLimit, MaxAnswerBytes);
        var records = InterCodeTasks.Load(folder);
        var schema = MySqlSchema.Load(folder);
        var databases = records.Select(r => r.Database).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        foreach (var database in databases)
        {
            var first = records.First(r => r.Database == database);
            if (schema.Tables(database) is null)
            {
                throw new InvalidDataException($"{InterCodeTasks.FileName}, task {first.Number}: unknown database '{database}'; {MySqlSchema.FileName} has {string.Join(", ", schema.Databases.Order(StringComparer.Ordinal))}");
            }
        }

        foreach (var (split, members) in InterCodeTasks.Divide(records, options))
        {
            _tasks[split] = [.. members.Select((record, i) => new AgentTask(split, i, string.Create(CultureInfo.InvariantCulture, $"spider-{record.Number}"), record.Question) { Group = record.Gold })];
            foreach (var record in members)
            {
                _contents[string.Create(CultureInfo.InvariantCulture, $"spider-{record.Number}")] = new Content(record);
            }
        }

        var training = _tasks[TaskSplit.Train].ToDictionary(t => t.Id, StringComparer.Ordinal);
        Recordings = options.DemonstrationLogs.Length == 0
            ? []
            : [.. InterCodeLogs.ReadFolder(options.DemonstrationLogs).Where(r => training.ContainsKey(r.Episode.TaskId)).Select(r => (training[r.Episode.TaskId], r.Episode))];

        _engine = engine ?? (options.SqlDialect == SqlDialect.MySql ? new MySqlEngine(folder) : new PlainSqliteEngine(folder));
        try
        {
            ContentHash = Hash(options, databases, _engine.GetType().Name);
        }
        catch
        {
            if (engine is null)
            {
                _engine.Dispose();
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string ContentHash { get; }

    /// <inheritdoc/>
    public RewardRange RewardRange { get; } = new(-1, 1);

    /// <inheritdoc/>
    public int MaxSteps { get; }

    /// <inheritdoc/>
    public string ActionEnd => "]";

    /// <inheritdoc/>
    public int MaxActionTokens => ActionTokens;

    /// <inheritdoc/>
    public IReadOnlyCollection<string> ControlWords { get; } = ["execute[", "submit[", "]"];

    /// <summary>Limits of one statement of the agent.</summary>
    public SqlLimits Limits { get; }

    /// <inheritdoc/>
    public IReadOnlyList<AgentTask> Tasks(TaskSplit split) => _tasks[split];

    /// <inheritdoc/>
    public IReadOnlyList<(AgentTask Task, RecordedEpisode Recorded)> Recordings { get; }

    /// <summary>The record behind a task: database, gold query, hardness.</summary>
    /// <exception cref="ArgumentException">The task is not of this environment.</exception>
    public InterCodeRecord Record(AgentTask task) => ContentOf(task).Record;

    /// <summary>What the gold query answers; a failed one (corrupt gold) counts as no rows (environments.md B2).</summary>
    public SqlAnswer GoldAnswer(AgentTask task)
    {
        var record = ContentOf(task).Record;
        return _gold.GetOrAdd(task.Id, (_, r) => _engine.Execute(r.Database, r.Gold, s_goldLimits), record);
    }

    /// <inheritdoc/>
    public IEpisode Reset(AgentTask task)
    {
        _ = ContentOf(task);
        return new InterCodeEpisode(this, task);
    }

    /// <inheritdoc/>
    public string ExpertAction(IEpisode episode, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(episode);
        ArgumentNullException.ThrowIfNull(random);
        if (episode.Finished)
        {
            throw new InvalidOperationException($"task {episode.Task.Id} is finished: the expert has nothing to do");
        }

        var statements = episode.Actions.Select(SqlAction.Parse).Where(a => a.Kind == SqlActionKind.Execute).Select(a => a.Sql).ToList();
        var next = ContentOf(episode.Task).Expert.Next(statements, MaxSteps - episode.Actions.Count, random);
        return next is null ? SqlAction.Submit : SqlAction.Execute(next);
    }

    /// <summary>Disposes the engine.</summary>
    public void Dispose() => _engine.Dispose();

    internal SqlAnswer Execute(AgentTask task, string sql) => _engine.Execute(ContentOf(task).Record.Database, sql, Limits);

    internal double Score(AgentTask task, IReadOnlyList<string>? answer) =>
        answer is null ? 0 : InterCodeReward.Score(answer, GoldAnswer(task).Rows);

    private Content ContentOf(AgentTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return _contents.TryGetValue(task.Id, out var content)
            ? content
            : throw new ArgumentException($"task '{task.Id}' is not one of this environment's", nameof(task));
    }

    private static string Hash(EnvironmentOptions options, IEnumerable<string> databases, string engine)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"InterCodeSql {RulesVersion} {engine} seed {options.ContentSeed} tasks {options.TrainTasks} {options.TuningTasks} {options.TestTasks} steps {options.MaxSteps} limits {options.SqlTimeoutMs} {options.SqlRowLimit} {MaxAnswerBytes} {MaxObservationLength}")));
        foreach (var file in databases.Select(d => $"sqlite/{d}.sqlite").Prepend(MySqlSchema.FileName).Prepend(InterCodeTasks.FileName))
        {
            var path = Path.Combine(options.DataFolder, file);
            if (!File.Exists(path))
            {
                throw new FileNotFoundException($"{path} is missing, but tasks of {InterCodeTasks.FileName} need it", path);
            }

            Add(Encoding.UTF8.GetBytes(file));
            using var stream = File.OpenRead(path);
            Add(SHA256.HashData(stream));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        // The length in front keeps two different lists of parts from running together.
        void Add(byte[] part)
        {
            hash.AppendData(BitConverter.GetBytes(part.LongLength));
            hash.AppendData(part);
        }
    }

    private sealed class Content(InterCodeRecord record)
    {
        private readonly Lazy<GoldExpert> _expert = new(() => new GoldExpert(record));

        public InterCodeRecord Record { get; } = record;

        public GoldExpert Expert => _expert.Value;
    }

    // The rows a submission would score, as shown, and their score, computed once for all forks.
    private sealed class Answer(InterCodeSqlEnvironment environment, AgentTask task, IReadOnlyList<string>? rows, string text)
    {
        private readonly Lazy<double> _score = new(() => environment.Score(task, rows));

        public IReadOnlyList<string>? Rows { get; } = rows;

        public string Text { get; } = text;

        public double Score => _score.Value;
    }

    private sealed class InterCodeEpisode : IEpisode
    {
        private static readonly AllowedActions s_allowed = new([SqlAction.Submit], ["execute["]);

        private readonly InterCodeSqlEnvironment _environment;
        private readonly List<string> _actions;
        private Answer _answer;
        private bool _submitted;

        public InterCodeEpisode(InterCodeSqlEnvironment environment, AgentTask task)
        {
            _environment = environment;
            Task = task;
            _actions = [];
            Observation = task.Instruction;
            _answer = new Answer(environment, task, null, task.Instruction);
        }

        private InterCodeEpisode(InterCodeEpisode other)
        {
            _environment = other._environment;
            Task = other.Task;
            _actions = [.. other._actions];
            _answer = other._answer;
            _submitted = other._submitted;
            Observation = other.Observation;
            Finished = other.Finished;
            Reward = other.Reward;
            InvalidActions = other.InvalidActions;
            LastActionInvalid = other.LastActionInvalid;
        }

        public AgentTask Task { get; }

        public IReadOnlyList<string> Actions => _actions;

        public string Observation { get; private set; }

        public bool Finished { get; private set; }

        public double Reward { get; private set; }

        public int InvalidActions { get; private set; }

        public bool LastActionInvalid { get; private set; }

        // The frame only: which statement is good is what the agent has to find out.
        public AllowedActions Allowed => s_allowed;

        public IReadOnlyList<RewardPart> Explanation => _submitted ? InterCodeReward.Explain(_answer.Rows, _environment.GoldAnswer(Task).Rows) : [];

        // What can still differ: what is shown now, what a submission would show, and what it would pay.
        public string StateKey => string.Create(
            CultureInfo.InvariantCulture,
            $"{(Finished ? "finished " + Reward.ToString(RewardFormat, CultureInfo.InvariantCulture) : "open " + _answer.Score.ToString(RewardFormat, CultureInfo.InvariantCulture))} {Observation.Length}:{Observation}{(Finished ? "" : _answer.Text)}");

        public void Step(string action)
        {
            ArgumentNullException.ThrowIfNull(action);
            if (Finished)
            {
                throw new InvalidOperationException($"task {Task.Id} is finished: no action is possible");
            }

            var parsed = SqlAction.Parse(action);
            _actions.Add(action);
            LastActionInvalid = parsed.Kind == SqlActionKind.Invalid;
            switch (parsed.Kind)
            {
                case SqlActionKind.Submit:
                    Observation = _answer.Text;
                    Reward = _answer.Score;
                    (Finished, _submitted) = (true, true);
                    return;
                case SqlActionKind.Execute:
                    var result = _environment.Execute(Task, parsed.Sql);
                    Observation = Show(result);
                    _answer = new Answer(_environment, Task, result.Rows, Observation);
                    break;
                default:
                    Observation = SqlAction.InvalidAnswer;
                    InvalidActions++;
                    break;
            }

            Finished = _actions.Count >= _environment.MaxSteps;
        }

        public IEpisode Fork() => new InterCodeEpisode(this);

        private static string Show(SqlAnswer answer)
        {
            if (answer.Error is not null)
            {
                return Cut("Error executing query: " + answer.Error);
            }

            if (answer.Rows is null)
            {
                return "None";
            }

            // Rows behind the cut are not even joined: an answer may have 20,000.
            var text = new StringBuilder("[");
            foreach (var row in answer.Rows)
            {
                text.Append(text.Length > 1 ? ", " : "").Append(row);
                if (text.Length > MaxObservationLength)
                {
                    break;
                }
            }

            return Cut(text.Append(']').ToString());
        }

        private static string Cut(string text)
        {
            if (text.Length <= MaxObservationLength)
            {
                return text;
            }

            // Half a surrogate pair is not text.
            var length = char.IsHighSurrogate(text[MaxObservationLength - 1]) ? MaxObservationLength - 1 : MaxObservationLength;
            return string.Concat(text.AsSpan(0, length), "...");
        }
    }
}
