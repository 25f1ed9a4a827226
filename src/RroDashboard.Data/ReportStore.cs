using Microsoft.EntityFrameworkCore;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>A report cannot be kept as it is. The message is one sentence.</summary>
public class ReportException(string message) : Exception(message);

/// <summary>Someone else has written a newer version meanwhile.</summary>
public sealed class ReportConflictException(string message) : ReportException(message);

/// <summary>A report as lists show it.</summary>
/// <param name="Id">Opaque id.</param>
/// <param name="Title">Of its newest version.</param>
/// <param name="By">Who made it.</param>
/// <param name="CreatedUtc">When.</param>
/// <param name="ChangedUtc">When its newest version was written.</param>
/// <param name="Version">Number of its newest version.</param>
public sealed record ReportInfo(string Id, string Title, string By, DateTime CreatedUtc, DateTime ChangedUtc, int Version);

/// <summary>One version of a report.</summary>
/// <param name="Number">1, 2, ..</param>
/// <param name="Title">Its title.</param>
/// <param name="Markdown">Its text; empty in lists of versions.</param>
/// <param name="By">Who wrote it.</param>
/// <param name="AtUtc">When.</param>
public sealed record ReportVersion(int Number, string Title, string Markdown, string By, DateTime AtUtc);

/// <summary>Reports and their versions. A version is written once and never changed.</summary>
public sealed class ReportStore(IDbContextFactory<RroDbContext> contexts, TimeProvider time)
{
    /// <summary>Characters of a title.</summary>
    public const int MaxTitle = 120;

    /// <summary>Characters of a text.</summary>
    public const int MaxMarkdown = 100_000;

    /// <summary>Versions of one report; the oldest makes room.</summary>
    public const int MaxVersions = 200;

    /// <summary>Reports in a list.</summary>
    public const int MaxListed = 500;

    /// <summary>Makes a report with its first version.</summary>
    /// <returns>Its id.</returns>
    /// <exception cref="ReportException">Title or text is not allowed.</exception>
    public async Task<string> CreateAsync(string title, string markdown, string by, CancellationToken cancellationToken)
    {
        title = Check(title, markdown);
        var now = time.GetUtcNow().UtcTicks;
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var report = new ReportEntity { Id = RandomText.NewId(), Title = title, CreatedBy = by, CreatedTicks = now, ChangedTicks = now, Version = 1 };
            var transaction = await context.Database.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                context.Reports.Add(report);
                await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
                context.ReportVersions.Add(new ReportVersionEntity { ReportKey = report.Key, Version = 1, Title = title, Markdown = markdown, ChangedBy = by, AtTicks = now });
                await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            }

            return report.Id;
        }
    }

    /// <summary>Adds a version.</summary>
    /// <param name="id">Which report.</param>
    /// <param name="title">Its title.</param>
    /// <param name="markdown">Its text.</param>
    /// <param name="basedOn">Version that the writer had before them.</param>
    /// <param name="by">Who writes it.</param>
    /// <param name="cancellationToken">Given up.</param>
    /// <returns>Number of the new version; null when there is no such report.</returns>
    /// <exception cref="ReportConflictException">There is a newer version than the one it is based on.</exception>
    /// <exception cref="ReportException">Title or text is not allowed.</exception>
    public async Task<int?> SaveAsync(string id, string title, string markdown, int basedOn, string by, CancellationToken cancellationToken)
    {
        title = Check(title, markdown);
        var now = time.GetUtcNow().UtcTicks;
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var transaction = await context.Database.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                if (await context.Reports.FirstOrDefaultAsync(r => r.Id == id, cancellationToken).ConfigureAwait(false) is not { } report)
                {
                    return null;
                }

                if (report.Version != basedOn)
                {
                    var newest = await context.ReportVersions.AsNoTracking().FirstAsync(v => v.ReportKey == report.Key && v.Version == report.Version, cancellationToken).ConfigureAwait(false);
                    throw new ReportConflictException(
                        $"Version {report.Version} was written meanwhile{(newest.ChangedBy.Length > 0 ? $" by {newest.ChangedBy}" : "")}, and yours is based on version {basedOn}: copy your text, reload, and put it in again.");
                }

                (report.Title, report.ChangedTicks, report.Version) = (title, now, basedOn + 1);
                context.ReportVersions.Add(new ReportVersionEntity { ReportKey = report.Key, Version = report.Version, Title = title, Markdown = markdown, ChangedBy = by, AtTicks = now });
                await context.SaveChangesAsync(cancellationToken).ConfigureAwait(false);
                var oldest = report.Version - MaxVersions;
                await context.ReportVersions.Where(v => v.ReportKey == report.Key && v.Version <= oldest).ExecuteDeleteAsync(cancellationToken).ConfigureAwait(false);
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                return report.Version;
            }
        }
    }

    /// <summary>Reports, changed last first.</summary>
    public async Task<IReadOnlyList<ReportInfo>> ListAsync(CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var rows = await context.Reports.AsNoTracking().OrderByDescending(r => r.ChangedTicks).Take(MaxListed).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(Info)];
        }
    }

    /// <summary>A report with one of its versions, the newest unless another is asked for; null when there is none.</summary>
    public async Task<(ReportInfo Report, ReportVersion Version)?> FindAsync(string id, int? version, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            if (await context.Reports.AsNoTracking().FirstOrDefaultAsync(r => r.Id == id, cancellationToken).ConfigureAwait(false) is not { } report)
            {
                return null;
            }

            var number = version ?? report.Version;
            var found = await context.ReportVersions.AsNoTracking().FirstOrDefaultAsync(v => v.ReportKey == report.Key && v.Version == number, cancellationToken).ConfigureAwait(false);
            return found is null ? null : (Info(report), new ReportVersion(found.Version, found.Title, found.Markdown, found.ChangedBy, new DateTime(found.AtTicks, DateTimeKind.Utc)));
        }
    }

    /// <summary>Versions of a report, newest first, without their texts.</summary>
    public async Task<IReadOnlyList<ReportVersion>> VersionsAsync(string id, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            var rows = await context.ReportVersions.AsNoTracking().Where(v => context.Reports.Any(r => r.Id == id && r.Key == v.ReportKey)).OrderByDescending(v => v.Version)
                .Select(v => new { v.Version, v.Title, v.ChangedBy, v.AtTicks }).ToListAsync(cancellationToken).ConfigureAwait(false);
            return [.. rows.Select(v => new ReportVersion(v.Version, v.Title, "", v.ChangedBy, new DateTime(v.AtTicks, DateTimeKind.Utc)))];
        }
    }

    /// <summary>Removes a report with its versions and its links.</summary>
    /// <returns>False when there is none.</returns>
    public async Task<bool> DeleteAsync(string id, CancellationToken cancellationToken)
    {
        var context = await contexts.CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            return await context.Reports.Where(r => r.Id == id).ExecuteDeleteAsync(cancellationToken).ConfigureAwait(false) > 0;
        }
    }

    private static string Check(string title, string markdown)
    {
        ArgumentNullException.ThrowIfNull(title);
        ArgumentNullException.ThrowIfNull(markdown);
        var kept = new string([.. title.Trim().Where(c => !char.IsControl(c))]);
        if (kept.Length is 0 or > MaxTitle)
        {
            throw new ReportException($"The title of a report has 1 to {MaxTitle} characters, and this one has {kept.Length}.");
        }

        return markdown.Length <= MaxMarkdown ? kept : throw new ReportException($"The text has {markdown.Length} characters: at most {MaxMarkdown} are allowed.");
    }

    private static ReportInfo Info(ReportEntity report) => new(
        report.Id, report.Title, report.CreatedBy, new DateTime(report.CreatedTicks, DateTimeKind.Utc), new DateTime(report.ChangedTicks, DateTimeKind.Utc), report.Version);
}
