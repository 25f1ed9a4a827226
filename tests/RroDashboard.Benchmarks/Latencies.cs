namespace RroDashboard.Benchmarks;

/// <summary>Times in buckets of a tenth of a millisecond: millions of them in little memory.</summary>
internal sealed class Latencies
{
    private const double Width = 0.1;
    private const int Buckets = 200_000;

    private readonly int[] _counts = new int[Buckets];

    public long Count { get; private set; }

    public double Most { get; private set; }

    public void Add(double milliseconds)
    {
        _counts[Math.Clamp((int)(milliseconds / Width), 0, Buckets - 1)]++;
        Most = Math.Max(Most, milliseconds);
        Count++;
    }

    public double Quantile(double share)
    {
        var (left, bucket) = ((long)Math.Ceiling(Count * share), 0);
        while (bucket < Buckets - 1 && (left -= _counts[bucket]) > 0)
        {
            bucket++;
        }

        return (bucket + 1) * Width;
    }
}
