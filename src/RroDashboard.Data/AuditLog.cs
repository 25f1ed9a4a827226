using Microsoft.EntityFrameworkCore;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>Who did what when.</summary>
/// <param name="Key">Order.</param>
/// <param name="AtUtc">When.</param>
/// <param name="UserName">Their name at that time; empty for the program itself.</param>
/// <param name="Action">A word with a dot.</param>
/// <param name="Subject">To what.</param>
/// <param name="Detail">More, in words.</param>
public sealed record AuditLine(long Key, DateTime AtUtc, string UserName, string Action, string Subject, string Detail);

/// <summary>The audit log: rows are added, and the oldest go when there are too many. Nothing changes one.</summary>
public sealed class AuditLog(IDbContextFactory<RroDbContext> contexts, TimeProvider time)
{
    /// <summary>Rows that are kept: years of a team's work.</summary>
    public const int MaxRows = 100_000;

    /// <summary>Longest subject or detail; the rest is cut.</summary>
    public const int MaxText = 500;

    /// <summary>Rows of one page.</summary>
    public const int MaxPage = 200;

    /// <summary>Adds a line. It cannot be given up: what it tells of has happened, whether or not whoever did it still waits for the answer.</summary>
    public async Task AddAsync(string userId, string userName, string action, string subject, string detail)
    {
        var context = await contexts.CreateDbContextAsync().ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var row = new AuditEntity
            {
                AtTicks = time.GetUtcNow().UtcTicks,
                UserId = userId,
                UserName = userName,
                Action = action,
                Subject = Cut(subject),
                Detail = Cut(detail),
            };
            context.Audit.Add(row);
            await context.SaveChangesAsync().ConfigureAwait(false);
            if (row.Key % 1000 == 0)
            {
                await context.Audit.Where(a => a.Key <= row.Key - MaxRows).ExecuteDeleteAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Lines before a given one, newest first; null gives the newest.</summary>
    /// <param name="before">Key of the line that was shown last.</param>
    /// <param name="words">Only lines with this in name, action, subject or detail; empty for all.</param>
    /// <param name="take">At most <see cref="MaxPage"/>.</param>
    /// <param name="cancellationToken">Given up.</param>
    public async Task<IReadOnlyList<AuditLine>> ListAsync(long? before, string words, int take, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(words);
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var rows = context.Audit.AsNoTracking();
            if (before is { } key)
            {
                rows = rows.Where(a => a.Key < key);
            }

            if (words.Trim() is { Length: > 0 } some)
            {
                rows = rows.Where(a => a.UserName.Contains(some) || a.Action.Contains(some) || a.Subject.Contains(some) || a.Detail.Contains(some));
            }

            var found = await rows.OrderByDescending(a => a.Key).Take(Math.Clamp(take, 1, MaxPage)).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. found.Select(a => new AuditLine(a.Key, new DateTime(a.AtTicks, DateTimeKind.Utc), a.UserName, a.Action, a.Subject, a.Detail))];
        }
    }

    private static string Cut(string text) => text.Length <= MaxText ? text : text[..(MaxText - 1)] + "…";
}
