using RroDashboard.Data;
using RroDashboard.Data.Bundles;

namespace RroDashboard.Web.Hosting;

/// <summary>Removes deleted runs for good when they can no longer be brought back: their folder first, so that a kill in between leaves nothing that nobody knows of.</summary>
public sealed class DeletedRunsSweeper(RunKeeper keeper, RunImports imports, TrainingHost host, TimeProvider time, ILogger<DeletedRunsSweeper> logger) : BackgroundService
{
    /// <summary>Time between two looks.</summary>
    public static TimeSpan Every { get; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            await SweepImportsAsync();
            do
            {
                await SweepAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The server stops; the rest is removed after the next start.
        }
    }

    // What an import left that died with its process: from now on it is a deleted run like any other.
    private async Task SweepImportsAsync()
    {
        try
        {
            if (await imports.SweepAsync() is > 0 and var count)
            {
                logger.LogWarning("{Count} imports were broken off and are removed", count);
            }
        }
        catch (System.Data.Common.DbException e)
        {
            logger.LogWarning(e, "Imports that were broken off could not be looked for");
        }
    }

    private async Task SweepAsync(CancellationToken stoppingToken)
    {
        IReadOnlyList<string> overdue;
        try
        {
            overdue = await keeper.OverdueAsync(stoppingToken);
        }
        catch (System.Data.Common.DbException e)
        {
            logger.LogWarning(e, "Deleted runs could not be looked for");
            return;
        }

        foreach (var run in overdue)
        {
            try
            {
                // The id comes from our table, never from a request.
                var folder = host.RunFolder(run);
                if (Directory.Exists(folder))
                {
                    Directory.Delete(folder, recursive: true);
                }

                await keeper.RemoveAsync(run, stoppingToken);
                logger.LogInformation("Run {Run} was removed with everything it said", run);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Data.Common.DbException)
            {
                // It stays invisible, the next look tries again, and the others do not wait for it.
                logger.LogWarning(e, "Deleted run {Run} could not be removed yet", run);
            }
        }
    }
}
