using Microsoft.EntityFrameworkCore;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>A token as people see it; the token itself is kept nowhere.</summary>
/// <param name="Key">Names it.</param>
/// <param name="UserId">Id of the person it acts for.</param>
/// <param name="UserName">Their name.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Start">Its first characters.</param>
/// <param name="Scope">What it may do; never more than its person.</param>
/// <param name="CreatedUtc">When it was made.</param>
/// <param name="ExpiresUtc">Until when it works.</param>
/// <param name="UsedUtc">Last use, to the minute; null before the first.</param>
/// <param name="State">works, expired or revoked.</param>
public sealed record TokenInfo(
    int Key, string UserId, string UserName, string Name, string Start, UserRole Scope, DateTime CreatedUtc, DateTime ExpiresUtc, DateTime? UsedUtc, string State);

/// <summary>Keys with which programs act for people.</summary>
public sealed class TokenStore(IDbContextFactory<RroDbContext> contexts, TimeProvider time)
{
    /// <summary>What every token begins with, so that a leaked one is recognised.</summary>
    public const string Prefix = "rro_";

    /// <summary>160 random bits.</summary>
    public const int TokenBytes = 20;

    /// <summary>Working tokens of one person.</summary>
    public const int MaxPerUser = 50;

    /// <summary>Longest life, in days.</summary>
    public const int MaxDays = 366;

    /// <summary>Usual life, in days.</summary>
    public const int DefaultDays = 90;

    /// <summary>Longest name.</summary>
    public const int MaxName = 100;

    /// <summary>Rows of the list.</summary>
    public const int MaxShown = 200;

    private const int StartLength = 8;

    /// <summary>How exactly the last use is noted: a write for every request would be too much.</summary>
    public static TimeSpan UsedEvery { get; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether a text has the shape of a token.</summary>
    public static bool IsToken(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length == Prefix.Length + (2 * TokenBytes) && text.StartsWith(Prefix, StringComparison.Ordinal) && text[Prefix.Length..].All(char.IsAsciiHexDigitLower);
    }

    /// <summary>Makes a token.</summary>
    /// <returns>The token: shown once, kept nowhere.</returns>
    /// <exception cref="AccountException">Name or days are not allowed, or there are too many.</exception>
    public async Task<string> CreateAsync(string userId, string name, UserRole scope, int days, CancellationToken cancellationToken)
    {
        var kept = (name ?? "").Trim();
        if (kept.Length is 0 or > MaxName || kept.Any(char.IsControl))
        {
            throw new AccountException($"Say what the token is for, in 1 to {MaxName} characters; this has {kept.Length}.");
        }

        if (days is < 1 or > MaxDays)
        {
            throw new AccountException($"{days} days are not allowed: a token works for 1 to {MaxDays} days.");
        }

        var now = time.GetUtcNow();
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var ticks = now.UtcTicks;
            if (await context.ApiTokens.CountAsync(t => t.UserId == userId && t.RevokedTicks == null && t.ExpiresTicks > ticks, cancellationToken).ConfigureAwait(false) >= MaxPerUser)
            {
                throw new AccountException($"{MaxPerUser} tokens work already: revoke some first.");
            }

            var token = Prefix + RandomText.NewToken(TokenBytes);
            context.ApiTokens.Add(new ApiTokenEntity
            {
                UserId = userId,
                Name = kept,
                TokenHash = RandomText.HashOf(token),
                Start = token[..StartLength],
                Scope = scope,
                CreatedTicks = ticks,
                ExpiresTicks = now.AddDays(days).UtcTicks,
            });
            await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
            return token;
        }
    }

    /// <summary>Whose token it is and what it may do; null for one that does not work. Notes the use.</summary>
    public async Task<(int Key, string UserId, UserRole Scope)?> UseAsync(string token, CancellationToken cancellationToken)
    {
        if (!IsToken(token))
        {
            return null;
        }

        var (hash, now) = (RandomText.HashOf(token), time.GetUtcNow().UtcTicks);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var row = await context.ApiTokens.AsNoTracking().FirstOrDefaultAsync(t => t.TokenHash == hash && t.RevokedTicks == null && t.ExpiresTicks > now, cancellationToken).ConfigureAwait(false);
            if (row is null)
            {
                return null;
            }

            if (row.UsedTicks is not { } used || now - used >= UsedEvery.Ticks)
            {
                await context.ApiTokens.Where(t => t.Key == row.Key).ExecuteUpdateAsync(set => set.SetProperty(t => t.UsedTicks, now), cancellationToken).ConfigureAwait(false);
            }

            return (row.Key, row.UserId, row.Scope);
        }
    }

    /// <summary>Whether a token still works.</summary>
    public async Task<bool> WorksAsync(int key, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcTicks;
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.ApiTokens.AnyAsync(t => t.Key == key && t.RevokedTicks == null && t.ExpiresTicks > now, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The newest tokens of a person, or of everyone.</summary>
    public async Task<IReadOnlyList<TokenInfo>> ListAsync(string? userId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcTicks;
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var rows = await context.ApiTokens.AsNoTracking().Where(t => userId == null || t.UserId == userId).OrderByDescending(t => t.Key).Take(MaxShown)
                .Select(t => new { Token = t, Name = context.Users.Where(u => u.Id == t.UserId).Select(u => u.Name).FirstOrDefault() })
                .ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(r => new TokenInfo(
                r.Token.Key,
                r.Token.UserId,
                r.Name ?? "",
                r.Token.Name,
                r.Token.Start,
                r.Token.Scope,
                new DateTime(r.Token.CreatedTicks, DateTimeKind.Utc),
                new DateTime(r.Token.ExpiresTicks, DateTimeKind.Utc),
                r.Token.UsedTicks is { } used ? new DateTime(used, DateTimeKind.Utc) : null,
                r.Token.RevokedTicks is not null ? "revoked" : r.Token.ExpiresTicks <= now ? "expired" : "works"))];
        }
    }

    /// <summary>Revokes a token.</summary>
    /// <param name="key">Which one.</param>
    /// <param name="userId">Only if it is theirs; null for anyone's.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <returns>False when there is none that works.</returns>
    public async Task<bool> RevokeAsync(int key, string? userId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcTicks;
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.ApiTokens.Where(t => t.Key == key && (userId == null || t.UserId == userId) && t.RevokedTicks == null)
                .ExecuteUpdateAsync(set => set.SetProperty(t => t.RevokedTicks, now), cancellationToken).ConfigureAwait(false) > 0;
        }
    }
}
