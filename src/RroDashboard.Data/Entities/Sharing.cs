using Microsoft.EntityFrameworkCore;

namespace RroDashboard.Data.Entities;

/// <summary>What a share link shows.</summary>
public enum ShareScope
{
    /// <summary>The overview of a run: results, charts, and what exploration decided.</summary>
    Run,

    /// <summary>One chart of a run.</summary>
    Chart,

    /// <summary>One walk of a run, step by step.</summary>
    Trajectory,

    /// <summary>A report.</summary>
    Report,
}

/// <summary>A link that shows a part of what is here to whoever has it. The token itself is kept nowhere.</summary>
public sealed class ShareLinkEntity
{
    /// <summary>Small number, for the people who made it.</summary>
    public int Id { get; set; }

    /// <summary>SHA-256 of the token, lower-case hex.</summary>
    public required string TokenHash { get; set; }

    /// <summary>What it shows.</summary>
    public ShareScope Scope { get; set; }

    /// <summary>Of which run; null for a report.</summary>
    public int? RunKey { get; set; }

    /// <summary>Which report; null for a run.</summary>
    public int? ReportKey { get; set; }

    /// <summary>Key of the chart, or number of the walk; empty otherwise.</summary>
    public string Target { get; set; } = "";

    /// <summary>What it showed when it was made, JSON; null for a link that shows the present.</summary>
    public string? FrozenJson { get; set; }

    /// <summary>Prompts, actions and observations are never sent.</summary>
    public bool Redacted { get; set; }

    /// <summary>Other sites may show it in a frame.</summary>
    public bool Embeddable { get; set; }

    /// <summary>Who made it, for people.</summary>
    public string CreatedBy { get; set; } = "";

    /// <summary>UTC ticks.</summary>
    public long CreatedTicks { get; set; }

    /// <summary>UTC ticks.</summary>
    public long ExpiresTicks { get; set; }

    /// <summary>UTC ticks; null unless it was taken back.</summary>
    public long? RevokedTicks { get; set; }

    /// <summary>How often it was opened.</summary>
    public int Views { get; set; }

    /// <summary>How often it can be opened; null for any number.</summary>
    public int? MaxViews { get; set; }

    /// <summary>Salted hash of its password; null when it has none.</summary>
    public string? PasswordHash { get; set; }

    /// <summary>Wrong passwords since the last right one.</summary>
    public int FailedPasswords { get; set; }

    /// <summary>UTC ticks until which no password is taken; null when it is open for one.</summary>
    public long? LockedUntilTicks { get; set; }
}

/// <summary>A report: Markdown with blocks that show runs. Its text is in its versions.</summary>
public sealed class ReportEntity
{
    /// <summary>Small number.</summary>
    public int Key { get; set; }

    /// <summary>Opaque id for people and addresses.</summary>
    public required string Id { get; set; }

    /// <summary>For lists.</summary>
    public required string Title { get; set; }

    /// <summary>Who made it, for people.</summary>
    public string CreatedBy { get; set; } = "";

    /// <summary>UTC ticks.</summary>
    public long CreatedTicks { get; set; }

    /// <summary>UTC ticks of the newest version.</summary>
    public long ChangedTicks { get; set; }

    /// <summary>Number of the newest version.</summary>
    public int Version { get; set; }
}

/// <summary>One version of a report. Versions are added and never changed.</summary>
public sealed class ReportVersionEntity
{
    /// <summary>Which report.</summary>
    public int ReportKey { get; set; }

    /// <summary>1, 2, ..</summary>
    public int Version { get; set; }

    /// <summary>Title in this version.</summary>
    public required string Title { get; set; }

    /// <summary>The text.</summary>
    public required string Markdown { get; set; }

    /// <summary>Who wrote it, for people.</summary>
    public string ChangedBy { get; set; } = "";

    /// <summary>UTC ticks.</summary>
    public long AtTicks { get; set; }
}

/// <summary>Tables of links and reports. A link goes with the run or report that it shows.</summary>
internal static class SharingModel
{
    public static void Configure(ModelBuilder model)
    {
        model.Entity<ShareLinkEntity>(link =>
        {
            link.ToTable("ShareLinks").HasKey(l => l.Id);
            link.HasIndex(l => l.TokenHash).IsUnique();
            link.Property(l => l.Scope).HasConversion<string>();
            link.HasOne<RunEntity>().WithMany().HasForeignKey(l => l.RunKey).OnDelete(DeleteBehavior.Cascade);
            link.HasOne<ReportEntity>().WithMany().HasForeignKey(l => l.ReportKey).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<ReportEntity>(report =>
        {
            report.ToTable("Reports").HasKey(r => r.Key);
            report.HasIndex(r => r.Id).IsUnique();
            report.Property(r => r.Id).IsRequired();
        });
        model.Entity<ReportVersionEntity>(version =>
        {
            version.ToTable("ReportVersions").HasKey(v => new { v.ReportKey, v.Version });
            version.HasOne<ReportEntity>().WithMany().HasForeignKey(v => v.ReportKey).OnDelete(DeleteBehavior.Cascade);
        });
    }
}
