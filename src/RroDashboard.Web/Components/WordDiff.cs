namespace RroDashboard.Web.Components;

/// <summary>Words of two texts and which of them the other does not have at that place: the longest common subsequence stays unmarked.</summary>
public static class WordDiff
{
    /// <summary>Most words compared; longer texts are shown unmarked.</summary>
    public const int MaxWords = 500;

    /// <summary>Both texts word by word; marked where they differ.</summary>
    public static (IReadOnlyList<(string Word, bool Differs)> Left, IReadOnlyList<(string Word, bool Differs)> Right) Of(string left, string right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        var (a, b) = (left.Split(' ', StringSplitOptions.RemoveEmptyEntries), right.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        if (a.Length > MaxWords || b.Length > MaxWords)
        {
            return ([.. a.Select(w => (w, false))], [.. b.Select(w => (w, false))]);
        }

        // length[i, j]: longest common subsequence of what follows a[i] and b[j].
        var length = new int[a.Length + 1, b.Length + 1];
        for (var i = a.Length - 1; i >= 0; i--)
        {
            for (var j = b.Length - 1; j >= 0; j--)
            {
                length[i, j] = a[i] == b[j] ? length[i + 1, j + 1] + 1 : Math.Max(length[i + 1, j], length[i, j + 1]);
            }
        }

        var (first, second) = (a.Select(w => (Word: w, Differs: true)).ToArray(), b.Select(w => (Word: w, Differs: true)).ToArray());
        for (int i = 0, j = 0; i < a.Length && j < b.Length;)
        {
            if (a[i] == b[j])
            {
                (first[i].Differs, second[j].Differs) = (false, false);
                (i, j) = (i + 1, j + 1);
            }
            else if (length[i + 1, j] >= length[i, j + 1])
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        return (first, second);
    }
}
