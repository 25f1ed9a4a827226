using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Environments.MiniShop;

/// <summary>
/// The generated shop of learning.md 2: search, open a row, choose options, buy. Small enough that a 0.2M-parameter model learns it
/// in half a minute on a CPU, and hard enough that its imperfect expert leaves room above.
/// </summary>
public sealed class MiniShopEnvironment : IAgentEnvironment
{
    /// <summary>Rows of a result page.</summary>
    public const int RowsPerPage = 5;

    /// <summary>Pages of results.</summary>
    public const int Pages = ShopCatalogue.Hits / RowsPerPage;

    private readonly ShopCatalogue _catalogue;
    private readonly Dictionary<TaskSplit, AgentTask[]> _tasks;
    private readonly Dictionary<string, ShopGoal> _goals = new(StringComparer.Ordinal);

    // Searches repeat within a run (a task's candidates and rollouts), pages much more: a few thousand sets of words at most.
    private readonly ConcurrentDictionary<string, IReadOnlyList<ShopProduct>> _searches = new(StringComparer.Ordinal);

    /// <summary>Generates the shop and its three disjoint sets of instructions.</summary>
    /// <exception cref="PlanException">More tasks are wanted than different ones can be made.</exception>
    public MiniShopEnvironment(EnvironmentOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        MaxSteps = options.MaxSteps;
        _catalogue = new ShopCatalogue(options.ContentSeed);
        var goals = ShopGoal.Draw(_catalogue, new SeededRandom(options.ContentSeed, 3), options.TrainTasks + options.TuningTasks + options.TestTasks);
        _tasks = new()
        {
            [TaskSplit.Train] = Take(TaskSplit.Train, goals.AsSpan(0, options.TrainTasks)),
            [TaskSplit.Tuning] = Take(TaskSplit.Tuning, goals.AsSpan(options.TrainTasks, options.TuningTasks)),
            [TaskSplit.Test] = Take(TaskSplit.Test, goals.AsSpan(options.TrainTasks + options.TuningTasks)),
        };

        var content = new StringBuilder().Append(CultureInfo.InvariantCulture, $"MiniShop 1 {options.ContentSeed} {MaxSteps}\n");
        foreach (var product in _catalogue.Products)
        {
            content.Append(product.Title).Append(' ').Append(product.Page).Append('\n');
        }

        foreach (var task in _tasks.Values.SelectMany(t => t))
        {
            content.Append(task.Id).Append(' ').Append(task.Instruction).Append('\n');
        }

        ContentHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content.ToString())));
    }

    /// <inheritdoc/>
    public string Name => "MiniShop";

    /// <inheritdoc/>
    public string ContentHash { get; }

    /// <inheritdoc/>
    public RewardRange RewardRange => RewardRange.Unit;

    /// <inheritdoc/>
    public int MaxSteps { get; }

    /// <inheritdoc/>
    public string ActionEnd => "]";

    /// <inheritdoc/>
    public int MaxActionTokens => 12;

    /// <inheritdoc/>
    public IReadOnlyCollection<string> ControlWords { get; } = ["search[", "click[", "]"];

    /// <summary>The catalogue, for tests and for showing items.</summary>
    public ShopCatalogue Catalogue => _catalogue;

    /// <inheritdoc/>
    public IReadOnlyList<AgentTask> Tasks(TaskSplit split) => _tasks[split];

    /// <summary>What a task asks for.</summary>
    public ShopGoal Goal(AgentTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return _goals[task.Id];
    }

    /// <inheritdoc/>
    public IEpisode Reset(AgentTask task) => new ShopEpisode(this, task, Goal(task));

    /// <inheritdoc/>
    public string ExpertAction(IEpisode episode, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return ShopExpert.Act((ShopEpisode)episode, random);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing but memory.
    }

    internal IReadOnlyList<ShopProduct> Search(IReadOnlyList<string> words)
    {
        const int MaxCached = 50_000;
        var key = string.Join(' ', words.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        if (_searches.TryGetValue(key, out var hits))
        {
            return hits;
        }

        if (_searches.Count >= MaxCached)
        {
            _searches.Clear();
        }

        return _searches.GetOrAdd(key, _ => _catalogue.Search(words));
    }

    private AgentTask[] Take(TaskSplit split, ReadOnlySpan<(ShopGoal Goal, string Instruction)> goals)
    {
        var tasks = new AgentTask[goals.Length];
        for (var i = 0; i < goals.Length; i++)
        {
            tasks[i] = new AgentTask(split, i, $"shop-{split.ToString().ToLowerInvariant()}-{i}", goals[i].Instruction);
            _goals[tasks[i].Id] = goals[i].Goal;
        }

        return tasks;
    }
}
