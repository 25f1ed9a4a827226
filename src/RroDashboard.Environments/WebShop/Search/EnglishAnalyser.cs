using System.Collections.Concurrent;

namespace RroDashboard.Environments.WebShop.Search;

/// <summary>Anserini 0.14's English analyser: standard words, possessive 's off, lower case, stop words out, Porter stems.</summary>
public static class EnglishAnalyser
{
    // A catalogue has some ten thousand different words.
    private const int MaxCached = 200_000;

    private static readonly HashSet<string> s_stopWords = new(
        "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with".Split(' '), StringComparer.Ordinal);

    private static readonly ConcurrentDictionary<string, string> s_terms = new(StringComparer.Ordinal);

    /// <summary>Index terms of a text, in order; repeated as often as they occur.</summary>
    public static IEnumerable<string> Terms(string text) => StandardTokenizer.Words(text).Select(Term).Where(t => t.Length > 0);

    /// <summary>The text's word is one that the index leaves out.</summary>
    public static bool IsStopWord(string word) => s_stopWords.Contains(word);

    // Empty for a stop word.
    private static string Term(string word)
    {
        if (s_terms.TryGetValue(word, out var known))
        {
            return known;
        }

        if (s_terms.Count >= MaxCached)
        {
            s_terms.Clear();
        }

        return s_terms.GetOrAdd(word, static w =>
        {
            if (w.Length >= 2 && w[^1] is 's' or 'S' && w[^2] is '\'' or '’' or '＇')
            {
                w = w[..^2];
            }

            w = ShopText.Lower(w);
            return s_stopWords.Contains(w) ? "" : PorterStemmer.Stem(w);
        });
    }
}
