namespace RroDashboard.Environments.WebShop.Training;

/// <summary>A goal to train or test on.</summary>
/// <param name="Goal">What is wanted.</param>
/// <param name="Instruction">The instruction without options and price cap, from which the scripted shopper makes its query.</param>
public sealed record ShopTask(Goal Goal, string Instruction);

/// <summary>
/// Which goals are for training, tuning and testing (learning.md 16.1), and made-up goals on products that nobody asks for (16.5).
/// Test and tuning goals want products that no training goal wants.
/// </summary>
public sealed class TrainingGoals
{
    private const int MostTestProducts = 100;
    private const int MostTuningProducts = 30;
    private const int GoalsPerHeldProduct = 3;
    private const int GoalsPerTrainProduct = 12;
    private const int SparedPerTrainProduct = 2;

    // The split is the same whatever the prices: results of different seeds compare.
    private const long SplitSeed = 1;
    private const long MadeUpSeed = 5;
    private static readonly int[] s_attributeCounts = [1, 2, 2, 3, 3, 4];

    private readonly Catalogue _catalogue;

    /// <summary>Splits the goals of a catalogue.</summary>
    public TrainingGoals(Catalogue catalogue)
    {
        ArgumentNullException.ThrowIfNull(catalogue);
        _catalogue = catalogue;
        var ofProduct = catalogue.Goals.Goals.GroupBy(g => g.Asin, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.ToList(), StringComparer.Ordinal);
        var products = catalogue.Products.Where(p => ofProduct.ContainsKey(p.Asin)).ToList();
        var random = new PythonRandom(SplitSeed);
        var order = products.Select(p => p.Asin).ToList();
        random.Shuffle(order);
        var tests = Math.Min(MostTestProducts, order.Count / 4);
        var test = order.Take(tests).ToHashSet(StringComparer.Ordinal);
        var tuning = order.Skip(tests).Take(Math.Min(MostTuningProducts, order.Count / 8)).ToHashSet(StringComparer.Ordinal);
        foreach (var product in products)
        {
            var goals = ofProduct[product.Asin];
            random.Shuffle(goals);
            if (test.Contains(product.Asin) || tuning.Contains(product.Asin))
            {
                (test.Contains(product.Asin) ? Test : Tuning).AddRange(goals.Take(GoalsPerHeldProduct).Select(Real));
                continue;
            }

            // The spared ones are never trained on, though their product is; a split of their own in the study.
            var spared = Math.Min(SparedPerTrainProduct, goals.Count / 4);
            Train.AddRange(goals.Skip(spared).Take(GoalsPerTrainProduct).Select(Real));
        }
    }

    /// <summary>For demonstrations and exploration.</summary>
    public List<ShopTask> Train { get; } = [];

    /// <summary>For choosing settings.</summary>
    public List<ShopTask> Tuning { get; } = [];

    /// <summary>For reported results.</summary>
    public List<ShopTask> Test { get; } = [];

    /// <summary>Made-up goals on products with attributes but without an instruction; none when there is no such product.</summary>
    public IReadOnlyList<ShopTask> MadeUp(int count)
    {
        var products = _catalogue.Products.Where(p => p.InstructionText is null && p.HumanInstructions.Count == 0 && p.Attributes.Count > 0 && p.Attributes[0] != ProductLoader.NoAttribute).ToList();
        var random = new PythonRandom(MadeUpSeed);
        return products.Count == 0 ? [] : [.. Enumerable.Range(0, count).Select(_ => MakeUp(products[random.Below(products.Count)], random))];
    }

    private ShopTask Real(Goal goal)
    {
        // A human instruction is what a person wrote; a synthetic one has its options at the end.
        var product = _catalogue[goal.Asin];
        return new(goal, CompactText.WithoutCap(product.InstructionText ?? goal.InstructionText));
    }

    private ShopTask MakeUp(Product product, PythonRandom random)
    {
        var count = Math.Min(s_attributeCounts[random.Below(s_attributeCounts.Length)], product.Attributes.Count);
        var attributes = product.Attributes.ToList();
        random.Shuffle(attributes);
        attributes = attributes[..count];
        var inFront = random.Below(count + 1);
        var (first, behind) = (attributes[..inFront], attributes[inFront..]);
        string? purpose = null;
        if (behind.Count > 1 && random.NextDouble() < 0.3)
        {
            purpose = behind[^1];
            behind.RemoveAt(behind.Count - 1);
        }

        var instruction = "Find me " + (first.Count > 0 ? string.Join(", ", first) + " " : "") + product.Query
            + (behind.Count > 0 ? " with " + string.Join(", ", behind) : "") + (purpose is null ? "" : " for " + purpose);
        List<GoalOption> options = product.Options.Count is > 0 and <= 3
            ? [.. product.Options.Where(o => o.Values.Count > 0).OrderBy(o => o.Name, StringComparer.Ordinal).Select(o => new GoalOption(o.Name, o.Values[random.Below(o.Values.Count)]))]
            : [];
        var (cap, capText) = GoalSet.DrawCap(_catalogue.Prices[product.Asin], random);
        var text = instruction + (options.Count > 0 ? " with " + string.Join(", and ", options.Select(o => $"{o.Name}: {o.Value}")) : "") + capText;
        var goal = GoalSet.Make(product, text, attributes, cap, options, weight: 1);
        return new(goal, CompactText.WithoutCap(instruction));
    }
}
