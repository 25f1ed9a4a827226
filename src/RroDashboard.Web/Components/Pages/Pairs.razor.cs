using System.Globalization;
using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Events;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;
using RroDashboard.Web.Components.Exploration;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Components.Pages;

/// <summary>The preference pairs of a run: exactly what is trained on, filtered and sorted on the server by what the address says.</summary>
public sealed partial class Pairs : LivePage
{
    private const int PageSize = 25;
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(1);

    private RunInfo? _run;
    private RewardRange _range = RewardRange.Unit;
    private ExplorationFacts _facts = ExplorationFacts.Empty;
    private MarginHistory _margins = new([]);
    private PairUse _use = PairUse.Unknown;
    private IReadOnlySet<string> _evaluated = new HashSet<string>();
    private IReadOnlyList<string> _leaked = [];
    private PairFilter _filter = new();
    private IReadOnlyList<VersionRow> _rows = [];
    private PairCreated? _open;
    private int _measured = 1;
    private int _total;
    private int _page;
    private int _newer;
    private bool _loaded;

    /// <summary>Which run.</summary>
    [Parameter] public string RunId { get; set; } = "";

    // Texts: what is no number in an address is left out instead of failing the page.
    [SupplyParameterFromQuery(Name = "task")] private string? TaskText { get; set; }

    [SupplyParameterFromQuery(Name = "mingap")] private string? MinGap { get; set; }

    [SupplyParameterFromQuery(Name = "maxgap")] private string? MaxGap { get; set; }

    [SupplyParameterFromQuery(Name = "same")] private string? Same { get; set; }

    [SupplyParameterFromQuery(Name = "longer")] private string? Longer { get; set; }

    [SupplyParameterFromQuery(Name = "exhausted")] private string? Exhausted { get; set; }

    [SupplyParameterFromQuery(Name = "duplicates")] private string? Duplicates { get; set; }

    [SupplyParameterFromQuery(Name = "refused")] private string? Refused { get; set; }

    [SupplyParameterFromQuery(Name = "sort")] private string? Sort { get; set; }

    [SupplyParameterFromQuery(Name = "desc")] private string? Descending { get; set; }

    [SupplyParameterFromQuery(Name = "page")] private string? PageText { get; set; }

    [SupplyParameterFromQuery(Name = "pair")] private string? OpenText { get; set; }

    /// <summary>Reads the run.</summary>
    [Inject] public required RunQueries Queries { get; init; }

    /// <summary>Reads pairs.</summary>
    [Inject] public required PairQueries PairList { get; init; }

    /// <summary>Reads steps.</summary>
    [Inject] public required ExplorationIndex Index { get; init; }

    /// <summary>Tells of events.</summary>
    [Inject] public required ExplorationFeed Feed { get; init; }

    /// <summary>The address.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    private string CountText => _total == 0
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $"{(_page * PageSize) + 1:N0} to {(_page * PageSize) + _rows.Count:N0} of {_total:N0}{(_total < AllPairs ? $" that fit, {AllPairs:N0} in all" : "")}");

    private int AllPairs => _facts.Pairs.Count + _entries.Count(e => e.Added is not null);

    private (string Name, bool On, string Text)[] Switches =>
    [
        ("same", _filter.SameText, "same text on both sides"),
        ("longer", _filter.ChosenLonger, "chosen longer"),
        ("exhausted", _filter.Exhausted, "from a step where nothing rose"),
        ("duplicates", _filter.Duplicates, "repeating an earlier pair"),
        ("refused", _filter.Refused, "refused by the model"),
    ];

    /// <inheritdoc/>
    protected override void OnInitialized() => Follow(Feed.Subscribe(RunId, Notice), RefreshEvery, RefreshAsync);

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        _page = Math.Min(Number(PageText) ?? 0, 1_000_000);
        _filter = new PairFilter(
            Number(TaskText), Real(MinGap), Real(MaxGap), Same == "1", Longer == "1", Exhausted == "1", Duplicates == "1", Refused == "1",
            Enum.TryParse<PairSort>(Sort, ignoreCase: true, out var sort) && Enum.IsDefined(sort) ? sort : PairSort.Index,
            Descending == "1");
        // The address may name another run by now.
        _measured = 1;
        await LoadAsync();
        _open = Number(OpenText) is { } number && _run is not null ? await OpenPairAsync(number) : null;
        _loaded = true;
    }

    private static int? Number(string? text) => int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number >= 0 ? number : null;

    private static double? Real(string? text) => double.TryParse(text, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;

    // The base address is the server's, so a bare "#health" would lead away.
    private string Here => new Uri(Navigation.Uri).PathAndQuery;

    private string With(string name, string? value) => Navigation.GetUriWithQueryParameter(name, value);

    private void Go(string name, object? value) => Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(new Dictionary<string, object?>
    {
        [name] = value is true ? "1" : value is false || string.IsNullOrWhiteSpace(value?.ToString()) ? null : value.ToString(),
        ["page"] = null,
        ["pair"] = null,
    }));

    private async Task LoadAsync()
    {
        await ReadAsync();
        await ReadVersionsAsync();
        await ListAsync();
    }

    private async Task ListAsync()
    {
        if (_run is not null)
        {
            await ListVersionAsync();
        }

        _newer = 0;
    }

    private async Task ReadAsync()
    {
        _run = await Queries.FindAsync(RunId, Left);
        if (_run is null)
        {
            return;
        }

        _range = (await Queries.HeaderAsync(RunId, Left)).OfType<RunStarted>().FirstOrDefault()?.RewardRange ?? RewardRange.Unit;
        _facts = await Index.ReadAsync(RunId, Left);
        if (Interlocked.Exchange(ref _measured, 0) == 1)
        {
            _margins = new MarginHistory(await Queries.AllAsync<PairMargins>(RunId, Left));
            _use = PairUse.Of(await Queries.AllAsync<PairsDrawn>(RunId, Left) is [.., var drawn] ? drawn : null);
            _evaluated = await PairList.EvaluatedTasksAsync(RunId, Left);
        }

        _leaked = PairQueries.Leaked(_facts, _evaluated);
    }

    // Called on the writer's thread: only remembers. Margins are long, and evaluations too, and only these facts change them.
    private void Notice(RunEvent happened)
    {
        var measured = happened is PairMargins or PairsDrawn or EvaluationFinished or RunResumed;
        if (measured)
        {
            Volatile.Write(ref _measured, 1);
        }

        if (measured || happened is PairCreated or StepDecided or RunEnded or StageFinished)
        {
            HasChanged();
        }
    }

    // The cards keep up by themselves. Rows stay as they are: newer pairs are offered, unless there is room below.
    private async Task RefreshAsync()
    {
        var before = _facts.Pairs.Count;
        await ReadAsync();
        await ReadVersionsAsync();
        if (_rows.Count < PageSize && _filter.Sort == PairSort.Index && !_filter.Descending)
        {
            await ListAsync();
        }
        else
        {
            _newer += _facts.Pairs.Count - before;
        }
    }
}
