namespace RroDashboard.Environments.WebShop;

/// <summary>One option of a product, for example "color" with its values in page order.</summary>
/// <param name="Name">Lower-case.</param>
/// <param name="Values">Lower-case, stripped, "/" written as " | "; duplicates are kept as the original keeps them.</param>
public sealed record ProductOption(string Name, IReadOnlyList<string> Values);

/// <summary>An instruction that a person wrote for a product (items_human_ins*.json).</summary>
public sealed record HumanInstruction(
    string Instruction, IReadOnlyList<string> InstructionAttributes, IReadOnlyList<string> InstructionOptions);

/// <summary>
/// A product of the WebShop catalogue after loading and cleaning (WebShop, web_agent_site/engine/engine.py, load_products).
/// </summary>
public sealed record Product
{
    /// <summary>Amazon's id: at most 10 characters; unique in a catalogue.</summary>
    public required string Asin { get; init; }

    /// <summary>The record's name.</summary>
    public required string Title { get; init; }

    /// <summary>The name by which the title score compares; loading makes it the title, the original keeps both.</summary>
    public string Name
    {
        get => field ?? Title;
        init;
    }

    /// <summary>The record's full description; may be empty or blanks.</summary>
    public required string Description { get; init; }

    /// <summary>Feature lines.</summary>
    public required IReadOnlyList<string> Bullets { get; init; }

    /// <summary>One price or more, US dollars; a record without any gets 100. Two or more are a range: the first two count.</summary>
    public required IReadOnlyList<double> Pricing { get; init; }

    /// <summary>What the page shows: "$10.99", or "$10.99 to $18.99"; numbers as Python prints them.</summary>
    public required string PriceText { get; init; }

    /// <summary>Options in the record's order.</summary>
    public required IReadOnlyList<ProductOption> Options { get; init; }

    /// <summary>Attributes mined by the authors; the single entry "DUMMY_ATTR" where there are none.</summary>
    public required IReadOnlyList<string> Attributes { get; init; }

    /// <summary>Amazon department, for example "garden".</summary>
    public required string Category { get; init; }

    /// <summary>Search phrase under which the product was collected; lower-case, stripped.</summary>
    public required string Query { get; init; }

    /// <summary>Path in Amazon's catalogue, levels separated by "›".</summary>
    public required string ProductCategory { get; init; }

    /// <summary>First picture's address, or empty.</summary>
    public string MainImage { get; init; } = "";

    /// <summary>Picture address per option value.</summary>
    public IReadOnlyDictionary<string, string> OptionToImage { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Synthetic instruction, or null.</summary>
    public string? InstructionText { get; init; }

    /// <summary>Attributes that the synthetic instruction names, or null.</summary>
    public IReadOnlyList<string>? InstructionAttributes { get; init; }

    /// <summary>Human instructions; empty where there are none.</summary>
    public IReadOnlyList<HumanInstruction> HumanInstructions { get; init; } = [];
}
