using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace RroDashboard.Environments.WebShop;

/// <summary>
/// Nouns of a product name by rule. The original asks a statistical tagger (spaCy) for NOUN and PROPN; in product names, which are title case
/// and hardly sentences, it calls nearly every word a noun. So everything with a letter counts, except what is clearly not one:
/// function words; whom it is for ("mens": a possessive in front of what is sold); adverbs, participles and adjectives that show it by their
/// ending; and a short list of adjectives that stand in many names. Numbers do not count, model numbers do.
/// </summary>
/// <remarks>
/// Checked against the title scores in WebShop's own unit tests. It decides only the type factor of the reward, and there only whether the title
/// score is 0, below 0.1, or above 0.2 when neither query nor category matches.
/// </remarks>
public sealed partial class TitleNouns : INounExtractor
{
    private const int MaxCached = 100_000;

    private static readonly HashSet<string> s_function = Words(
        "a an and or nor but the this that these those with without for from of in on at by to into onto over under up down off out as is are be not no non "
        + "your our my his her its their you we it all any each every both more most less very so than then when while per via w vs plus");

    private static readonly HashSet<string> s_audience = Words("men mens women womens boy boys girl girls kid kids ladies adults unisex");

    private static readonly HashSet<string> s_adjectives = Words(
        "new best great good perfect easy high low large small big long short wide thick thin soft hard light heavy strong fresh free full natural organic modern "
        + "classic vintage cute funny cool warm hot cold dry wet fast quick slim loose deep pure real genuine ideal additional various multiple different same other");

    private readonly ConcurrentDictionary<string, IReadOnlyList<string>> _known = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => "title-nouns 1";

    /// <inheritdoc/>
    public IReadOnlyList<string> Nouns(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (_known.TryGetValue(text, out var known))
        {
            return known;
        }

        if (_known.Count >= MaxCached)
        {
            _known.Clear();
        }

        return _known.GetOrAdd(text, static t =>
        [
            .. Word().Matches(t).Select(m => m.Value.Replace("’", "'", StringComparison.Ordinal).ToLowerInvariant())
                .Select(w => w.EndsWith("'s", StringComparison.Ordinal) ? w[..^2] : w).Where(IsNoun),
        ]);
    }

    private static bool IsNoun(string word) =>
        word.Any(char.IsLetter) && !s_function.Contains(word) && !s_audience.Contains(word) && !s_adjectives.Contains(word) && !HasOtherEnding(word);

    private static bool HasOtherEnding(string word) =>
        word.Length >= 6 && (Ends(word, "able") || Ends(word, "ible") || Ends(word, "less") || Ends(word, "ful") || Ends(word, "ous") || Ends(word, "ly"))
        // "listed", but not "seed" or "bed".
        || (word.Length >= 5 && Ends(word, "ed") && word[^3] != 'e');

    private static bool Ends(string word, string ending) => word.EndsWith(ending, StringComparison.Ordinal);

    private static HashSet<string> Words(string words) => new(words.Split(' '), StringComparer.Ordinal);

    // Letters and digits with dots or apostrophes inside: "D.O.N", "women's", "4K"; a hyphen separates.
    [GeneratedRegex(@"[\p{L}\p{N}]+(?:['’.][\p{L}\p{N}]+)*", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
