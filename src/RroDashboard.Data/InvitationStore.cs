using Microsoft.EntityFrameworkCore;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>An invitation as admins see it.</summary>
/// <param name="Key">Names it.</param>
/// <param name="Role">Role of whoever takes it.</param>
/// <param name="Note">Whom it is for.</param>
/// <param name="CreatedUtc">When it was made.</param>
/// <param name="ExpiresUtc">Until when it can be taken.</param>
/// <param name="State">open, used, revoked or expired.</param>
public sealed record InvitationInfo(int Key, UserRole Role, string Note, DateTime CreatedUtc, DateTime ExpiresUtc, string State);

/// <summary>One-time links that make accounts. Taking one is <see cref="AccountStore.AcceptAsync"/>.</summary>
public sealed class InvitationStore(IDbContextFactory<RroDbContext> contexts, TimeProvider time)
{
    /// <summary>Days until an invitation that nobody took is worthless.</summary>
    public const int DefaultDays = 7;

    /// <summary>Longest life of an invitation, in days.</summary>
    public const int MaxDays = 90;

    /// <summary>Invitations that can be open at a time.</summary>
    public const int MaxOpen = 200;

    /// <summary>Longest note.</summary>
    public const int MaxNote = 200;

    /// <summary>Rows of the list.</summary>
    public const int MaxShown = 100;

    /// <summary>Makes an invitation.</summary>
    /// <returns>The token: shown once, kept nowhere.</returns>
    /// <exception cref="AccountException">Too many are open, or the days or the note are not allowed.</exception>
    public async Task<string> CreateAsync(UserRole role, string note, int days, string createdBy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(note);
        if (days is < 1 or > MaxDays)
        {
            throw new AccountException($"{days} days are not allowed: an invitation lives for 1 to {MaxDays} days.");
        }

        if (note.Trim().Length > MaxNote)
        {
            throw new AccountException($"The note has {note.Trim().Length} characters: at most {MaxNote} are allowed.");
        }

        var now = time.GetUtcNow();
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var ticks = now.UtcTicks;
            if (await context.Invitations.CountAsync(i => i.UsedTicks == null && i.RevokedTicks == null && i.ExpiresTicks > ticks, cancellationToken).ConfigureAwait(false) >= MaxOpen)
            {
                throw new AccountException($"{MaxOpen} invitations are open: take some back first.");
            }

            var token = RandomText.NewToken();
            context.Invitations.Add(new InvitationEntity
            {
                TokenHash = RandomText.HashOf(token),
                Role = role,
                Note = note.Trim(),
                CreatedBy = createdBy,
                CreatedTicks = ticks,
                ExpiresTicks = now.AddDays(days).UtcTicks,
            });
            await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
            return token;
        }
    }

    /// <summary>The role that an invitation promises; null when it cannot be taken any more.</summary>
    public async Task<UserRole?> RoleOfAsync(string? token, CancellationToken cancellationToken)
    {
        if (token is not { Length: RandomText.TokenBytes * 2 })
        {
            return null;
        }

        var (hash, now) = (RandomText.HashOf(token), time.GetUtcNow().UtcTicks);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Invitations.Where(i => i.TokenHash == hash && i.UsedTicks == null && i.RevokedTicks == null && i.ExpiresTicks > now)
                .Select(i => (UserRole?)i.Role).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The newest ones.</summary>
    public async Task<IReadOnlyList<InvitationInfo>> ListAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcTicks;
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var rows = await context.Invitations.AsNoTracking().OrderByDescending(i => i.Key).Take(MaxShown).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(i => new InvitationInfo(
                i.Key,
                i.Role,
                i.Note,
                new DateTime(i.CreatedTicks, DateTimeKind.Utc),
                new DateTime(i.ExpiresTicks, DateTimeKind.Utc),
                i.UsedTicks is not null ? "used" : i.RevokedTicks is not null ? "revoked" : i.ExpiresTicks <= now ? "expired" : "open"))];
        }
    }

    /// <summary>Takes an invitation back.</summary>
    /// <returns>False when it was used or taken back before.</returns>
    public async Task<bool> RevokeAsync(int key, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcTicks;
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Invitations.Where(i => i.Key == key && i.UsedTicks == null && i.RevokedTicks == null)
                .ExecuteUpdateAsync(set => set.SetProperty(i => i.RevokedTicks, now), cancellationToken).ConfigureAwait(false) > 0;
        }
    }
}
