using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Logs;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Components.Pages;

/// <summary>The log of a run: by level and search, in pages, followed while the run works.</summary>
public sealed partial class RunLogs : LivePage
{
    /// <summary>Lines that a page keeps; older ones are read again when they are asked for.</summary>
    public const int MaxRows = 1000;

    private static readonly TimeSpan RenderEvery = TimeSpan.FromMilliseconds(500);

    private List<LogRow> _rows = [];
    private ElementReference _root;
    private string _level = "info";
    private string _search = "";
    private long? _olderThan;
    private long _lastSeq;
    private int _searched;
    private int _waiting;
    private int _arrived;
    private int _asked;
    private int _reading;
    private bool _follow = true;
    private bool _missing;
    private bool _loaded;
    private bool _busy;
    private bool _trimmed;
    private bool _scroll;

    /// <summary>From the address.</summary>
    [Parameter] public required string RunId { get; set; }

    /// <summary>From the address: lowest level.</summary>
    [SupplyParameterFromQuery(Name = "level")] public string? LevelInUrl { get; set; }

    /// <summary>From the address: what is searched.</summary>
    [SupplyParameterFromQuery(Name = "q")] public string? SearchInUrl { get; set; }

    /// <summary>Reads lines.</summary>
    [Inject] public required RunLog Log { get; init; }

    /// <summary>Knows whether there is such a run.</summary>
    [Inject] public required RunQueries Queries { get; init; }

    /// <summary>Tells of new events.</summary>
    [Inject] public required LiveFeed Feed { get; init; }

    /// <summary>Loads the script module.</summary>
    [Inject] public required IJSRuntime Js { get; init; }

    /// <summary>Keeps the filter in the address.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    private string Status => !_loaded ? "Reading ..." : _searched >= RunLog.MaxSearched && _olderThan is not null
        ? $"{Words.Count(_rows.Count)} lines found in the newest {Words.Count(_searched)} events; \"Older lines\" searches on."
        : $"{Words.Count(_rows.Count)} lines{(_olderThan is null ? "" : ", and older ones")}";

    /// <inheritdoc/>
    protected override async Task OnInitializedAsync()
    {
        _level = LevelInUrl is "warning" or "error" ? LevelInUrl : "info";
        _search = SearchInUrl is { Length: <= 200 } search ? search : "";
        _missing = await Queries.FindAsync(RunId, Left) is null;
        if (!_missing)
        {
            Follow(Feed.Subscribe(HandleChanged), RenderEvery, LookAsync);
            await LoadAsync();
        }
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_missing)
        {
            return;
        }

        if (firstRender)
        {
            Module = await Js.InvokeAsync<IJSObjectReference>("import", Left, "/" + Assets["js/run-log.js"]);
            await Module.InvokeVoidAsync("attach", Left, _root);
            _scroll = true;
        }

        if (_scroll && Module is not null)
        {
            _scroll = false;
            await Module.InvokeVoidAsync("toEnd", Left, _root);
        }
    }

    /// <inheritdoc/>
    protected override bool TakeNews() => Volatile.Read(ref _arrived) > 0;

    // Called on the streaming side's thread: only remembers.
    private void HandleChanged(string runId, RunEvent? happened)
    {
        if (runId == RunId && happened is not null && LogQueries.IsLogged(happened))
        {
            Interlocked.Increment(ref _arrived);
        }
    }

    private async Task LookAsync()
    {
        // While something is read, what arrives waits for the next look: read twice, a line would stand there twice.
        if (_reading > 0 || Interlocked.Exchange(ref _arrived, 0) is not (> 0 and var arrived))
        {
            return;
        }

        if (_follow)
        {
            await ReadNewAsync();
        }
        else
        {
            _waiting += arrived;
        }
    }

    private async Task ReadNewAsync()
    {
        if (await AskAsync(long.MaxValue, _lastSeq, ++_asked) is not { } page)
        {
            return;
        }

        if (page.OlderThan is not null)
        {
            // More came than a page holds: begin anew at the end.
            await LoadAsync();
            return;
        }

        _rows.AddRange(page.Rows);
        _lastSeq = page.Newest;
        Trim();
        _waiting = 0;
        _scroll = true;
    }

    private async Task LoadAsync()
    {
        _busy = true;
        if (await AskAsync(long.MaxValue, 0, ++_asked) is not { } page)
        {
            return;
        }

        _busy = false;
        (_rows, _olderThan, _searched, _loaded, _waiting, _scroll) = ([.. page.Rows], page.OlderThan, page.Searched, true, 0, true);
        _lastSeq = page.Newest;
    }

    // The newest question wins: what an older one brings was asked with another filter or place.
    private async Task<LogPage?> AskAsync(long before, long after, int asked)
    {
        _reading++;
        try
        {
            var page = await Log.ReadAsync(RunId, _level, _search, before, after, Left);
            return asked == _asked ? page : null;
        }
        finally
        {
            _reading--;
        }
    }

    private async Task OlderAsync()
    {
        if (_busy)
        {
            return;
        }

        (_busy, _follow) = (true, false);
        if (await AskAsync(_olderThan ?? long.MaxValue, 0, ++_asked) is not { } page)
        {
            return;
        }

        _rows.InsertRange(0, page.Rows);
        (_olderThan, _searched, _busy) = (page.OlderThan, _searched + page.Searched, false);
        if (_rows.Count > MaxRows)
        {
            // Whoever reads back loses the newest lines, which "Follow" brings again.
            _rows.RemoveRange(MaxRows, _rows.Count - MaxRows);
            _trimmed = true;
        }
    }

    private void Trim()
    {
        if (_rows.Count > MaxRows)
        {
            _rows.RemoveRange(0, _rows.Count - MaxRows);
            (_olderThan, _trimmed) = (_rows[0].Seq, true);
        }
    }

    private async Task ToggleFollowAsync()
    {
        _follow = !_follow;
        if (_follow)
        {
            await LoadAsync();
        }
    }

    private async Task SetLevelAsync(ChangeEventArgs change)
    {
        _level = change.Value as string is "warning" or "error" ? (string)change.Value : "info";
        await SearchAsync();
    }

    private async Task SearchAsync()
    {
        await LoadAsync();
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["level"] = _level == "info" ? null : _level, ["q"] = _search.Length == 0 ? null : _search }), replace: true);
    }
}
