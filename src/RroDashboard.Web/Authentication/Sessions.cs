using System.Collections.Concurrent;
using System.Security.Claims;
using RroDashboard.Data;

namespace RroDashboard.Web.Authentication;

/// <summary>
/// Whether a session still holds: the account is there, is not shut out, and has the stamp that it had at sign-in. The answer is remembered for a moment, and
/// forgotten at once when this process changes the account.
/// </summary>
public sealed class Sessions : IDisposable
{
    private const int MaxKnown = 2 * AccountStore.MaxUsers;

    private readonly ConcurrentDictionary<string, (UserInfo? User, DateTimeOffset Until)> _known = new(StringComparer.Ordinal);
    private readonly AccountStore _accounts;
    private readonly TokenStore _tokens;
    private readonly TimeProvider _time;
    private readonly IDisposable _subscription;

    /// <summary>Follows the accounts.</summary>
    public Sessions(AccountStore accounts, TokenStore tokens, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(accounts);
        (_accounts, _tokens, _time) = (accounts, tokens, time);
        _subscription = _accounts.Subscribe(Forget);
    }

    /// <summary>How late at most a session ends after its account was changed.</summary>
    public static TimeSpan Late { get; } = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public void Dispose() => _subscription.Dispose();

    /// <summary>The account of a session that holds; null for one that has ended.</summary>
    public async ValueTask<UserInfo?> FindAsync(ClaimsPrincipal person, CancellationToken cancellationToken)
    {
        var user = await FindAsync(person.Id(), cancellationToken);
        if (user is not { IsDisabled: false } || user.Stamp != person.FindFirstValue(Person.StampClaim))
        {
            return null;
        }

        // A connection that a program opened ends with its token.
        return person.FindFirstValue(Person.TokenClaim) is not { } token
            || await _tokens.WorksAsync(int.Parse(token, System.Globalization.CultureInfo.InvariantCulture), cancellationToken) ? user : null;
    }

    /// <summary>An account; null when there is none of this id.</summary>
    public async ValueTask<UserInfo?> FindAsync(string userId, CancellationToken cancellationToken)
    {
        if (userId.Length == 0)
        {
            return null;
        }

        var now = _time.GetUtcNow();
        if (_known.TryGetValue(userId, out var known) && now < known.Until)
        {
            return known.User;
        }

        var user = await _accounts.FindAsync(userId, cancellationToken);
        if (_known.Count >= MaxKnown)
        {
            _known.Clear();
        }

        _known[userId] = (user, now + Late);
        return user;
    }

    private void Forget(string userId) => _known.TryRemove(userId, out _);
}
