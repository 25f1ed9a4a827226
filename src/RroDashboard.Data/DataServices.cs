using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace RroDashboard.Data;

/// <summary>Puts the data side into a host.</summary>
public static class DataServices
{
    /// <summary>
    /// Adds <see cref="DataFolder"/>, the context factory, <see cref="JournalWriter"/> (also as the hosted service that migrates
    /// and writes), <see cref="RunStore"/> and <see cref="RunQueries"/>. Add it before anything that records: hosted services stop in reverse order.
    /// </summary>
    /// <exception cref="DataFolderException">The folder cannot be written.</exception>
    public static IServiceCollection AddRroData(this IServiceCollection services, string dataFolder)
    {
        var folder = new DataFolder(dataFolder);
        var connection = new SqliteConnectionStringBuilder
        {
            DataSource = folder.DatabasePath,
            Cache = SqliteCacheMode.Private,
            DefaultTimeout = SqlitePragmaInterceptor.BusyTimeoutMs / 1000,
        }.ToString();
        services.AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(folder);
        services.AddDbContextFactory<RroDbContext>(options => options.UseSqlite(connection).AddInterceptors(new SqlitePragmaInterceptor()));
        services.AddSingleton<WriteGate>();
        services.AddSingleton<JournalWriter>();
        services.AddHostedService(provider => provider.GetRequiredService<JournalWriter>());
        services.AddSingleton<RunStore>();
        services.AddSingleton<RunQueries>();
        return services;
    }
}
