using System.Globalization;
using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;
using RroDashboard.Web.Components.Exploration;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Components.Pages;

/// <summary>Walks of a run, filtered and sorted on the server by what the address says, and where their values rise and fall.</summary>
public sealed partial class Explore : LivePage
{
    private const int PageSize = 25;
    private const int MaxWords = 200;
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(1);

    private RunInfo? _run;
    private RewardRange _range = RewardRange.Unit;
    private ExplorationFacts _facts = ExplorationFacts.Empty;
    private ILookup<int, StepFact> _steps = Array.Empty<StepFact>().ToLookup(s => s.Change.Task);
    private River _river = River.Of([], RewardRange.Unit);
    private WalkFilter _filter = new();
    private IReadOnlyList<WalkFact> _rows = [];
    private int _total;
    private int _page;
    private bool _loaded;
    private bool _walking;
    private bool _newOrder;

    /// <summary>Which run.</summary>
    [Parameter] public string RunId { get; set; } = "";

    // Texts: what is no number in an address is left out instead of failing the page.
    [SupplyParameterFromQuery(Name = "q")] private string? WordsText { get; set; }

    [SupplyParameterFromQuery(Name = "outcome")] private string? Outcome { get; set; }

    [SupplyParameterFromQuery(Name = "change")] private string? Change { get; set; }

    [SupplyParameterFromQuery(Name = "steps")] private string? Steps { get; set; }

    [SupplyParameterFromQuery(Name = "exhausted")] private string? Exhausted { get; set; }

    [SupplyParameterFromQuery(Name = "invalid")] private string? Invalid { get; set; }

    [SupplyParameterFromQuery(Name = "sort")] private string? Sort { get; set; }

    [SupplyParameterFromQuery(Name = "desc")] private string? Descending { get; set; }

    [SupplyParameterFromQuery(Name = "page")] private string? PageText { get; set; }

    /// <summary>Reads the run.</summary>
    [Inject] public required RunQueries Queries { get; init; }

    /// <summary>Reads walks.</summary>
    [Inject] public required WalkQueries Walks { get; init; }

    /// <summary>Reads steps.</summary>
    [Inject] public required ExplorationIndex Index { get; init; }

    /// <summary>Tells of events.</summary>
    [Inject] public required ExplorationFeed Feed { get; init; }

    /// <summary>The address.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    private string CountText => _total == 0
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $"{(_page * PageSize) + 1:N0} to {(_page * PageSize) + _rows.Count:N0} of {_total:N0} walks{(_total < _facts.Walks.Count ? $" that fit, {_facts.Walks.Count:N0} in all" : "")}");

    /// <inheritdoc/>
    protected override void OnInitialized() => Follow(
        Feed.Subscribe(RunId, happened =>
        {
            if (happened is TaskOpened or StepDecided or TaskFinished or RunEnded or StageFinished)
            {
                HasChanged();
            }
        }),
        RefreshEvery,
        RefreshAsync);

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        _page = int.TryParse(PageText, CultureInfo.InvariantCulture, out var page) ? Math.Clamp(page, 0, 100_000) : 0;
        _filter = new WalkFilter(
            Enum.TryParse<WalkOutcome>(Outcome, ignoreCase: true, out var outcome) && Enum.IsDefined(outcome) ? outcome : null,
            int.TryParse(Steps, CultureInfo.InvariantCulture, out var steps) && steps > 0 ? steps : null,
            Change switch { "up" => 2 * RisingRule.Tolerance, "same" => 0, _ => null },
            Change switch { "down" => -2 * RisingRule.Tolerance, "same" => 0, _ => null },
            Exhausted == "1", Invalid == "1", WordsText?.Trim() is { } words ? words[..Math.Min(words.Length, MaxWords)] : "",
            Enum.TryParse<WalkSort>(Sort, ignoreCase: true, out var sort) && Enum.IsDefined(sort) ? sort : WalkSort.Task,
            Descending == "1");
        await ReloadAsync();
    }

    private List<double> ValuesOf(WalkFact walk)
    {
        var running = walk.Baseline;
        List<double> line = [running, .. _steps[walk.Task].Select(step => running += step.Change.Change ?? 0)];
        return walk.Reward is { } reward ? [.. line, reward] : line;
    }

    private string With(string name, object? value) => Navigation.GetUriWithQueryParameter(name, value is 0 ? null : value?.ToString());

    private void Go(string name, object? value) => Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(new Dictionary<string, object?>
    {
        [name] = value is true ? "1" : value is false || string.IsNullOrWhiteSpace(value?.ToString()) ? null : value.ToString(),
        ["page"] = null,
    }));

    private async Task ReloadAsync()
    {
        await ReadAsync();
        (_rows, _total) = _run is null ? ([], 0) : await Walks.ListAsync(RunId, _filter, _range, _page * PageSize, PageSize, Left);
        (_newOrder, _loaded) = (false, true);
    }

    private async Task ReadAsync()
    {
        _run = await Queries.FindAsync(RunId, Left);
        var header = _run is null ? [] : await Queries.HeaderAsync(RunId, Left);
        _range = header.OfType<RunStarted>().FirstOrDefault()?.RewardRange ?? RewardRange.Unit;
        _walking = _run is { Stage: Stage.Explore, State: RunState.Running };
        _facts = await Index.ReadAsync(RunId, Left);
        _steps = _facts.Steps.ToLookup(s => s.Change.Task);
        _river = River.Of([.. _facts.Steps.Select(s => s.Change)], _range);
    }

    private void KeepRows()
    {
        var now = _facts.Walks.ToDictionary(w => w.Task);
        (_rows, _newOrder) = ([.. _rows.Select(r => now.GetValueOrDefault(r.Task, r))], true);
    }

    // New numbers appear in their rows and new rows below them. A row never moves under the reader: a new order is offered.
    private async Task RefreshAsync()
    {
        await ReadAsync();
        if (_filter.Words.Length > 0 || _filter.Invalid)
        {
            // To look through every candidate again each second would be dear: rows keep up, and the search is offered.
            KeepRows();
            return;
        }

        var (fresh, total) = await Walks.ListAsync(RunId, _filter, _range, _page * PageSize, PageSize, Left);
        if (fresh.Count >= _rows.Count && _rows.Select(r => r.Task).SequenceEqual(fresh.Take(_rows.Count).Select(r => r.Task)))
        {
            (_rows, _newOrder) = (fresh, false);
        }
        else
        {
            KeepRows();
        }

        _total = total;
    }
}
