using System.Globalization;

namespace RroDashboard.Environments.WebShop;

/// <summary>
/// Goals in the original's order (environments.md A8; web_agent_site/engine/goal.py and SimServer): built, shuffled with seed 233,
/// limited. Every draw of the original that is unseeded comes from a generator that the caller seeds.
/// </summary>
public sealed class GoalSet
{
    /// <summary>Price cap of a goal for which no cap was drawn.</summary>
    public const double NoCap = 1_000_000;

    private const long ShuffleSeed = 233;
    private const int CapChoices = 4;

    // 10, 20 ... 990 dollars.
    private static readonly double[] s_caps = [.. Enumerable.Range(1, 99).Select(i => 10.0 * i)];

    private readonly double[] _cumulative;
    private readonly PythonRandom _random;

    private GoalSet(IReadOnlyList<Goal> goals, PythonRandom random)
    {
        (Goals, _random) = (goals, random);
        _cumulative = new double[goals.Count + 1];
        for (var i = 0; i < goals.Count; i++)
        {
            _cumulative[i + 1] = _cumulative[i] + goals[i].Weight;
        }
    }

    /// <summary>Goal n of the environment.</summary>
    public IReadOnlyList<Goal> Goals { get; }

    /// <summary>Sum of all weights.</summary>
    public double TotalWeight => _cumulative[^1];

    /// <summary>Builds and shuffles.</summary>
    /// <param name="products">In file order.</param>
    /// <param name="prices">Price of each product.</param>
    /// <param name="human">Goals from human instructions instead of synthetic ones.</param>
    /// <param name="random">The generator that drew the prices; the caps follow on it.</param>
    /// <param name="limit">The original's limit_goals; null for all.</param>
    public static GoalSet Build(IReadOnlyList<Product> products, IReadOnlyDictionary<string, double> prices, bool human, PythonRandom random, int? limit = null)
    {
        ArgumentNullException.ThrowIfNull(products);
        ArgumentNullException.ThrowIfNull(prices);
        ArgumentNullException.ThrowIfNull(random);
        List<Goal> goals = human ? [.. HumanGoals(products, prices, random)] : SyntheticGoals(products, prices, random);
        var shuffled = new PythonRandom(ShuffleSeed);
        shuffled.Shuffle(goals);
        var set = new GoalSet(goals, shuffled);
        if (limit is not { } wanted || wanted >= goals.Count)
        {
            return set;
        }

        var kept = new List<int>();
        var seen = new HashSet<int>();
        while (kept.Count < wanted)
        {
            var index = set.RandomIndex();
            if (seen.Add(index))
            {
                kept.Add(index);
            }
        }

        return new GoalSet([.. kept.Select(i => goals[i])], shuffled);
    }

    /// <summary>
    /// The index of a session without a number: drawn by weight, with the original's slip. It searches a list that starts with 0, so
    /// goal 0 is never drawn and the last goal has the weight of the last two.
    /// </summary>
    public int RandomIndex() => RandomIndex(_cumulative, _random);

    /// <summary>The same on any cumulative weights, the first of which is 0.</summary>
    public static int RandomIndex(IReadOnlyList<double> cumulative, PythonRandom random)
    {
        ArgumentNullException.ThrowIfNull(cumulative);
        ArgumentNullException.ThrowIfNull(random);
        var position = random.Uniform(0, cumulative[^1]);
        var (low, high) = (0, cumulative.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (position < cumulative[middle])
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return Math.Min(low, cumulative.Count - 2);
    }

    /// <summary>A price cap above a price, and its words in the instruction; both empty-handed when fewer than two caps are left.</summary>
    public static (double Cap, string Text) DrawCap(double price, PythonRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        var choices = s_caps.Where(c => c > price).Take(CapChoices).ToList();
        if (choices.Count < 2)
        {
            return (NoCap, "");
        }

        var cap = random.Sample(choices, 2).Max();
        return (cap, string.Create(CultureInfo.InvariantCulture, $", and price lower than {cap:0.00} dollars"));
    }

    private static IEnumerable<Goal> HumanGoals(IReadOnlyList<Product> products, IReadOnlyDictionary<string, double> prices, PythonRandom random)
    {
        foreach (var product in products)
        {
            foreach (var written in product.HumanInstructions.Where(i => i.InstructionAttributes.Count > 0))
            {
                var (cap, text) = DrawCap(prices[product.Asin], random);
                yield return Make(
                    product, written.Instruction.Trim('.') + text, written.InstructionAttributes, cap, [.. written.InstructionOptions.Select(o => new GoalOption(null, o))], weight: 1);
            }
        }
    }

    private static List<Goal> SyntheticGoals(IReadOnlyList<Product> products, IReadOnlyDictionary<string, double> prices, PythonRandom random)
    {
        var goals = new List<Goal>();
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var product in products)
        {
            if (product.InstructionText is not { } instruction || product.InstructionAttributes is not { Count: > 0 } attributes)
            {
                continue;
            }

            // One cap for all goals of a product.
            var (cap, capText) = DrawCap(prices[product.Asin], random);
            foreach (var combination in Combinations([.. product.Options.OrderBy(o => o.Name, CodePoints)]))
            {
                var options = string.Join(", and ", combination.Select(o => $"{o.Name}: {o.Value}"));
                goals.Add(Make(product, instruction + (options.Length > 0 ? " with " + options : "") + capText, attributes, cap, combination, weight: 0));
                foreach (var attribute in attributes)
                {
                    counts[attribute] = counts.GetValueOrDefault(attribute) + 1;
                }
            }
        }

        return [.. goals.Select(g => g with { Weight = g.Attributes.Aggregate(0.0, (sum, a) => sum + (1.0 / counts[a])) / g.Attributes.Count })];
    }

    private static Comparer<string> CodePoints { get; } = Comparer<string>.Create(InterCodeSql.InterCodeReward.CompareByCodePoint);

    // The last option varies fastest, as in itertools.product; an option without values leaves no combination.
    private static IEnumerable<IReadOnlyList<GoalOption>> Combinations(IReadOnlyList<ProductOption> options)
    {
        IEnumerable<IReadOnlyList<GoalOption>> all = [[]];
        return options.Aggregate(all, (before, option) => before.SelectMany(b => option.Values.Select(v => (IReadOnlyList<GoalOption>)[.. b, new GoalOption(option.Name, v)])));
    }

    /// <summary>A goal on a product.</summary>
    internal static Goal Make(Product product, string instruction, IReadOnlyList<string> attributes, double cap, IReadOnlyList<GoalOption> options, double weight) => new()
    {
        Asin = product.Asin,
        Category = product.Category,
        Query = product.Query,
        Name = product.Name,
        ProductCategory = product.ProductCategory,
        InstructionText = instruction,
        Attributes = attributes,
        PriceUpper = cap,
        Options = options,
        Weight = weight,
    };
}
