using System.Runtime.InteropServices;

namespace RroDashboard.Environments.WebShop.Search;

/// <summary>
/// BM25 as Lucene 8 scores it (k1 0.9, b 0.4, lengths kept in one byte, 32-bit floats; environments.md A6). Built once, then only read:
/// safe to use from several threads.
/// </summary>
/// <remarks>
/// No package that restores does this: Lucene.NET is at 4.8, whose lengths, scores and tokens differ from 8. Memory: 8 bytes per posting.
/// </remarks>
public sealed class SearchIndex : IProductSearch
{
    private const float K1 = 0.9f;
    private const float B = 0.4f;

    private readonly string[] _ids;
    private readonly byte[] _norms;
    private readonly float[] _inverse = new float[256];     // per encoded length: 1 / (k1 * (1 - b + b * length / average))
    private readonly Dictionary<string, Posting[]> _postings;

    // Sums of a search per document, all 0 between searches, and which are not: 12 bytes per document and thread.
    private readonly ThreadLocal<double[]> _scores;
    private readonly ThreadLocal<int[]> _touched;

    private SearchIndex(string[] ids, byte[] norms, Dictionary<string, Posting[]> postings, long totalTerms)
    {
        (_ids, _norms, _postings, TotalTerms) = (ids, norms, postings, totalTerms);
        (_scores, _touched) = (new(() => new double[ids.Length]), new(() => new int[ids.Length]));
        var average = (float)(totalTerms / (double)Math.Max(1, ids.Length));
        for (var i = 0; i < _inverse.Length; i++)
        {
            _inverse[i] = 1f / (K1 * ((1 - B) + (B * Length((byte)i) / average)));
        }
    }

    /// <summary>Documents.</summary>
    public int Count => _ids.Length;

    /// <summary>Terms of all documents together, repetitions included.</summary>
    public long TotalTerms { get; }

    /// <summary>Encoded length of each document, in the order in which they were added.</summary>
    public IReadOnlyList<byte> Norms => _norms;

    /// <summary>Indexes products.</summary>
    public static SearchIndex Build(IEnumerable<Product> products) => Build(products.Select(p => (p.Asin, IndexText.Of(p))));

    /// <summary>Indexes texts.</summary>
    public static SearchIndex Build(IEnumerable<(string Id, string Text)> documents)
    {
        ArgumentNullException.ThrowIfNull(documents);
        var ids = new List<string>();
        var norms = new List<byte>();
        var postings = new Dictionary<string, List<Posting>>(StringComparer.Ordinal);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var total = 0L;
        foreach (var (id, text) in documents)
        {
            counts.Clear();
            var length = 0;
            foreach (var term in EnglishAnalyser.Terms(text))
            {
                CollectionsMarshal.GetValueRefOrAddDefault(counts, term, out _)++;
                length++;
            }

            foreach (var (term, count) in counts)
            {
                (CollectionsMarshal.GetValueRefOrAddDefault(postings, term, out _) ??= []).Add(new Posting(ids.Count, count));
            }

            ids.Add(id);
            norms.Add(Encode(length));
            total += length;
        }

        // One term at a time, so that lists and arrays are never all there together.
        var trimmed = new Dictionary<string, Posting[]>(postings.Count, StringComparer.Ordinal);
        foreach (var term in postings.Keys.ToArray())
        {
            postings.Remove(term, out var list);
            trimmed.Add(term, [.. list!]);
        }

        return new SearchIndex([.. ids], [.. norms], trimmed, total);
    }

    /// <inheritdoc/>
    public IReadOnlyList<SearchHit> Search(string query, int count)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var (scores, touched, found) = (_scores.Value!, _touched.Value!, 0);
        foreach (var term in EnglishAnalyser.Terms(query).CountBy(t => t, StringComparer.Ordinal))
        {
            if (!_postings.TryGetValue(term.Key, out var documents))
            {
                continue;
            }

            var idf = (float)Math.Log(1 + ((Count - documents.Length + 0.5) / (documents.Length + 0.5)));
            var weight = term.Value * idf;
            foreach (var posting in documents)
            {
                var score = weight - (weight / (1f + (posting.Count * _inverse[_norms[posting.Document]])));
                if (scores[posting.Document] == 0)
                {
                    touched[found++] = posting.Document;
                }

                scores[posting.Document] += score;
            }
        }

        // The worst kept hit stands first in the queue.
        var best = new PriorityQueue<SearchHit, SearchHit>(WorstFirst);
        foreach (var document in touched.AsSpan(0, found))
        {
            var hit = new SearchHit(_ids[document], (float)scores[document]);
            scores[document] = 0;
            if (best.Count < count)
            {
                best.Enqueue(hit, hit);
            }
            else if (WorstFirst.Compare(hit, best.Peek()) > 0)
            {
                best.DequeueEnqueue(hit, hit);
            }
        }

        var result = new SearchHit[best.Count];
        for (var i = result.Length - 1; i >= 0; i--)
        {
            result[i] = best.Dequeue();
        }

        return result;
    }

    private static Comparer<SearchHit> WorstFirst { get; } = Comparer<SearchHit>.Create(static (a, b) =>
        a.Score != b.Score ? a.Score.CompareTo(b.Score) : string.CompareOrdinal(b.Asin, a.Asin));

    // Lucene's SmallFloat.intToByte4: exact up to 39, then 24 and a float of 4 significant bits.
    private static byte Encode(int length)
    {
        if (length < 24)
        {
            return (byte)length;
        }

        var rest = length - 24;
        var shift = Math.Max(0, 32 - int.LeadingZeroCount(rest) - 4);
        return (byte)(24 + (rest < 8 ? rest : ((rest >> shift) & 7) | ((shift + 1) << 3)));
    }

    private static int Length(byte encoded)
    {
        if (encoded < 24)
        {
            return encoded;
        }

        var (bits, shift) = ((encoded - 24) & 7, ((encoded - 24) >> 3) - 1);
        // The last codes stand for lengths beyond an int; no text has them.
        return shift < 0 ? 24 + bits : (int)Math.Min(int.MaxValue, 24 + ((bits | 8L) << shift));
    }

    private readonly record struct Posting(int Document, int Count);
}
