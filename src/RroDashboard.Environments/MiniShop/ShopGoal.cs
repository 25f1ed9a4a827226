using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Environments.MiniShop;

/// <summary>What an instruction asks for. The source product earns reward 1.</summary>
/// <param name="Department">Department of the category.</param>
/// <param name="Category">Wanted category.</param>
/// <param name="Attributes">Two wanted attributes, hidden ones too.</param>
/// <param name="Colour">Wanted colour.</param>
/// <param name="OptionValue">Wanted value of the department's option.</param>
/// <param name="Budget">Highest price, dollars.</param>
public sealed record ShopGoal(Department Department, string Category, IReadOnlyList<string> Attributes, string Colour, string OptionValue, int Budget)
{
    private const double OtherCategory = 0.5;
    private const double OtherDepartment = 0.1;
    private const double Wishes = 5;

    /// <summary>Equal for instructions that ask for the same, however they are worded.</summary>
    public string Key { get; } = string.Join('|', [Category, .. Attributes.Order(StringComparer.Ordinal), Colour, OptionValue, $"{Budget}"]);

    /// <summary>Final reward for buying (learning.md 2.6): one unmet wish costs .2 in the right category.</summary>
    /// <param name="product">What was bought.</param>
    /// <param name="colour">Colour selected, or null.</param>
    /// <param name="optionValue">Option value selected, or null.</param>
    public double Reward(ShopProduct product, string? colour, string? optionValue)
    {
        ArgumentNullException.ThrowIfNull(product);
        var type = product.Category == Category ? 1 : product.Department == Department ? OtherCategory : OtherDepartment;
        var met = Attributes.Count(product.Attributes.Contains)
            + (colour == Colour ? 1 : 0)
            + (optionValue == OptionValue ? 1 : 0)
            + (product.Price <= Budget ? 1 : 0);
        return type * met / Wishes;
    }

    /// <summary>The parts of <see cref="Reward"/>.</summary>
    public IReadOnlyList<RewardPart> Explain(ShopProduct product, string? colour, string? optionValue)
    {
        ArgumentNullException.ThrowIfNull(product);
        return
        [
            new("category", Category, product.Category, product.Category == Category),
            .. Attributes.Select(a => new RewardPart("attribute", a, product.Attributes.Contains(a) ? a : "", product.Attributes.Contains(a))),
            new("color", Colour, colour ?? "", colour == Colour),
            new(product.Department.OptionName, OptionValue, optionValue ?? "", optionValue == OptionValue),
            new("price", FormattableString.Invariant($"at most ${Budget}"), FormattableString.Invariant($"${product.Price}"), product.Price <= Budget),
        ];
    }

    /// <summary>Draws the instructions of all three splits from one stream, without repeating what is asked for.</summary>
    /// <exception cref="PlanException">More tasks are wanted than different goals can be found.</exception>
    public static (ShopGoal Goal, string Instruction)[] Draw(ShopCatalogue catalogue, SeededRandom random, int count)
    {
        ArgumentNullException.ThrowIfNull(catalogue);
        ArgumentNullException.ThrowIfNull(random);
        const int PatiencePerTask = 50;
        var goals = new List<(ShopGoal, string)>(count);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var tries = 0; goals.Count < count; tries++)
        {
            if (tries > PatiencePerTask * (long)(count + 20))
            {
                throw new PlanException(
                    $"MiniShop cannot make {count} different tasks (Environment.TrainTasks + TuningTasks + TestTasks): it ran dry at {goals.Count}.");
            }

            var product = random.Pick(catalogue.Products);
            var attributes = product.Attributes.ToArray();
            random.Shuffle<string>(attributes);
            var goal = new ShopGoal(
                product.Department, product.Category, attributes[..2], random.Pick(product.Colours), random.Pick(product.OptionValues), product.Price + (5 * random.Next(5)));
            var template = random.Next(4);
            var joined = random.Chance(0.5);
            if (seen.Add(goal.Key))
            {
                goals.Add((goal, goal.Write(template, joined)));
            }
        }

        return [.. goals];
    }

    private string Write(int template, bool joined)
    {
        var attributes = joined ? $"{Attributes[0]} and {Attributes[1]}" : $"{Attributes[0]} {Attributes[1]}";
        return template switch
        {
            0 => $"i need a {attributes} {Category} in {Colour} , {OptionValue} , price under ${Budget}",
            1 => $"find me a {Colour} {Category} , {attributes} , with {Department.OptionName} {OptionValue} for less than ${Budget}",
            2 => $"looking for the {Category} , {attributes} , color {Colour} , {Department.OptionName} {OptionValue} , under ${Budget}",
            _ => $"buy {attributes} {Category} , {OptionValue} , {Colour} , at most ${Budget}",
        };
    }
}
