using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Hosting;

/// <summary>Starts the built-in demo in an empty database, so that the first page moves without a click.</summary>
public sealed class DemoRun(RunQueries queries, TrainingHost host, DashboardOptions options, ILogger<DemoRun> logger) : BackgroundService
{
    private const string RequestKey = "built-in demo";

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.StartDemo || (await queries.ListAsync(0, 1, stoppingToken)).Total > 0)
        {
            return;
        }

        try
        {
            await host.EnqueueAsync(Presets.Create("demo"), RequestKey, stoppingToken);
        }
        catch (RefusalException e)
        {
            // The pages say the same; the log is for whoever looks at the console only.
            logger.LogWarning("The demo run was not started: {Reason}", e.Message);
        }
    }
}
