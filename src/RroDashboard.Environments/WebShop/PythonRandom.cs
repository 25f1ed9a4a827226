namespace RroDashboard.Environments.WebShop;

/// <summary>
/// CPython's <c>random.Random</c>: the Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998) with CPython's seeding and drawing
/// rules. WebShop's order of goals depends on it, bit for bit; training code uses <see cref="Core.Statistics.SeededRandom"/>.
/// </summary>
public sealed class PythonRandom
{
    private const int Size = 624;
    private const int Shift = 397;
    private const int LargestPool = 21;

    private readonly uint[] _state = new uint[Size];
    private int _index = Size;

    /// <summary>As <c>random.seed(seed)</c> with an int: the 32-bit digits of its absolute value.</summary>
    public PythonRandom(long seed)
    {
        var magnitude = seed < 0 ? unchecked((ulong)-seed) : (ulong)seed;
        Initialise(magnitude >> 32 == 0 ? [(uint)magnitude] : [(uint)magnitude, (uint)(magnitude >> 32)]);
    }

    /// <summary><c>random()</c>: 53 bits in [0, 1).</summary>
    public double NextDouble()
    {
        var high = Next32() >> 5;
        var low = Next32() >> 6;
        return ((high * 67108864.0) + low) / 9007199254740992.0;
    }

    /// <summary><c>uniform(a, b)</c>.</summary>
    public double Uniform(double a, double b) => a + ((b - a) * NextDouble());

    /// <summary><c>_randbelow(n)</c>: as many bits as n has, drawn again until below n.</summary>
    /// <param name="n">From 1.</param>
    public int Below(int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        var bits = 32 - int.LeadingZeroCount(n);
        var drawn = Next32() >> (32 - bits);
        while (drawn >= (uint)n)
        {
            drawn = Next32() >> (32 - bits);
        }

        return (int)drawn;
    }

    /// <summary><c>shuffle(items)</c>.</summary>
    public void Shuffle<T>(IList<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        for (var i = items.Count - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary><c>sample(items, count)</c> for populations of at most 21, which CPython samples from a pool.</summary>
    public IReadOnlyList<T> Sample<T>(IReadOnlyList<T> items, int count)
    {
        ArgumentNullException.ThrowIfNull(items);
        if (items.Count > LargestPool)
        {
            throw new ArgumentException($"CPython samples from {items.Count} items by another method; at most {LargestPool} here.", nameof(items));
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, items.Count);
        var pool = items.ToArray();
        var result = new T[count];
        for (var i = 0; i < count; i++)
        {
            var j = Below(pool.Length - i);
            result[i] = pool[j];
            pool[j] = pool[pool.Length - i - 1];
        }

        return result;
    }

    /// <summary><c>choices(items, k=count)</c> without weights.</summary>
    public IReadOnlyList<T> Choices<T>(IReadOnlyList<T> items, int count)
    {
        ArgumentNullException.ThrowIfNull(items);
        return [.. Enumerable.Range(0, count).Select(_ => items[(int)Math.Floor(NextDouble() * items.Count)])];
    }

    // init_by_array of the reference implementation.
    private void Initialise(ReadOnlySpan<uint> key)
    {
        _state[0] = 19650218;
        for (var n = 1; n < Size; n++)
        {
            _state[n] = (1812433253u * (_state[n - 1] ^ (_state[n - 1] >> 30))) + (uint)n;
        }

        var (i, j) = (1, 0);
        for (var k = Math.Max(Size, key.Length); k > 0; k--)
        {
            _state[i] = (_state[i] ^ ((_state[i - 1] ^ (_state[i - 1] >> 30)) * 1664525u)) + key[j] + (uint)j;
            i++;
            j = (j + 1) % key.Length;
            WrapAround(ref i);
        }

        for (var k = Size - 1; k > 0; k--)
        {
            _state[i] = (_state[i] ^ ((_state[i - 1] ^ (_state[i - 1] >> 30)) * 1566083941u)) - (uint)i;
            i++;
            WrapAround(ref i);
        }

        _state[0] = 0x80000000u;
    }

    private void WrapAround(ref int i)
    {
        if (i >= Size)
        {
            _state[0] = _state[Size - 1];
            i = 1;
        }
    }

    private uint Next32()
    {
        if (_index == Size)
        {
            Twist();
        }

        var y = _state[_index++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680u;
        y ^= (y << 15) & 0xefc60000u;
        return y ^ (y >> 18);
    }

    private void Twist()
    {
        for (var n = 0; n < Size; n++)
        {
            var y = (_state[n] & 0x80000000u) | (_state[(n + 1) % Size] & 0x7fffffffu);
            _state[n] = _state[(n + Shift) % Size] ^ (y >> 1) ^ ((y & 1) == 0 ? 0 : 0x9908b0dfu);
        }

        _index = 0;
    }
}
