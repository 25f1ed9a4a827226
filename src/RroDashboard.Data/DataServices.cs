using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace RroDashboard.Data;

/// <summary>Registers the data side.</summary>
public static class DataServices
{
    /// <summary>Name of the database file in the data folder.</summary>
    public const string FileName = "rrodashboard.db";

    /// <summary>Adds the database in a folder, its writer and its readers. The folder must exist.</summary>
    public static IServiceCollection AddRroData(this IServiceCollection services, string dataFolder)
    {
        // Private: the shared cache turns waiting into errors.
        var connection = new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(dataFolder, FileName),
            Cache = SqliteCacheMode.Private,
            DefaultTimeout = 30,
        };
        services.AddSingleton(_ => new DataFolderLock(dataFolder));
        services.AddSingleton<SqlitePragmaInterceptor>();
        services.AddDbContextFactory<RroDbContext>((provider, options) => options
            .UseSqlite(connection.ToString())
            // Deleted runs are filtered, and their facts are only ever read through their run.
            .ConfigureWarnings(w => w.Ignore(CoreEventId.PossibleIncorrectRequiredNavigationWithQueryFilterInteractionWarning))
            .AddInterceptors(provider.GetRequiredService<SqlitePragmaInterceptor>()));
        services.AddSingleton<RunStore>();
        services.AddSingleton<RunQueries>();
        services.AddSingleton<RunListQueries>();
        services.AddSingleton<RunKeeper>().AddSingleton<CompareQueries>();
        services.AddSingleton<SnapshotQueries>().AddSingleton<SeriesQueries>();
        services.AddSingleton<LogQueries>();
        services.AddSingleton<ExplorationIndex>();
        services.AddSingleton<WalkQueries>();
        services.AddSingleton<PairQueries>().AddSingleton<EpisodeQueries>();
        services.AddSingleton<PairSetStore>().AddSingleton<PairSetQueries>();
        services.AddSingleton<ResumeQueries>();
        services.AddSingleton<Bundles.RunReadings>().AddSingleton<Bundles.RunImports>().AddSingleton<ShareLinks>().AddSingleton<ReportStore>();
        services.AddSingleton<ReviewBell>().AddSingleton<ReviewStore>().AddSingleton<ReviewQueries>().AddSingleton<ReviewDecisions>();
        services.AddSingleton<AccountStore>().AddSingleton<InvitationStore>().AddSingleton<AuditLog>().AddSingleton<TokenStore>().AddSingleton<ApiQueries>().AddSingleton<RetentionQueries>().AddSingleton<RemoteQueries>();
        services.AddSingleton<JournalWriter>();
        services.AddHostedService(provider => provider.GetRequiredService<JournalWriter>());
        return services;
    }

    /// <summary>Takes the data folder for this process and brings the database file to this version. Call it before anything else touches the database.</summary>
    /// <exception cref="DataFolderInUseException">Another process has the folder.</exception>
    public static async Task MigrateRroDataAsync(this IServiceProvider services, CancellationToken cancellationToken)
    {
        services.GetRequiredService<DataFolderLock>().Take();
        var context = await services.GetRequiredService<IDbContextFactory<RroDbContext>>().CreateDbContextAsync(cancellationToken).ConfigureAwait(false);
        await using (context.ConfigureAwait(false))
        {
            await context.Database.MigrateAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
