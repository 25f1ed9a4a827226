using Microsoft.EntityFrameworkCore;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>Tables of review queues.</summary>
internal static class ReviewModel
{
    public static void Configure(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ReviewQueueEntity>(queue =>
        {
            queue.ToTable("ReviewQueues").HasKey(q => q.Key);
            queue.Property(q => q.Id).IsRequired();
            queue.HasIndex(q => q.Id).IsUnique();
            queue.HasIndex(q => q.RequestKey).IsUnique();
            queue.Property(q => q.Kind).HasConversion<string>();
            queue.Property(q => q.Order).HasConversion<string>();
            queue.HasOne<RunEntity>().WithMany().HasForeignKey(q => q.RunKey).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<ReviewItemEntity>(item =>
        {
            item.ToTable("ReviewItems").HasKey(i => i.Key);
            item.HasIndex(i => new { i.QueueKey, i.Position }).IsUnique();
            item.Property(i => i.Version).IsConcurrencyToken();
            item.HasOne<ReviewQueueEntity>().WithMany().HasForeignKey(i => i.QueueKey).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<ReviewReservationEntity>(held =>
        {
            held.ToTable("ReviewReservations").HasKey(r => new { r.ItemKey, r.ReviewerId });
            held.HasOne<ReviewItemEntity>().WithMany().HasForeignKey(r => r.ItemKey).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<ReviewAnswerEntity>(answer =>
        {
            answer.ToTable("ReviewAnswers").HasKey(a => a.Key);
            // One living answer for each person and item: a second one cannot be written, whoever tries.
            answer.HasIndex(a => new { a.ItemKey, a.ReviewerId }).IsUnique().HasFilter("State <> 'Undone'");
            answer.HasIndex(a => a.ReviewerId);
            answer.Property(a => a.State).HasConversion<string>();
            answer.Property(a => a.Order).HasConversion<string>();
            answer.Property(a => a.Version).IsConcurrencyToken();
            answer.HasOne<ReviewItemEntity>().WithMany().HasForeignKey(a => a.ItemKey).OnDelete(DeleteBehavior.Cascade);
        });
    }
}
