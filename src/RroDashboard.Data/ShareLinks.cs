using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>A share link cannot be made. The message is one sentence: what was wrong, what is allowed.</summary>
public sealed class ShareLinkException(string message) : Exception(message);

/// <summary>What someone asks of a link.</summary>
/// <param name="Scope">What it shows.</param>
/// <param name="RunId">Of which run; null for a report.</param>
/// <param name="ReportId">Which report; null for a run.</param>
/// <param name="Target">Key of the chart, or number of the walk; empty otherwise.</param>
/// <param name="Days">How long it works.</param>
/// <param name="Redacted">Instructions, actions and observations are never sent.</param>
/// <param name="Embeddable">Other sites may show it in a frame.</param>
/// <param name="Password">Asked of whoever opens it; empty for none.</param>
/// <param name="MaxViews">How often it can be opened; null for any number.</param>
/// <param name="FrozenJson">What it shows for ever; null for the present.</param>
/// <param name="By">Who makes it, for people.</param>
public sealed record ShareRequest(
    ShareScope Scope, string? RunId, string? ReportId, string Target, int Days, bool Redacted, bool Embeddable, string Password, int? MaxViews, string? FrozenJson, string By);

/// <summary>A link as the server knows it: never its token, never its password.</summary>
/// <param name="Id">Small number.</param>
/// <param name="Scope">What it shows.</param>
/// <param name="RunId">Of which run; null for a report.</param>
/// <param name="ReportId">Which report; null for a run.</param>
/// <param name="Target">Key of the chart, or number of the walk.</param>
/// <param name="Frozen">It shows what was there when it was made.</param>
/// <param name="Redacted">Texts are left out.</param>
/// <param name="Embeddable">Other sites may show it in a frame.</param>
/// <param name="HasPassword">A password is asked.</param>
/// <param name="By">Who made it.</param>
/// <param name="CreatedUtc">When.</param>
/// <param name="ExpiresUtc">Until when it works.</param>
/// <param name="RevokedUtc">When it was taken back; null unless it was.</param>
/// <param name="Views">How often it was opened.</param>
/// <param name="MaxViews">How often it can be.</param>
public sealed record ShareLinkInfo(
    int Id, ShareScope Scope, string? RunId, string? ReportId, string Target, bool Frozen, bool Redacted, bool Embeddable, bool HasPassword, string By,
    DateTime CreatedUtc, DateTime ExpiresUtc, DateTime? RevokedUtc, int Views, int? MaxViews)
{
    /// <summary>Opened as often as it can be.</summary>
    public bool IsUsedUp => MaxViews is { } most && Views >= most;

    /// <summary>It still works at a time.</summary>
    public bool WorksAt(DateTime utc) => RevokedUtc is null && ExpiresUtc > utc;
}

/// <summary>What came of a password.</summary>
public enum PasswordAnswer
{
    /// <summary>It is right.</summary>
    Right,

    /// <summary>It is wrong.</summary>
    Wrong,

    /// <summary>Too many were wrong: none is taken for a while.</summary>
    Locked,
}

/// <summary>Share links. A token has 128 random bits and is kept nowhere; the database has its SHA-256, and a salted slow hash of a password.</summary>
public sealed class ShareLinks(IDbContextFactory<RroDbContext> contexts, TimeProvider time)
{
    /// <summary>Random bytes of a token.</summary>
    public const int TokenBytes = RandomText.TokenBytes;

    /// <summary>Longest life of a link, days.</summary>
    public const int MaxDays = 365;

    /// <summary>Life of a link unless someone says otherwise, days.</summary>
    public const int UsualDays = 30;

    /// <summary>Most openings that can be asked for.</summary>
    public const int MostViews = 100_000;

    /// <summary>Shortest password; it is one among few tries.</summary>
    public const int MinPassword = 6;

    /// <summary>Longest password: hashing is made slow, and not by its length.</summary>
    public const int MaxPassword = 200;

    /// <summary>Wrong passwords in a row before none is taken for <see cref="LockTime"/>.</summary>
    public const int MaxWrongPasswords = 5;

    /// <summary>Most links that can be open at once, of all runs and reports.</summary>
    public const int MaxOpenLinks = 1000;

    /// <summary>Largest frozen page, characters.</summary>
    public const int MaxFrozen = 4 << 20;

    // OWASP's figure for PBKDF2 with SHA-256.
    private const int Iterations = 600_000;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    /// <summary>How long no password is taken after too many wrong ones.</summary>
    public static TimeSpan LockTime { get; } = TimeSpan.FromMinutes(15);

    /// <summary>Makes a link.</summary>
    /// <returns>Its token, which is kept nowhere, and its number.</returns>
    /// <exception cref="ShareLinkException">Something of it is not allowed.</exception>
    public async Task<(string Token, int Id)> CreateAsync(ShareRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        Check(request);
        var now = time.GetUtcNow().UtcTicks;
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            if (await context.ShareLinks.CountAsync(l => l.RevokedTicks == null && l.ExpiresTicks > now, cancellationToken).ConfigureAwait(false) >= MaxOpenLinks)
            {
                throw new ShareLinkException($"{MaxOpenLinks} share links work already: revoke some of them first.");
            }

            int? run = null;
            int? report = null;
            if (request.RunId is { } runId)
            {
                run = await context.Runs.Where(r => r.Id == runId).Select(r => (int?)r.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false)
                    ?? throw new ShareLinkException($"There is no run '{runId}' to share.");
            }
            else
            {
                report = await context.Reports.Where(r => r.Id == request.ReportId).Select(r => (int?)r.Key).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false)
                    ?? throw new ShareLinkException("There is no such report to share.");
            }

            var token = RandomText.NewToken(TokenBytes);
            var link = new ShareLinkEntity
            {
                TokenHash = RandomText.HashOf(token),
                Scope = request.Scope,
                RunKey = run,
                ReportKey = report,
                Target = request.Target,
                FrozenJson = request.FrozenJson,
                Redacted = request.Redacted,
                Embeddable = request.Embeddable,
                CreatedBy = request.By,
                CreatedTicks = now,
                ExpiresTicks = now + TimeSpan.FromDays(request.Days).Ticks,
                MaxViews = request.MaxViews,
                PasswordHash = request.Password.Length == 0 ? null : HashPassword(request.Password),
            };
            context.ShareLinks.Add(link);
            await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
            return (token, link.Id);
        }
    }

    /// <summary>The link of a token; null for one that nobody was given. The same look-up whether it works or not.</summary>
    public async Task<ShareLinkInfo?> FindAsync(string token, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        var hash = RandomText.HashOf(token.Length == TokenBytes * 2 ? token : "");
        return await ListAsync(links => links.Where(l => l.TokenHash == hash), cancellationToken).ConfigureAwait(false) is [var link, ..] ? link : null;
    }

    /// <summary>A link by its number; null when there is none.</summary>
    public async Task<ShareLinkInfo?> FindAsync(int id, CancellationToken cancellationToken) =>
        await ListAsync(links => links.Where(l => l.Id == id), cancellationToken).ConfigureAwait(false) is [var link, ..] ? link : null;

    /// <summary>Links of a run, newest first.</summary>
    public Task<IReadOnlyList<ShareLinkInfo>> OfRunAsync(string runId, CancellationToken cancellationToken) => ListAsync(
        links => links, cancellationToken, runId: runId);

    /// <summary>Links of a report, newest first.</summary>
    public Task<IReadOnlyList<ShareLinkInfo>> OfReportAsync(string reportId, CancellationToken cancellationToken) => ListAsync(
        links => links, cancellationToken, reportId: reportId);

    /// <summary>All links, newest first.</summary>
    public Task<IReadOnlyList<ShareLinkInfo>> AllAsync(CancellationToken cancellationToken) => ListAsync(links => links, cancellationToken);

    /// <summary>Of some links, those that still work: not revoked, not expired, and what they show is still there.</summary>
    public async Task<IReadOnlySet<int>> WorkingAsync(IReadOnlyCollection<int> ids, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var links = await ListAsync(all => all.Where(l => ids.Contains(l.Id)), cancellationToken).ConfigureAwait(false);
        return links.Where(l => l.WorksAt(now)).Select(l => l.Id).ToHashSet();
    }

    /// <summary>What a frozen link shows; null for one that shows the present.</summary>
    public async Task<string?> FrozenAsync(int id, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.ShareLinks.AsNoTracking().Where(l => l.Id == id).Select(l => l.FrozenJson).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes links back, for good.</summary>
    /// <returns>How many.</returns>
    public async Task<int> RevokeAsync(IReadOnlyCollection<int> ids, CancellationToken cancellationToken)
    {
        long? now = time.GetUtcNow().UtcTicks;
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            // What it showed is of no use any more, and need not lie around.
            return await context.ShareLinks.Where(l => ids.Contains(l.Id) && l.RevokedTicks == null)
                .ExecuteUpdateAsync(set => set.SetProperty(l => l.RevokedTicks, now).SetProperty(l => l.FrozenJson, (string?)null), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Counts an opening.</summary>
    /// <returns>False when it was opened as often as it can be; then it is not counted.</returns>
    public async Task<bool> CountViewAsync(int id, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            // In one statement: of two who take the last place at once one does not get it.
            return await context.ShareLinks.Where(l => l.Id == id && (l.MaxViews == null || l.Views < l.MaxViews))
                .ExecuteUpdateAsync(set => set.SetProperty(l => l.Views, l => l.Views + 1), cancellationToken).ConfigureAwait(false) > 0;
        }
    }

    /// <summary>Holds a password against a link's. Wrong ones are counted, and after <see cref="MaxWrongPasswords"/> none is taken for a while.</summary>
    public async Task<PasswordAnswer> TryPasswordAsync(int id, string password, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(password);
        var now = time.GetUtcNow().UtcTicks;
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            // The try is counted before the slow hash: many at once get no more tries than one after another.
            var links = context.ShareLinks.Where(l => l.Id == id);
            await links.Where(l => l.LockedUntilTicks != null && l.LockedUntilTicks <= now)
                .ExecuteUpdateAsync(set => set.SetProperty(l => l.LockedUntilTicks, (long?)null).SetProperty(l => l.FailedPasswords, 0), cancellationToken).ConfigureAwait(false);
            if (await links.Where(l => l.FailedPasswords < MaxWrongPasswords)
                .ExecuteUpdateAsync(set => set.SetProperty(l => l.FailedPasswords, l => l.FailedPasswords + 1), cancellationToken).ConfigureAwait(false) == 0)
            {
                return PasswordAnswer.Locked;
            }

            var kept = await links.Select(l => l.PasswordHash).FirstOrDefaultAsync(cancellationToken).ConfigureAwait(false);
            if (kept is not null && password.Length <= MaxPassword && Fits(password, kept))
            {
                await links.ExecuteUpdateAsync(set => set.SetProperty(l => l.FailedPasswords, 0), cancellationToken).ConfigureAwait(false);
                return PasswordAnswer.Right;
            }

            long? until = now + LockTime.Ticks;
            return await links.Where(l => l.FailedPasswords >= MaxWrongPasswords)
                .ExecuteUpdateAsync(set => set.SetProperty(l => l.LockedUntilTicks, until), cancellationToken).ConfigureAwait(false) > 0
                ? PasswordAnswer.Locked
                : PasswordAnswer.Wrong;
        }
    }

    private static void Check(ShareRequest request)
    {
        if (request.Days is < 1 or > MaxDays)
        {
            throw new ShareLinkException($"A share link works for 1 to {MaxDays} days, and {request.Days} were asked for.");
        }

        if (request.MaxViews is < 1 or > MostViews)
        {
            throw new ShareLinkException($"A share link can be opened 1 to {MostViews} times, or any number of times, and {request.MaxViews} was asked for.");
        }

        if (request.Password.Length is > 0 and < MinPassword or > MaxPassword)
        {
            throw new ShareLinkException($"The password of a share link has {MinPassword} to {MaxPassword} characters, and this one has {request.Password.Length}.");
        }

        if (request.Embeddable && (request.Password.Length > 0 || request.MaxViews is not null))
        {
            throw new ShareLinkException("A page within a page of another site keeps no cookie: an embeddable link has no password and no limit of views.");
        }

        if (request.FrozenJson is { Length: > MaxFrozen })
        {
            throw new ShareLinkException($"The page to be frozen has {request.FrozenJson.Length} characters, and at most {MaxFrozen} are kept: share it live, or a part of it.");
        }
    }

    private async Task<IReadOnlyList<ShareLinkInfo>> ListAsync(
        Func<IQueryable<ShareLinkEntity>, IQueryable<ShareLinkEntity>> pick, CancellationToken cancellationToken, string? runId = null, string? reportId = null)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            // Runs that were deleted are filtered by the context, and their links with them.
            var rows = await (
                from link in pick(context.ShareLinks.AsNoTracking())
                from run in context.Runs.Where(r => r.Key == link.RunKey).DefaultIfEmpty()
                from report in context.Reports.Where(r => r.Key == link.ReportKey).DefaultIfEmpty()
                where (link.RunKey == null || run != null) && (runId == null || run!.Id == runId) && (reportId == null || report!.Id == reportId)
                orderby link.Id descending
                select new
                {
                    link.Id, link.Scope, RunId = run == null ? null : run.Id, ReportId = report == null ? null : report.Id, link.Target, Frozen = link.FrozenJson != null, link.Redacted,
                    link.Embeddable, HasPassword = link.PasswordHash != null, link.CreatedBy, link.CreatedTicks, link.ExpiresTicks, link.RevokedTicks, link.Views, link.MaxViews,
                }).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(r => new ShareLinkInfo(
                r.Id, r.Scope, r.RunId, r.ReportId, r.Target, r.Frozen, r.Redacted, r.Embeddable, r.HasPassword, r.CreatedBy,
                Utc(r.CreatedTicks), Utc(r.ExpiresTicks), r.RevokedTicks is { } revoked ? Utc(revoked) : null, r.Views, r.MaxViews))];
        }
    }

    private static DateTime Utc(long ticks) => new(ticks, DateTimeKind.Utc);

    private static string HashPassword(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return $"{Convert.ToHexStringLower(salt)}:{Convert.ToHexStringLower(Rfc2898DeriveBytes.Pbkdf2(password, salt, Iterations, HashAlgorithmName.SHA256, HashBytes))}";
    }

    private static bool Fits(string password, string kept)
    {
        var parts = kept.Split(':');
        var hash = Rfc2898DeriveBytes.Pbkdf2(password, Convert.FromHexString(parts[0]), Iterations, HashAlgorithmName.SHA256, HashBytes);
        return CryptographicOperations.FixedTimeEquals(hash, Convert.FromHexString(parts[1]));
    }
}
