using System.Collections.Concurrent;
using System.Security.Cryptography;
using RroDashboard.Data;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Authentication;

/// <summary>
/// Accounts of people whom a trusted proxy names. An account belongs to what the proxy said and not to a name that people can change, so that nobody becomes
/// someone else by taking their name, and an account with a password is never taken over.
/// </summary>
public sealed class ProxyPeople(AccountStore accounts, Sessions sessions, AuditLog audit, ProxyOptions proxy, TimeProvider time)
{
    /// <summary>Longest name that a proxy may give: as long as an e-mail address.</summary>
    public const int MaxSubject = 254;

    private readonly ConcurrentDictionary<string, DateTimeOffset> _noted = new(StringComparer.Ordinal);

    /// <summary>Every request of theirs is a sign-in; one in this time is noted.</summary>
    public static TimeSpan NoteEvery { get; } = TimeSpan.FromHours(12);

    /// <summary>The account of someone, made when there is none.</summary>
    /// <param name="subject">As the proxy named them.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <exception cref="AccountException">It is no name, or there are too many accounts.</exception>
    public async Task<UserInfo> FindAsync(string subject, CancellationToken cancellationToken)
    {
        var (kept, id) = (Check(subject), IdOf(subject));
        var user = await sessions.FindAsync(id, cancellationToken);
        if (user is null)
        {
            (user, var made) = await accounts.FromProxyAsync(id, kept, proxy.NewAccounts, cancellationToken);
            if (made)
            {
                await audit.AddAsync(user.Id, user.Name, "account.from-proxy", user.Id, $"as {user.Role}");
            }
        }

        var now = time.GetUtcNow();
        // As many as there are accounts, and the store bounds those.
        if (!user.IsDisabled && (!_noted.TryGetValue(id, out var last) || now - last >= NoteEvery))
        {
            _noted[id] = now;
            await accounts.SignedInAsync(id, cancellationToken);
            await audit.AddAsync(user.Id, user.Name, "sign-in", user.Id, "by the proxy");
        }

        return user;
    }

    /// <summary>Id of the account of what a proxy said.</summary>
    public static string IdOf(string subject) => "p-" + Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes("proxy:" + subject.Trim())))[..32];

    private static string Check(string subject)
    {
        var kept = subject.Trim();
        return kept.Length is > 0 and <= MaxSubject ? kept : throw new AccountException($"The proxy's header names someone with {kept.Length} characters: 1 to {MaxSubject} are allowed.");
    }
}
