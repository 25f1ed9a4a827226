using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Components;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Observability;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Components.Pages.Admin;

/// <summary>What the server counts, its database, and old runs.</summary>
public sealed partial class ServerState : IDisposable
{
    /// <summary>Days after which a run is old, unless someone says otherwise.</summary>
    public const int DefaultDays = 90;

    private readonly CancellationTokenSource _left = new();
    private IReadOnlyList<ServerNumber> _numbers = [];
    private IReadOnlyList<BufferState> _buffers = [];
    private IReadOnlyList<OldRun>? _old;
    private int _days = DefaultDays;
    private string _said = "";
    private string _wrong = "";
    private bool _busy;

    /// <summary>Numbers.</summary>
    [Inject] public required ServerNumbers Numbers { get; init; }

    /// <summary>Finds old runs.</summary>
    [Inject] public required RetentionQueries Retention { get; init; }

    /// <summary>Deletes them.</summary>
    [Inject] public required RunKeeper Keeper { get; init; }

    /// <summary>Tells other pages.</summary>
    [Inject] public required LiveFeed Feed { get; init; }

    /// <summary>Where the data are.</summary>
    [Inject] public required DashboardOptions Options { get; init; }

    /// <summary>What this person may do.</summary>
    [Inject] public required Rights Rights { get; init; }

    /// <summary>The present.</summary>
    [Inject] public required TimeProvider Time { get; init; }

    private static string Version =>
        typeof(ServerState).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    private string DatabaseFile => Path.Combine(Options.DataFolder, DataServices.FileName);

    /// <inheritdoc/>
    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    /// <inheritdoc/>
    protected override Task OnInitializedAsync() => ReadAsync();

    private Task BackupAsync() => ActAsync("back up", async () =>
    {
        var folder = Path.Combine(Options.DataFolder, "backups");
        DashboardOptions.PrepareFolder(folder, "The folder of backups");
        var name = string.Create(CultureInfo.InvariantCulture, $"rrodashboard-{Time.GetUtcNow():yyyyMMdd-HHmmss}.db");
        var target = Path.Combine(folder, name);
        var bytes = await Task.Run(() => DatabaseBackup.WriteAsync(DatabaseFile, target, _left.Token), _left.Token);
        await Rights.NoteAsync("database.backup", name, Words.Bytes(bytes));
        return $"Written: backups/{name}, {Words.Bytes(bytes)}.";
    });

    private Task CheckAsync() => ActAsync("check the database", async () =>
        await Task.Run(() => DatabaseCheck.TellAsync(DatabaseFile, _left.Token), _left.Token) is { } problem ? $"The database has a problem: {problem}" : "The database is whole.");

    private Task PreviewAsync() => ActAsync("look for old runs", async () =>
    {
        _old = await Retention.OlderThanAsync(_days, _left.Token);
        return "";
    });

    private Task DeleteAsync() => ActAsync("delete old runs", async () =>
    {
        // Exactly those that were shown.
        var deleted = await Keeper.DeleteAsync([.. (_old ?? []).Select(r => r.Id)], _left.Token);
        foreach (var run in deleted)
        {
            await Rights.NoteAsync("run.deleted", run, $"older than {_days} days");
            Feed.RunListChanged(run);
        }

        _old = null;
        return $"{deleted.Count} runs were deleted.";
    });

    private async Task ReadAsync() => (_numbers, _buffers) = (await Numbers.ReadAsync(_left.Token), await Numbers.BuffersAsync(_left.Token));

    private async Task ActAsync(string what, Func<Task<string>> act)
    {
        (_said, _wrong, _busy) = ("", "", true);
        try
        {
            await Rights.DemandAsync(UserRole.Admin, what);
            _said = await act();
            await ReadAsync();
        }
        catch (Exception e) when (e is RefusalException or BackupException)
        {
            _wrong = e.Message;
        }
        finally
        {
            _busy = false;
        }
    }
}
