using System.Net;

namespace RroDashboard.Web.Authentication;

/// <summary>
/// Locks a name, and an address, out for a while after too many wrong passwords. In memory: whoever is not signed in must not be able to make the server
/// write. A name that nobody has is counted as well, so that being locked out tells nothing; an admin who is locked out prints a link on the machine.
/// </summary>
public sealed class SignInThrottle(TimeProvider time)
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

    /// <summary>Whether a name or an address has to wait.</summary>
    public bool IsLocked(string name, IPAddress? address)
    {
        lock (_lock)
        {
            return Count(OfName(name)) >= MaxForName || Count(OfAddress(address)) >= MaxForAddress;
        }
    }

    /// <summary>Counts a wrong password.</summary>
    /// <returns>True when this one locked the name.</returns>
    public bool Failed(string name, IPAddress? address)
    {
        lock (_lock)
        {
            Add(OfAddress(address));
            return Add(OfName(name)) == MaxForName;
        }
    }

    /// <summary>A right password: the name starts anew.</summary>
    public void Succeeded(string name)
    {
        lock (_lock)
        {
            _known.Remove(OfName(name));
        }
    }

    private static string OfName(string name) => "name " + Data.AccountStore.HashOf(name.Trim().ToUpperInvariant());

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
