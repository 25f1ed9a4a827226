namespace RroDashboard.Environments.WebShop.Search;

/// <summary>
/// Porter's stemmer (Porter, 1980, "An algorithm for suffix stripping") as Lucene runs it: with the author's two later changes ("bli" to "ble", "logi"
/// to "log"), words of one or two characters untouched, any character that is no English vowel a consonant.
/// </summary>
public static class PorterStemmer
{
    private static readonly (string Ending, string Instead)[] s_step2 =
    [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"),
        ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"),
        ("biliti", "ble"), ("logi", "log"),
    ];

    private static readonly (string Ending, string Instead)[] s_step3 =
        [("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

    private static readonly string[] s_step4 =
        ["al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "sion", "tion", "ou", "ism", "ate", "iti", "ous", "ive", "ize"];

    /// <summary>The stem of a lower-case word.</summary>
    public static string Stem(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        return word.Length <= 2 ? word : Step5(Step4(Replace(Replace(Step1c(Step1b(Step1a(word))), s_step2), s_step3)));
    }

    // caresses, ponies, ties, cats
    private static string Step1a(string word) => !Ends(word, "s") ? word
        : Ends(word, "sses") || Ends(word, "ies") ? word[..^2]
        : Ends(word, "ss") ? word : word[..^1];

    // feed, agreed, plastered, motoring
    private static string Step1b(string word)
    {
        if (Ends(word, "eed"))
        {
            return Measure(word[..^3]) > 0 ? word[..^1] : word;
        }

        var stem = Ends(word, "ed") ? word[..^2] : Ends(word, "ing") ? word[..^3] : null;
        if (stem is null || !HasVowel(stem))
        {
            return word;
        }

        if (Ends(stem, "at") || Ends(stem, "bl") || Ends(stem, "iz"))
        {
            return stem + "e";
        }

        if (DoubleConsonant(stem))
        {
            return stem[^1] is 'l' or 's' or 'z' ? stem : stem[..^1];
        }

        return Measure(stem) == 1 && ShortEnd(stem) ? stem + "e" : stem;
    }

    private static string Step1c(string word) => Ends(word, "y") && HasVowel(word[..^1]) ? word[..^1] + "i" : word;

    // The first ending that fits decides, whether or not the stem before it is long enough.
    private static string Replace(string word, (string Ending, string Instead)[] rules)
    {
        foreach (var (ending, instead) in rules.OrderByDescending(r => r.Ending.Length))
        {
            if (Ends(word, ending))
            {
                var stem = word[..^ending.Length];
                return Measure(stem) > 0 ? stem + instead : word;
            }
        }

        return word;
    }

    private static string Step4(string word)
    {
        foreach (var ending in s_step4.OrderByDescending(e => e.Length))
        {
            if (Ends(word, ending))
            {
                // "sion" and "tion" stand for "ion" after s or t.
                var stem = ending is "sion" or "tion" ? word[..^3] : word[..^ending.Length];
                return Measure(stem) > 1 ? stem : word;
            }
        }

        return word;
    }

    private static string Step5(string word)
    {
        if (Ends(word, "e"))
        {
            var stem = word[..^1];
            var measure = Measure(stem);
            if (measure > 1 || (measure == 1 && !ShortEnd(stem)))
            {
                word = stem;
            }
        }

        return Ends(word, "ll") && Measure(word) > 1 ? word[..^1] : word;
    }

    private static bool Ends(string word, string ending) => word.EndsWith(ending, StringComparison.Ordinal);

    private static bool Consonant(string word, int at) => word[at] switch
    {
        'a' or 'e' or 'i' or 'o' or 'u' => false,
        'y' => at == 0 || !Consonant(word, at - 1),
        _ => true,
    };

    // m: how often a vowel is followed by a consonant.
    private static int Measure(string stem)
    {
        var (measure, vowelBefore) = (0, false);
        for (var i = 0; i < stem.Length; i++)
        {
            var consonant = Consonant(stem, i);
            measure += consonant && vowelBefore ? 1 : 0;
            vowelBefore = !consonant;
        }

        return measure;
    }

    private static bool HasVowel(string stem) => Enumerable.Range(0, stem.Length).Any(i => !Consonant(stem, i));

    private static bool DoubleConsonant(string stem) => stem.Length > 1 && stem[^1] == stem[^2] && Consonant(stem, stem.Length - 1);

    // *o: ends consonant, vowel, consonant, the last not w, x or y ("hop", not "snow").
    private static bool ShortEnd(string stem) =>
        stem.Length > 2 && Consonant(stem, stem.Length - 1) && !Consonant(stem, stem.Length - 2) && Consonant(stem, stem.Length - 3) && stem[^1] is not ('w' or 'x' or 'y');
}
