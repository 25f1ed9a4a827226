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

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        modelBuilder.Entity<RunEntity>(run =>
        {
            run.ToTable("Runs").HasKey(r => r.Key);
            run.HasIndex(r => r.Id).IsUnique();
            run.HasIndex(r => r.RequestKey).IsUnique();
            run.HasIndex(r => r.CreatedTicks);
            run.Property(r => r.State).HasConversion<string>();
            run.Property(r => r.Stage).HasConversion<string>();
        });
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
        modelBuilder.Entity<RollupEntity>(rollup =>
        {
            rollup.ToTable("MetricRollups").HasKey(r => new { r.RunKey, r.SeriesId, r.Width, r.Bucket });
            rollup.HasOne<RunEntity>().WithMany().HasForeignKey(r => r.RunKey).OnDelete(DeleteBehavior.Cascade);
        });
    }
}
