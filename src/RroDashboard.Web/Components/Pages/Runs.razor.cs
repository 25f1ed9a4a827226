using System.Globalization;
using Microsoft.AspNetCore.Components;
using Radzen;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Navigation;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Components.Pages;

/// <summary>
/// All runs, rows live; filter, order and page stand in the address. Rows keep their places while one looks: where the database has another
/// order by now, that is offered and not done.
/// </summary>
public sealed partial class Runs : LivePage
{
    private const int PageSize = 50;
    private static readonly TimeSpan RenderEvery = TimeSpan.FromMilliseconds(500);

    private static readonly (string Key, string Title, string Meaning, bool Number)[] s_columns =
    [
        ("name", "Run", "Name, id, environment and seed", false),
        ("state", "State", "Running and waiting ones first when sorted", false),
        ("reward", "Held-out reward", "Greedy, after fine-tuning and at the end", false),
        ("", "Walk reward", "Mean reward of explored walks so far", false),
        ("", "Perfect", "Share of held-out tasks at the highest reward, greedily", true),
        ("candidates", "Cand./step", "Candidates sampled per decided step", true),
        ("saved", "Saved", "Candidates saved against a fixed K on the same steps: arithmetic, not a second run", true),
        ("pairs", "Pairs", "Preference pairs made", true),
        ("rollouts", "Rollouts", "Episodes played to value a step", true),
        ("owner", "Started by", "Who started it; owner:NAME filters", false),
        ("time", "Took", "From the start to the end", true),
        ("added", "Added", "When it was added", false),
    ];

    private readonly Dictionary<string, RunExtras> _extras = new(StringComparer.Ordinal);
    private readonly List<string> _picked = [];
    private IReadOnlyList<RunInfo> _rows = [];
    private IReadOnlyList<RunInfo>? _waiting;
    private IReadOnlyList<string> _deleted = [];
    private DateTimeOffset _undoUntil;
    private RunFacets? _facets;
    private string? _open;
    private string _wrong = "";
    private string _note = "";
    private int _total;
    private ElementReference _undo;
    private bool _focusUndo;

    /// <summary>Facts and actions.</summary>
    [Inject] public required IRunBoard Board { get; init; }

    /// <summary>Reads the list.</summary>
    [Inject] public required RunListQueries Queries { get; init; }

    /// <summary>Archives and deletes.</summary>
    [Inject] public required RunKeeper Keeper { get; init; }

    /// <summary>Tells other pages that the list changed.</summary>
    [Inject] public required LiveFeed Feed { get; init; }

    /// <summary>Asks before a run is stopped.</summary>
    [Inject] public required DialogService Dialogs { get; init; }

    /// <summary>What this person may do.</summary>
    [Inject] public required Rights Rights { get; init; }

    [SupplyParameterFromQuery(Name = "q")] private string? FilterText { get; set; }

    [SupplyParameterFromQuery(Name = "sort")] private string? SortParameter { get; set; }

    [SupplyParameterFromQuery(Name = "page")] private int? PageParameter { get; set; }

    private string Filter => FilterText?.Trim() ?? "";

    private RunSort Sort => RunSort.Parse(SortParameter);

    private string SortText => Sort == RunSort.Default ? "" : Sort.ToString();

    private int PageNumber => Math.Max(1, PageParameter ?? 1);

    private string CountText => string.Create(
        CultureInfo.InvariantCulture, $"{((PageNumber - 1) * PageSize) + 1:N0} to {((PageNumber - 1) * PageSize) + _rows.Count:N0} of {_total:N0}");

    private bool UndoIsOver => _deleted.Count > 0 && Time.GetUtcNow() > _undoUntil;

    private string WaitingText => (_waiting ?? []).Count(w => _rows.All(r => r.Id != w.Id)) is > 0 and var news ? $"Order changed, {news} not shown" : "Order changed";

    /// <inheritdoc/>
    protected override void OnInitialized() => Follow(Board.Subscribe((_, _) => HasChanged()), RenderEvery, LookAsync);

    /// <inheritdoc/>
    protected override bool TakeNews() => base.TakeNews() || UndoIsOver;

    /// <inheritdoc/>
    protected override Task OnParametersSetAsync()
    {
        _open = null;
        return RefreshNowAsync();
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_focusUndo && _deleted.Count > 0)
        {
            // The button that had the focus went with its row.
            _focusUndo = false;
            await _undo.FocusAsync();
        }
    }

    private string? AriaSort(string key) => key.Length > 0 && Sort.Key == key ? Sort.Down ? "descending" : "ascending" : null;

    private string Arrow(string key) => AriaSort(key) switch { "descending" => " ↓", "ascending" => " ↑", _ => "" };

    // Numbers and dates begin with the largest, words with the first; a second click turns it round.
    private string SortUrl(string key) =>
        RroUrls.RunsWith(Filter, (Sort.Key == key ? Sort with { Down = !Sort.Down } : new RunSort(key, key is not ("name" or "state"))).ToString(), 1);

    private void Pick(string run)
    {
        if (!_picked.Remove(run))
        {
            _picked.Add(run);
        }
    }

    private void OpenRow(string run) => _open = _open == run ? null : run;

    private void ApplyOrder()
    {
        (_rows, _waiting) = (_waiting ?? _rows, null);
        HasChanged();
    }

    private async Task StopAsync(RunInfo run)
    {
        var sure = await Dialogs.Confirm(
            run.Remote is null ? StopWords.Own : StopWords.Remote, "Stop this run?", new ConfirmOptions { OkButtonText = run.Remote is null ? "Stop the run" : "Ask to stop", CancelButtonText = "Let it run" });
        if (sure == true && await MayAsync("stop a run"))
        {
            await Board.StopAsync(run.Id, Left);
            await Rights.NoteAsync("run.stopped", run.Id);
        }
    }

    private async Task ArchiveAsync(IReadOnlyList<string> runs, bool archived)
    {
        if (!await MayAsync("archive a run"))
        {
            return;
        }

        var count = await Keeper.ArchiveAsync(runs, archived, Left);
        await AfterAsync(runs, archived ? $"{count} archived: find them with is:archived." : $"{count} taken out of the archive.");
    }

    private async Task DeleteAsync(IReadOnlyList<string> runs)
    {
        if (!await MayAsync("delete a run"))
        {
            return;
        }

        var deleted = await Keeper.DeleteAsync(runs, Left);
        foreach (var run in deleted)
        {
            await Rights.NoteAsync("run.deleted", run);
        }

        (_deleted, _undoUntil) = (deleted, Time.GetUtcNow() + RunKeeper.UndoTime);
        _focusUndo = deleted.Count > 0;
        await AfterAsync(deleted, deleted.Count < runs.Count ? $"{runs.Count - deleted.Count} wait or work and were left alone: stop them first." : "");
    }

    private async Task UndoAsync()
    {
        if (!await MayAsync("bring a run back"))
        {
            return;
        }

        var back = await Keeper.UndoDeleteAsync(_deleted, Left);
        var undone = back > 0 ? _deleted : [];
        foreach (var run in undone)
        {
            await Rights.NoteAsync("run.restored", run);
        }

        _deleted = [];
        await AfterAsync(undone, back > 0 ? "Brought back." : "Too late: it is gone.");
    }

    private async Task<bool> MayAsync(string what)
    {
        try
        {
            await Rights.DemandAsync(UserRole.Operator, what);
            return true;
        }
        catch (RefusalException e)
        {
            _note = e.Message;
            return false;
        }
    }

    private async Task AfterAsync(IReadOnlyList<string> runs, string note)
    {
        _picked.RemoveAll(runs.Contains);
        (_open, _note) = (null, note);
        await RefreshNowAsync();
        foreach (var run in runs)
        {
            Feed.RunListChanged(run);
        }
    }

    private async Task RefreshNowAsync()
    {
        await ReadAsync(keepOrder: false);
        StateHasChanged();
    }

    private async Task ReadAsync(bool keepOrder)
    {
        _wrong = "";
        try
        {
            var (rows, total) = await Queries.ListAsync(Filter, Sort, (PageNumber - 1) * PageSize, PageSize, Left);
            var same = rows.Select(r => r.Id).SequenceEqual(_rows.Select(r => r.Id), StringComparer.Ordinal);
            if (same || !keepOrder || _rows.Count == 0)
            {
                (_rows, _waiting) = (rows, null);
            }
            else
            {
                // The same rows with their news, where they were.
                (_rows, _waiting) = (await Queries.ByIdsAsync([.. _rows.Select(r => r.Id)], Left), rows);
            }

            _total = total;
        }
        catch (RunFilterException e)
        {
            (_wrong, _rows, _total, _waiting) = (e.Message, [], 0, null);
        }

        _facets = await Queries.FacetsAsync(Left);
        var news = _rows.Where(r => !_extras.TryGetValue(r.Id, out var known) || known.LastSeq != r.LastSeq).ToArray();
        if (news.Length > 0)
        {
            foreach (var (run, extras) in await Queries.ExtrasAsync(news, Left))
            {
                _extras[run] = extras;
            }
        }
    }

    private async Task LookAsync()
    {
        if (UndoIsOver)
        {
            (_deleted, _note) = ([], "");
        }

        await ReadAsync(keepOrder: true);
    }
}
