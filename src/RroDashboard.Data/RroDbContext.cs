using Microsoft.EntityFrameworkCore;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>The database of one data folder. High-rate tables are written by <see cref="JournalWriter"/> with prepared commands; this maps them for reading.</summary>
public sealed class RroDbContext(DbContextOptions<RroDbContext> options) : DbContext(options)
{
    /// <summary>Runs.</summary>
    public DbSet<RunEntity> Runs => Set<RunEntity>();

    /// <summary>Facts and log lines.</summary>
    public DbSet<EventEntity> Events => Set<EventEntity>();

    /// <summary>Names of series.</summary>
    public DbSet<SeriesEntity> Series => Set<SeriesEntity>();

    /// <summary>Metric points.</summary>
    public DbSet<MetricPointEntity> MetricPoints => Set<MetricPointEntity>();

    /// <summary>Points summed up by 64 and 1024 steps.</summary>
    public DbSet<MetricRollupEntity> MetricRollups => Set<MetricRollupEntity>();

    /// <summary>Walked tasks.</summary>
    public DbSet<TaskEntity> Tasks => Set<TaskEntity>();

    /// <summary>Candidates.</summary>
    public DbSet<CandidateEntity> Candidates => Set<CandidateEntity>();

    /// <summary>Decided steps.</summary>
    public DbSet<StepEntity> Steps => Set<StepEntity>();

    /// <summary>Preference pairs.</summary>
    public DbSet<PairEntity> Pairs => Set<PairEntity>();

    /// <summary>Held-out evaluations.</summary>
    public DbSet<EvaluationEntity> Evaluations => Set<EvaluationEntity>();

    /// <summary>Their episodes.</summary>
    public DbSet<EvaluationEpisodeEntity> EvaluationEpisodes => Set<EvaluationEpisodeEntity>();

    /// <summary>Saved policies.</summary>
    public DbSet<CheckpointEntity> Checkpoints => Set<CheckpointEntity>();

    /// <summary>Dropped samples.</summary>
    public DbSet<DropEntity> Drops => Set<DropEntity>();

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        modelBuilder.Entity<RunEntity>(run =>
        {
            run.ToTable("Runs").HasKey(r => r.Id);
            run.Property(r => r.State).HasConversion<string>();
            run.Property(r => r.Stage).HasConversion<string>();
            run.HasIndex(r => r.CreatedTicks);
            run.HasIndex(r => r.Key).IsUnique();
        });
        modelBuilder.Entity<EventEntity>(e =>
        {
            e.ToTable("Events").HasKey(x => new { x.RunId, x.Seq });
            e.HasIndex(x => new { x.RunId, x.Kind, x.Seq });
            OfRun(e);
        });
        modelBuilder.Entity<SeriesEntity>(e =>
        {
            e.ToTable("Series").HasKey(x => x.Id);
            e.HasIndex(x => new { x.RunId, x.Name }).IsUnique();
            OfRun(e);
        });
        modelBuilder.Entity<MetricPointEntity>(e =>
        {
            // WITHOUT ROWID (migration): a third of the size, and a series lies together.
            e.ToTable("MetricPoints").HasKey(x => new { x.RunId, x.SeriesId, x.Step });
            OfRun(e);
        });
        modelBuilder.Entity<MetricRollupEntity>(e =>
        {
            e.ToTable("MetricRollups").HasKey(x => new { x.RunId, x.SeriesId, x.Width, x.Bucket });
            OfRun(e);
        });
        modelBuilder.Entity<TaskEntity>(e =>
        {
            e.ToTable("Tasks").HasKey(x => new { x.RunId, x.Task });
            OfRun(e);
        });
        modelBuilder.Entity<CandidateEntity>(e =>
        {
            e.ToTable("Candidates").HasKey(x => new { x.RunId, x.Seq });
            e.HasIndex(x => new { x.RunId, x.Task, x.Step, x.Attempt });
            OfRun(e);
        });
        modelBuilder.Entity<StepEntity>(e =>
        {
            e.ToTable("Steps").HasKey(x => new { x.RunId, x.Seq });
            e.Property(x => x.Verdict).HasConversion<string>();
            e.HasIndex(x => new { x.RunId, x.Task, x.Step });
            OfRun(e);
        });
        modelBuilder.Entity<PairEntity>(e =>
        {
            e.ToTable("Pairs").HasKey(x => new { x.RunId, x.Index });
            OfRun(e);
        });
        modelBuilder.Entity<EvaluationEntity>(e =>
        {
            e.ToTable("Evaluations").HasKey(x => new { x.RunId, x.Seq });
            e.Property(x => x.Stage).HasConversion<string>();
            OfRun(e);
        });
        modelBuilder.Entity<EvaluationEpisodeEntity>(e =>
        {
            e.ToTable("EvaluationEpisodes").HasKey(x => new { x.RunId, x.Seq, x.Index });
            OfRun(e);
        });
        modelBuilder.Entity<CheckpointEntity>(e =>
        {
            e.ToTable("Checkpoints").HasKey(x => new { x.RunId, x.Seq });
            e.Property(x => x.Stage).HasConversion<string>();
            OfRun(e);
        });
        modelBuilder.Entity<DropEntity>(e =>
        {
            e.ToTable("Drops").HasKey(x => x.Id);
            e.HasIndex(x => x.RunId);
            OfRun(e);
        });
    }

    // Deleting a run deletes everything it said.
    private static void OfRun<T>(Microsoft.EntityFrameworkCore.Metadata.Builders.EntityTypeBuilder<T> entity)
        where T : class =>
        entity.HasOne<RunEntity>().WithMany().HasForeignKey("RunId").OnDelete(DeleteBehavior.Cascade);
}
