using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments.WebShop.Search;

namespace RroDashboard.Environments.WebShop.Training;

/// <summary>
/// WebShop's real catalogue, search, goals and reward as an environment to train in, with pages in compact text (learning.md 16).
/// Test goals want products that no training goal wants.
/// </summary>
public sealed class WebShopEnvironment : IAgentEnvironment
{
    /// <summary>Longest action, tokens.</summary>
    public const int ActionTokens = 40;

    // Real goals are 7 of 16 demonstrations; the others are made up on products that nobody asks for.
    private const double RealShare = 7.0 / 16;

    private readonly Catalogue _catalogue;
    private readonly SearchIndex _index;
    private readonly TrainingGoals _goals;
    private readonly TitleNouns _nouns = new();
    private readonly ScriptedShopper _expert = new(noise: true);
    private readonly ScriptedShopper _careful = new(noise: false);
    private readonly ConcurrentDictionary<string, AllowedActions> _itemActions = new(StringComparer.Ordinal);
    private readonly Dictionary<TaskSplit, AgentTask[]> _tasks = [];
    private readonly ConcurrentDictionary<string, ShopTask> _wanted = new(StringComparer.Ordinal);

    /// <summary>Loads the data folder and builds the search index.</summary>
    /// <exception cref="PlanException">A file is missing or not as expected.</exception>
    public WebShopEnvironment(EnvironmentOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        MaxSteps = options.MaxSteps;
        _catalogue = Catalogue.Load(options.DataFolder, options.ContentSeed);
        _index = SearchIndex.Build(_catalogue.Products);
        Text = new CompactText(_catalogue.Products);
        _goals = new TrainingGoals(_catalogue);
        Add(TaskSplit.Train, _goals.Train.Take(options.TrainTasks));
        Add(TaskSplit.Tuning, _goals.Tuning.Take(options.TuningTasks));
        Add(TaskSplit.Test, _goals.Test.Take(options.TestTasks));
        if (_tasks.Values.Any(t => t.Length == 0))
        {
            throw new PlanException($"{options.DataFolder}: {_goals.Train.Count} training, {_goals.Tuning.Count} tuning and {_goals.Test.Count} test goals; each has to have at least one, which needs instructions on 8 products.");
        }

        var content = string.Create(CultureInfo.InvariantCulture, $"WebShop compact 1 {_catalogue.ContentHash} {_nouns.Name} {MaxSteps} {options.TrainTasks} {options.TuningTasks} {options.TestTasks}");
        ContentHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)));
    }

    /// <inheritdoc/>
    public string Name => $"WebShop ({_nouns.Name})";

    /// <inheritdoc/>
    public string ContentHash { get; }

    /// <inheritdoc/>
    public RewardRange RewardRange => RewardRange.Unit;

    /// <inheritdoc/>
    public int MaxSteps { get; }

    /// <inheritdoc/>
    public string ActionEnd => "]";

    /// <inheritdoc/>
    public int MaxActionTokens => ActionTokens;

    /// <inheritdoc/>
    public IReadOnlyCollection<string> ControlWords => CompactText.Marks;

    /// <inheritdoc/>
    public IReadOnlyCollection<string> TemplateWords { get; } = ["with", "for", "and"];

    /// <summary>How pages are written.</summary>
    public CompactText Text { get; }

    /// <summary>Products, prices and goals.</summary>
    public Catalogue Catalogue => _catalogue;

    /// <inheritdoc/>
    public IReadOnlyList<ReferencePolicy> References =>
    [
        new("first hit", static (episode, _) => FirstHit((CompactEpisode)episode)),
        new("expert", ExpertAction),
        new("expert without slips", (episode, random) => _careful.Act((CompactEpisode)episode, random)),
    ];

    /// <inheritdoc/>
    public IReadOnlyList<AgentTask> Tasks(TaskSplit split) => _tasks[split];

    /// <inheritdoc/>
    public IReadOnlyList<AgentTask> DemonstrationTasks(int count)
    {
        var real = _tasks[TaskSplit.Train].ToArray();
        new PythonRandom(count).Shuffle(real);
        var madeUp = _goals.MadeUp(count - (int)Math.Round(count * RealShare));
        var tasks = Enumerable.Range(0, count - madeUp.Count).Select(i => real[i % real.Length]).ToList();
        tasks.AddRange(madeUp.Select((wanted, i) => Task(TaskSplit.Train, i, $"webshop-madeup-{i}", wanted)));
        return tasks;
    }

    /// <inheritdoc/>
    public IEpisode Reset(AgentTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return _wanted.TryGetValue(task.Id, out var wanted)
            ? new CompactEpisode(this, task, wanted)
            : throw new ArgumentException($"The shop has no task '{task.Id}'.", nameof(task));
    }

    /// <inheritdoc/>
    public string ExpertAction(IEpisode episode, SeededRandom random) => _expert.Act((CompactEpisode)episode, random);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing but memory.
    }

    internal static AllowedActions RowActions(int rows) => s_rowActions[rows];

    internal IReadOnlyList<Product> Find(string query) => [.. _index.Search(query, CompactText.Rows).Select(h => _catalogue[h.Asin])];

    internal PurchaseReward Score(Product bought, Goal goal, IEnumerable<ChosenOption> chosen) =>
        WebShopReward.Score(bought, goal, _catalogue.Prices[bought.Asin], chosen.Select(c => c.Value), _nouns);

    internal AllowedActions ItemActions(Product item) => _itemActions.GetOrAdd(item.Asin, static (_, product) => new(
        [.. product.Options.SelectMany(o => o.Values).Where(v => v.Length > 0).Distinct(StringComparer.Ordinal).Select(CompactEpisode.Click), CompactEpisode.Back, CompactEpisode.Buy],
        s_search), item);

    private static readonly string[] s_search = ["search["];

    private static readonly AllowedActions[] s_rowActions =
        [.. Enumerable.Range(0, CompactText.Rows + 1).Select(rows => new AllowedActions([.. Enumerable.Range(1, rows).Select(i => CompactEpisode.Click(CompactText.Row(i)))], s_search))];

    private static string FirstHit(CompactEpisode episode) => episode switch
    {
        { Item: not null } => CompactEpisode.Buy,
        { Hits.Count: > 0 } => CompactEpisode.Click(CompactText.Row(1)),
        _ => CompactEpisode.Search(episode.Wanted.Goal.InstructionText),
    };

    private void Add(TaskSplit split, IEnumerable<ShopTask> goals) =>
        _tasks[split] = [.. goals.Select((wanted, i) => Task(split, i, $"webshop-{split.ToString().ToLowerInvariant()}-{i}", wanted))];

    private AgentTask Task(TaskSplit split, int index, string id, ShopTask wanted)
    {
        _wanted[id] = wanted;
        return new AgentTask(split, index, id, CompactText.Instruction(wanted.Goal)) { Group = wanted.Goal.Asin };
    }
}
