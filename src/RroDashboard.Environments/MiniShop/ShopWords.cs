namespace RroDashboard.Environments.MiniShop;

/// <summary>
/// The shop's vocabulary: what matters is the categories of words and their counts (learning.md 2.1), and that no word is in two
/// categories. The words themselves are our own.
/// </summary>
public static class ShopWords
{
    /// <summary>Departments of four categories, eight attributes and one further option each.</summary>
    public static IReadOnlyList<Department> Departments { get; } =
    [
        new("size", ["small", "medium", "large", "xlarge", "petite"],
            ["shirt", "jacket", "dress", "sweater"],
            ["cotton", "woolen", "casual", "formal", "striped", "hooded", "slim", "waterproof"]),
        new("fit", ["twin", "queen", "king", "full"],
            ["sofa", "bed", "chair", "cabinet"],
            ["rustic", "sturdy", "foldable", "padded", "modern", "wooden", "compact", "reclining"]),
        new("pack", ["single", "double", "triple", "dozen"],
            ["cookies", "tea", "coffee", "almonds"],
            ["organic", "vegan", "roasted", "salted", "sweet", "decaf", "spicy", "crunchy"]),
        new("volume", ["mini", "travel", "regular", "jumbo"],
            ["shampoo", "lotion", "soap", "perfume"],
            ["scented", "gentle", "natural", "moisturizing", "soothing", "foaming", "herbal", "fragrant"]),
    ];

    /// <summary>Colours, shared by all departments.</summary>
    public static IReadOnlyList<string> Colours { get; } =
        ["red", "blue", "green", "black", "white", "grey", "yellow", "purple", "brown", "pink"];

    /// <summary>Brands, shared by all departments.</summary>
    public static IReadOnlyList<string> Brands { get; } =
    [
        "acme", "birch", "cobalt", "delta", "ember", "falcon", "grove", "harbor",
        "iris", "juniper", "kestrel", "lumen", "maple", "nimbus", "orchid", "pioneer",
    ];

    /// <summary>Words of the four instruction templates and of pages, for the test that no word is in two categories.</summary>
    public static IReadOnlyList<string> FixedWords { get; } =
    [
        "search[", "click[", "]", "back", "next", "buy", "results", "item", "ok", "invalid", ":", ";",
        "b1", "b2", "b3", "b4", "b5",
        "i", "need", "a", "in", "color", "with", "price", "under", "find", "me", "for", "less", "than", "and", ",", "at", "most", "looking", "the", "show",
    ];
}

/// <summary>One of four departments.</summary>
/// <param name="OptionName">Name of its second option.</param>
/// <param name="OptionValues">Values of that option, in their canonical order.</param>
/// <param name="Categories">Four categories.</param>
/// <param name="Attributes">Eight attributes, in no other department.</param>
public sealed record Department(
    string OptionName,
    IReadOnlyList<string> OptionValues,
    IReadOnlyList<string> Categories,
    IReadOnlyList<string> Attributes);
