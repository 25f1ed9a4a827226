using System.Net;
using RroDashboard.Web.Observability;

namespace RroDashboard.Web.Authentication;

/// <summary>
/// Locks a name, and an address, out for a while after too many wrong passwords. In memory: whoever is not signed in must not be able to make the server
/// write. A name that nobody has is counted as well, so that being locked out tells nothing; an admin who is locked out prints a link on the machine.
/// </summary>
public sealed class SignInThrottle(TimeProvider time) : IBoundedBuffers
{
    /// <summary>Wrong passwords in a row for one name until it is locked.</summary>
    public const int MaxForName = 5;

    /// <summary>Wrong passwords from one address until it is locked: several people may sit behind it.</summary>
    public const int MaxForAddress = 30;

    /// <summary>Names and addresses that are remembered; beyond that failures of new ones are not counted, and that is shown.</summary>
    public const int MaxKnown = 10_000;

    private readonly Dictionary<string, (int Failures, DateTimeOffset Last)> _known = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>How long a lock holds, and how long a failure counts.</summary>
    public static TimeSpan LockedFor { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Failures that could not be counted because too many were remembered.</summary>
    public long Uncounted { get; private set; }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<BufferState>> BuffersAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new([new("sign_in_failures", "Names and addresses with wrong passwords", MaxKnown, "failures of new ones are not counted for five minutes", _known.Count, Uncounted)]);
        }
    }

    /// <summary>
    /// Begins a try, or refuses it because the name or the address has to wait. The try counts as wrong until <see cref="Succeeded"/> takes it
    /// back: before the slow hash, so that many at once get no more tries than one after another.
    /// </summary>
    /// <param name="name">As it was typed.</param>
    /// <param name="address">Where the try comes from.</param>
    /// <param name="locks">This try, if it is wrong, locks the name.</param>
    public bool TryBegin(string name, IPAddress? address, out bool locks)
    {
        lock (_lock)
        {
            if (Count(OfName(name)) >= MaxForName || Count(OfAddress(address)) >= MaxForAddress)
            {
                locks = false;
                return false;
            }

            Add(OfAddress(address));
            locks = Add(OfName(name)) == MaxForName;
            return true;
        }
    }

    /// <summary>A right password: the name starts anew, and the address has one failure less.</summary>
    public void Succeeded(string name, IPAddress? address)
    {
        lock (_lock)
        {
            _known.Remove(OfName(name));
            var from = OfAddress(address);
            if (_known.TryGetValue(from, out var known))
            {
                _known[from] = known with { Failures = Math.Max(0, known.Failures - 1) };
            }
        }
    }

    private static string OfName(string name) => "name " + Data.RandomText.HashOf(name.Trim().ToUpperInvariant());

    private static string OfAddress(IPAddress? address) => "from " + (address?.IsIPv4MappedToIPv6 == true ? address.MapToIPv4() : address);

    private int Count(string key) => _known.TryGetValue(key, out var known) && time.GetUtcNow() - known.Last < LockedFor ? known.Failures : 0;

    private int Add(string key)
    {
        var failures = Count(key) + 1;
        if (!_known.ContainsKey(key) && _known.Count >= MaxKnown)
        {
            foreach (var old in _known.Where(k => time.GetUtcNow() - k.Value.Last >= LockedFor).Select(k => k.Key).ToList())
            {
                _known.Remove(old);
            }

            if (_known.Count >= MaxKnown)
            {
                Uncounted++;
                return failures;
            }
        }

        _known[key] = (failures, time.GetUtcNow());
        return failures;
    }
}
