using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using RroDashboard.Core.Plans;

namespace RroDashboard.Data.Tests;

/// <summary>The real data side on a real file, as the server has it.</summary>
internal sealed class TestDatabase : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly bool _ownsFolder;

    private TestDatabase(ServiceProvider services, string folder, bool ownsFolder) => (_services, Folder, _ownsFolder) = (services, folder, ownsFolder);

    public string Folder { get; }

    public JournalWriter Writer => _services.GetRequiredService<JournalWriter>();

    public AccountStore Accounts => _services.GetRequiredService<AccountStore>();

    public InvitationStore Invitations => _services.GetRequiredService<InvitationStore>();

    public AuditLog Audit => _services.GetRequiredService<AuditLog>();

    public RunStore Store => _services.GetRequiredService<RunStore>();

    public SnapshotQueries Snapshots => _services.GetRequiredService<SnapshotQueries>();

    public LogQueries Log => _services.GetRequiredService<LogQueries>();

    public RunQueries Queries => _services.GetRequiredService<RunQueries>();

    public IDbContextFactory<RroDbContext> Contexts => _services.GetRequiredService<IDbContextFactory<RroDbContext>>();

    /// <summary>In a new folder, which is removed at the end.</summary>
    public static Task<TestDatabase> CreateAsync(ICommittedEvents? listener = null) =>
        OpenAsync(Directory.CreateTempSubdirectory("rro-data-").FullName, listener, ownsFolder: true);

    /// <summary>In a folder that stays.</summary>
    public static Task<TestDatabase> OpenAsync(string folder, ICommittedEvents? listener = null) => OpenAsync(folder, listener, ownsFolder: false);

    /// <summary>A connection of its own, past everything under test.</summary>
    public SqliteConnection Connect()
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(Folder, DataServices.FileName), Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    public void Execute(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public long Number(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }

    public async Task<string> NewRunAsync() => (await Store.CreateAsync(Presets.Create("demo"), Guid.NewGuid().ToString("N"), default)).Id;

    public Task FlushAsync() => Writer.FlushAsync(default).WaitAsync(TimeSpan.FromSeconds(30));

    public async ValueTask DisposeAsync()
    {
        await Writer.StopAsync(default).WaitAsync(TimeSpan.FromSeconds(30));
        await _services.DisposeAsync();
        SqliteConnection.ClearAllPools();
        if (_ownsFolder)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    private static async Task<TestDatabase> OpenAsync(string folder, ICommittedEvents? listener, bool ownsFolder)
    {
        var services = new ServiceCollection().AddLogging().AddSingleton(TimeProvider.System);
        services.AddRroData(folder);
        if (listener is not null)
        {
            services.AddSingleton(listener);
        }

        var provider = services.BuildServiceProvider();
        await provider.MigrateRroDataAsync(default);
        await provider.GetRequiredService<JournalWriter>().StartAsync(default);
        return new TestDatabase(provider, folder, ownsFolder);
    }
}

/// <summary>Keeps what it hears; can be made to wait, as a slow disk would.</summary>
internal sealed class Listener : ICommittedEvents
{
    private readonly List<CommittedEvent> _heard = [];

    public Action<IReadOnlyList<CommittedEvent>>? Then { get; set; }

    public IReadOnlyList<CommittedEvent> Heard
    {
        get
        {
            lock (_heard)
            {
                return [.. _heard];
            }
        }
    }

    public void OnCommitted(IReadOnlyList<CommittedEvent> events)
    {
        lock (_heard)
        {
            _heard.AddRange(events);
        }

        Then?.Invoke(events);
    }
}
