using Microsoft.EntityFrameworkCore;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>Everything the dashboard keeps, in one SQLite file.</summary>
public sealed class RroDbContext(DbContextOptions<RroDbContext> options) : DbContext(options)
{
    /// <summary>Runs.</summary>
    public DbSet<RunEntity> Runs => Set<RunEntity>();

    /// <summary>Facts and log lines.</summary>
    public DbSet<EventEntity> Events => Set<EventEntity>();

    /// <summary>Names of series.</summary>
    public DbSet<SeriesEntity> Series => Set<SeriesEntity>();

    /// <summary>Metric points.</summary>
    public DbSet<PointEntity> Points => Set<PointEntity>();

    /// <summary>Buckets of metric points.</summary>
    public DbSet<RollupEntity> Rollups => Set<RollupEntity>();

    /// <summary>Links that show a part of what is here to people without an account.</summary>
    public DbSet<ShareLinkEntity> ShareLinks => Set<ShareLinkEntity>();

    /// <summary>Reports.</summary>
    public DbSet<ReportEntity> Reports => Set<ReportEntity>();

    /// <summary>What reports said and say.</summary>
    public DbSet<ReportVersionEntity> ReportVersions => Set<ReportVersionEntity>();

    /// <summary>Versions of pairs.</summary>
    public DbSet<PairSetEntity> PairSets => Set<PairSetEntity>();

    /// <summary>Which version of a run's pairs counted from when on.</summary>
    public DbSet<PairSetTurnEntity> PairSetTurns => Set<PairSetTurnEntity>();

    /// <summary>What versions say of single pairs.</summary>
    public DbSet<PairDecisionEntity> PairDecisions => Set<PairDecisionEntity>();

    /// <summary>People who can sign in.</summary>
    public DbSet<UserEntity> Users => Set<UserEntity>();

    /// <summary>Links that make accounts.</summary>
    public DbSet<InvitationEntity> Invitations => Set<InvitationEntity>();

    /// <summary>Keys for programs.</summary>
    public DbSet<ApiTokenEntity> ApiTokens => Set<ApiTokenEntity>();

    /// <summary>Who did what when.</summary>
    public DbSet<AuditEntity> Audit => Set<AuditEntity>();

    /// <summary>A number within a JSON text, for queries only: SQLite's json_extract.</summary>
    /// <param name="json">The text.</param>
    /// <param name="path">Ours, never a request's: for example $.candidates.</param>
    public static double? JsonNumber(string? json, string path) => throw new InvalidOperationException("Only within a query.");

    /// <summary>A text within a JSON text, for queries only.</summary>
    /// <param name="json">The text.</param>
    /// <param name="path">Ours, never a request's.</param>
    public static string? JsonText(string? json, string path) => throw new InvalidOperationException("Only within a query.");

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        modelBuilder.HasDbFunction(typeof(RroDbContext).GetMethod(nameof(JsonNumber))!).HasName("json_extract").IsBuiltIn();
        modelBuilder.HasDbFunction(typeof(RroDbContext).GetMethod(nameof(JsonText))!).HasName("json_extract").IsBuiltIn();
        modelBuilder.Entity<RunEntity>(run =>
        {
            run.ToTable("Runs").HasKey(r => r.Key);
            run.HasIndex(r => r.Id).IsUnique();
            run.HasIndex(r => r.RequestKey).IsUnique();
            run.HasIndex(r => r.CreatedTicks);
            // Deleted runs are nowhere; what removes them, or brings them back, asks for them by name.
            run.HasQueryFilter(r => r.DeletedTicks == null);
            run.Property(r => r.State).HasConversion<string>();
            run.Property(r => r.Stage).HasConversion<string>();
        });
        ReviewModel.Configure(modelBuilder);
        modelBuilder.Entity<EventEntity>(row =>
        {
            row.ToTable("Events").HasKey(e => new { e.RunKey, e.Seq });
            row.HasIndex(e => new { e.RunKey, e.Kind, e.Task, e.Step });
            row.HasOne<RunEntity>().WithMany().HasForeignKey(e => e.RunKey).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<SeriesEntity>(series =>
        {
            series.ToTable("Series").HasKey(s => s.Id);
            series.HasIndex(s => s.Name).IsUnique();
        });
        modelBuilder.Entity<PointEntity>(point =>
        {
            point.ToTable("MetricPoints").HasKey(p => new { p.RunKey, p.SeriesId, p.Step });
            point.HasOne<RunEntity>().WithMany().HasForeignKey(p => p.RunKey).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<PairSetEntity>(set =>
        {
            set.ToTable("PairSets").HasKey(s => s.Key);
            set.HasIndex(s => new { s.RunKey, s.Number }).IsUnique();
            set.HasIndex(s => new { s.RunKey, s.Sha256 }).IsUnique();
            set.HasOne<RunEntity>().WithMany().HasForeignKey(s => s.RunKey).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<PairSetTurnEntity>(turn =>
        {
            turn.ToTable("PairSetTurns").HasKey(t => t.Key);
            turn.HasIndex(t => t.RunKey);
            turn.HasOne<RunEntity>().WithMany().HasForeignKey(t => t.RunKey).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<PairDecisionEntity>(decision =>
        {
            decision.ToTable("PairDecisions").HasKey(d => new { d.SetKey, d.PairIndex });
            decision.Property(d => d.Decision).HasConversion<string>();
            decision.HasOne<PairSetEntity>().WithMany().HasForeignKey(d => d.SetKey).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<RollupEntity>(rollup =>
        {
            rollup.ToTable("MetricRollups").HasKey(r => new { r.RunKey, r.SeriesId, r.Width, r.Bucket });
            rollup.HasOne<RunEntity>().WithMany().HasForeignKey(r => r.RunKey).OnDelete(DeleteBehavior.Cascade);
        });
        SharingModel.Configure(modelBuilder);
        CreateAccounts(modelBuilder);
    }

    private static void CreateAccounts(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<UserEntity>(user =>
        {
            user.ToTable("Users").HasKey(u => u.Key);
            user.HasIndex(u => u.Id).IsUnique();
            user.HasIndex(u => u.NameKey).IsUnique();
            user.Property(u => u.Role).HasConversion<string>();
        });
        modelBuilder.Entity<InvitationEntity>(invitation =>
        {
            invitation.ToTable("Invitations").HasKey(i => i.Key);
            invitation.HasIndex(i => i.TokenHash).IsUnique();
            invitation.Property(i => i.Role).HasConversion<string>();
        });
        modelBuilder.Entity<ApiTokenEntity>(token =>
        {
            token.ToTable("ApiTokens").HasKey(t => t.Key);
            token.HasIndex(t => t.TokenHash).IsUnique();
            token.HasIndex(t => t.UserId);
            token.Property(t => t.Scope).HasConversion<string>();
        });
        modelBuilder.Entity<AuditEntity>().ToTable("Audit").HasKey(a => a.Key);
    }
}
