using Microsoft.EntityFrameworkCore;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>Something about an account was refused. The message is one sentence for the person who asked.</summary>
public sealed class AccountException(string message) : Exception(message);

/// <summary>Someone who can sign in, as others see them.</summary>
/// <param name="Id">Opaque, stays.</param>
/// <param name="Name">Shown and typed.</param>
/// <param name="Role">What they may do.</param>
/// <param name="Stamp">Changes with whatever ends open sessions.</param>
/// <param name="HasPassword">They can sign in by name and password.</param>
/// <param name="CreatedUtc">When the account was made.</param>
/// <param name="SignedInUtc">Last sign-in; null before the first.</param>
/// <param name="IsDisabled">Shut out.</param>
public sealed record UserInfo(string Id, string Name, UserRole Role, string Stamp, bool HasPassword, DateTime CreatedUtc, DateTime? SignedInUtc, bool IsDisabled);

/// <summary>
/// People who can sign in. Passwords come here as hashes; who may ask for what is decided by the caller. There is always an admin who can sign in: the last
/// one cannot be shut out or lowered.
/// </summary>
public sealed class AccountStore(IDbContextFactory<RroDbContext> contexts, TimeProvider time) : IDisposable
{
    /// <summary>Longest name.</summary>
    public const int MaxName = 60;

    /// <summary>Most accounts: one machine with one device has no more people.</summary>
    public const int MaxUsers = 1000;

    private readonly SemaphoreSlim _changing = new(1, 1);

    private readonly Lock _listening = new();
    private Action<string>? _changed;

    /// <summary>Calls back with the id of a person whose account changed, after the change is committed. Callbacks are quick and never throw.</summary>
    /// <returns>Ends the calls when disposed.</returns>
    public IDisposable Subscribe(Action<string> changed)
    {
        lock (_listening)
        {
            _changed += changed;
        }

        return new Subscription(this, changed);
    }

    /// <inheritdoc/>
    public void Dispose() => _changing.Dispose();

    /// <summary>A name as it is kept: trimmed, no control characters.</summary>
    /// <exception cref="AccountException">Empty or too long.</exception>
    public static string CheckName(string? name)
    {
        var kept = (name ?? "").Trim();
        if (kept.Length is 0 or > MaxName || kept.Any(c => char.IsControl(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format))
        {
            throw new AccountException($"A name has 1 to {MaxName} characters and no invisible ones; this one has {kept.Length}.");
        }

        return kept;
    }

    /// <summary>Everyone, by name.</summary>
    public async Task<IReadOnlyList<UserInfo>> ListAsync(CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var users = await context.Users.AsNoTracking().OrderBy(u => u.NameKey).Take(MaxUsers).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. users.Select(Info)];
        }
    }

    /// <summary>One person; null when there is none of this id.</summary>
    public async Task<UserInfo?> FindAsync(string userId, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Users.AsNoTracking().FirstOrDefaultAsync(u => u.Id == userId, cancellationToken).ConfigureAwait(false) is { } user ? Info(user) : null;
        }
    }

    /// <summary>A person by the name they type, with the hash of their password; null when there is none.</summary>
    public async Task<(UserInfo User, string? PasswordHash)?> FindByNameAsync(string name, CancellationToken cancellationToken)
    {
        var key = KeyOf(name);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Users.AsNoTracking().FirstOrDefaultAsync(u => u.NameKey == key, cancellationToken).ConfigureAwait(false) is { } user ? (Info(user), user.PasswordHash) : null;
        }
    }

    /// <summary>
    /// Whom a link signs in that was made on the machine itself: the first admin who is not shut out. Where there is none, in a new folder or one from before
    /// there were accounts, they are made, with the name "owner" and no password.
    /// </summary>
    public Task<UserInfo> FirstAdminAsync(CancellationToken cancellationToken) => ChangeAsync(
        async context =>
        {
            if (await context.Users.Where(u => u.Role == UserRole.Admin && u.DisabledTicks == null).OrderBy(u => u.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false) is { } admin)
            {
                return admin;
            }

            var name = "owner";
            for (var n = 2; await context.Users.AnyAsync(u => u.NameKey == KeyOf(name), cancellationToken).ConfigureAwait(false); n++)
            {
                name = $"owner {n}";
            }

            var owner = New(name, UserRole.Admin, null);
            context.Users.Add(owner);
            // Runs from before there were accounts were all started by whoever had the link.
            await context.Runs.Where(r => r.OwnerId == null && r.ImportedTicks == null).ExecuteUpdateAsync(
                set => set.SetProperty(r => r.OwnerId, owner.Id).SetProperty(r => r.Owner, owner.Name), cancellationToken).ConfigureAwait(false);
            return owner;
        },
        cancellationToken);

    /// <summary>Makes an account.</summary>
    /// <exception cref="AccountException">The name is taken or not allowed.</exception>
    public Task<UserInfo> CreateAsync(string name, UserRole role, string? passwordHash, CancellationToken cancellationToken) => ChangeAsync(
        context => AddAsync(context, name, role, passwordHash, cancellationToken), cancellationToken);

    /// <summary>
    /// The account of someone whom a proxy in front of the dashboard named, made when there is none. It is found by its id, which the caller derives from what
    /// the proxy said; the name is only shown, and gets a number when someone else has it.
    /// </summary>
    /// <param name="id">Of the account.</param>
    /// <param name="name">Cut to <see cref="MaxName"/>.</param>
    /// <param name="role">Of a new account.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <returns>The account, and whether it is new.</returns>
    /// <exception cref="AccountException">The name is not allowed, or there are too many accounts.</exception>
    public async Task<(UserInfo User, bool Made)> FromProxyAsync(string id, string name, UserRole role, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        var made = false;
        var user = await ChangeAsync(
            async context =>
            {
                if (await context.Users.FirstOrDefaultAsync(u => u.Id == id, cancellationToken).ConfigureAwait(false) is { } known)
                {
                    return known;
                }

                var free = CheckName(name[..Math.Min(name.Length, MaxName)]);
                for (var n = 2; await context.Users.AnyAsync(u => u.NameKey == KeyOf(free), cancellationToken).ConfigureAwait(false); n++)
                {
                    var number = string.Create(System.Globalization.CultureInfo.InvariantCulture, $" ({n})");
                    free = name[..Math.Min(name.Length, MaxName - number.Length)].TrimEnd() + number;
                }

                var added = await AddAsync(context, free, role, null, cancellationToken).ConfigureAwait(false);
                (added.Id, made) = (id, true);
                return added;
            },
            cancellationToken).ConfigureAwait(false);
        return (user, made);
    }

    /// <summary>Takes an invitation: makes the account that it promises and uses it up, both or neither.</summary>
    /// <exception cref="AccountException">The invitation is not valid any more, or the name is taken.</exception>
    public Task<UserInfo> AcceptAsync(string token, string name, string passwordHash, CancellationToken cancellationToken) => ChangeAsync(
        async context =>
        {
            var (hash, now) = (RandomText.HashOf(token), time.GetUtcNow().UtcTicks);
            var invitation = await context.Invitations.FirstOrDefaultAsync(i => i.TokenHash == hash, cancellationToken).ConfigureAwait(false);
            if (invitation is null || invitation.UsedTicks is not null || invitation.RevokedTicks is not null || invitation.ExpiresTicks <= now)
            {
                throw new AccountException("This invitation was used before, was taken back or has expired: ask for another one.");
            }

            var user = await AddAsync(context, name, invitation.Role, passwordHash, cancellationToken).ConfigureAwait(false);
            (invitation.UsedTicks, invitation.UsedBy) = (now, user.Id);
            return user;
        },
        cancellationToken);

    /// <summary>Changes name and, unless null, password. A new password ends all sessions.</summary>
    /// <exception cref="AccountException">The name is taken or not allowed.</exception>
    public Task<UserInfo> DescribeAsync(string userId, string name, string? passwordHash, CancellationToken cancellationToken) => ChangeAsync(
        async context =>
        {
            var user = await NeedAsync(context, userId, cancellationToken).ConfigureAwait(false);
            var kept = CheckName(name);
            if (KeyOf(kept) != user.NameKey)
            {
                await NeedFreeAsync(context, kept, cancellationToken).ConfigureAwait(false);
            }

            if (kept != user.Name)
            {
                (user.Name, user.NameKey) = (kept, KeyOf(kept));
                await context.Runs.IgnoreQueryFilters().Where(r => r.OwnerId == userId).ExecuteUpdateAsync(set => set.SetProperty(r => r.Owner, kept), cancellationToken).ConfigureAwait(false);
            }

            if (passwordHash is not null)
            {
                (user.PasswordHash, user.Stamp) = (passwordHash, NewStamp());
            }

            return user;
        },
        cancellationToken);

    /// <summary>Gives another role. Open sessions end.</summary>
    /// <exception cref="AccountException">They are the last admin.</exception>
    public Task<UserInfo> SetRoleAsync(string userId, UserRole role, CancellationToken cancellationToken) => ChangeAsync(
        async context =>
        {
            var user = await NeedAsync(context, userId, cancellationToken).ConfigureAwait(false);
            if (user.Role == UserRole.Admin && role != UserRole.Admin)
            {
                await NeedAnotherAdminAsync(context, user, cancellationToken).ConfigureAwait(false);
            }

            (user.Role, user.Stamp) = (role, user.Role == role ? user.Stamp : NewStamp());
            return user;
        },
        cancellationToken);

    /// <summary>Shuts out, or lets in again. Open sessions and tokens of who is shut out end.</summary>
    /// <exception cref="AccountException">They are the last admin.</exception>
    public Task<UserInfo> SetDisabledAsync(string userId, bool disabled, CancellationToken cancellationToken) => ChangeAsync(
        async context =>
        {
            var user = await NeedAsync(context, userId, cancellationToken).ConfigureAwait(false);
            if (disabled && user.Role == UserRole.Admin)
            {
                await NeedAnotherAdminAsync(context, user, cancellationToken).ConfigureAwait(false);
            }

            (user.DisabledTicks, user.Stamp) = (disabled ? user.DisabledTicks ?? time.GetUtcNow().UtcTicks : null, NewStamp());
            return user;
        },
        cancellationToken);

    /// <summary>Ends all sessions of a person, in every browser.</summary>
    public Task<UserInfo> SignOutEverywhereAsync(string userId, CancellationToken cancellationToken) => ChangeAsync(
        async context =>
        {
            var user = await NeedAsync(context, userId, cancellationToken).ConfigureAwait(false);
            user.Stamp = NewStamp();
            return user;
        },
        cancellationToken);

    /// <summary>Notes that they signed in.</summary>
    public async Task SignedInAsync(string userId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcTicks;
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            await context.Users.Where(u => u.Id == userId).ExecuteUpdateAsync(set => set.SetProperty(u => u.SignedInTicks, now), cancellationToken).ConfigureAwait(false);
        }
    }

    internal static string KeyOf(string name) => name.Trim().ToUpperInvariant();

    // One change at a time: "the last admin" is a question about several rows. One process has the folder, so a lock of the process suffices.
    private async Task<UserInfo> ChangeAsync(Func<RroDbContext, Task<UserEntity>> change, CancellationToken cancellationToken)
    {
        UserInfo info;
        await _changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
            await using (context.ConfigureAwait(false))
            {
                var transaction = await context.Database.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
                await using (transaction.ConfigureAwait(false))
                {
                    var user = await change(context).ConfigureAwait(false);
                    await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
                    await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                    info = Info(user);
                }
            }
        }
        finally
        {
            _changing.Release();
        }

        _changed?.Invoke(info.Id);
        return info;
    }

    private async Task<UserEntity> AddAsync(RroDbContext context, string name, UserRole role, string? passwordHash, CancellationToken cancellationToken)
    {
        var kept = CheckName(name);
        await NeedFreeAsync(context, kept, cancellationToken).ConfigureAwait(false);
        if (await context.Users.CountAsync(cancellationToken).ConfigureAwait(false) >= MaxUsers)
        {
            throw new AccountException($"There are {MaxUsers} accounts already: no more are allowed.");
        }

        var user = New(kept, role, passwordHash);
        context.Users.Add(user);
        return user;
    }

    private UserEntity New(string name, UserRole role, string? passwordHash) => new()
    {
        Id = "u-" + RandomText.NewId(),
        Name = name,
        NameKey = KeyOf(name),
        Role = role,
        PasswordHash = passwordHash,
        Stamp = NewStamp(),
        CreatedTicks = time.GetUtcNow().UtcTicks,
    };

    private static string NewStamp() => RandomText.NewToken();

    private static async Task<UserEntity> NeedAsync(RroDbContext context, string userId, CancellationToken cancellationToken) =>
        await context.Users.FirstOrDefaultAsync(u => u.Id == userId, cancellationToken).ConfigureAwait(false) ?? throw new AccountException("There is no such account.");

    private static async Task NeedFreeAsync(RroDbContext context, string name, CancellationToken cancellationToken)
    {
        var key = KeyOf(name);
        if (await context.Users.AnyAsync(u => u.NameKey == key, cancellationToken).ConfigureAwait(false))
        {
            throw new AccountException($"Someone is called '{name}' already: choose another name.");
        }
    }

    private static async Task NeedAnotherAdminAsync(RroDbContext context, UserEntity user, CancellationToken cancellationToken)
    {
        if (!await context.Users.AnyAsync(u => u.Key != user.Key && u.Role == UserRole.Admin && u.DisabledTicks == null, cancellationToken).ConfigureAwait(false))
        {
            throw new AccountException($"{user.Name} is the last admin: make someone else an admin first.");
        }
    }

    private static UserInfo Info(UserEntity user) => new(
        user.Id,
        user.Name,
        user.Role,
        user.Stamp,
        user.PasswordHash is not null,
        new DateTime(user.CreatedTicks, DateTimeKind.Utc),
        user.SignedInTicks is { } ticks ? new DateTime(ticks, DateTimeKind.Utc) : null,
        user.DisabledTicks is not null);

    private sealed class Subscription(AccountStore accounts, Action<string> changed) : IDisposable
    {
        public void Dispose()
        {
            lock (accounts._listening)
            {
                accounts._changed -= changed;
            }
        }
    }
}
