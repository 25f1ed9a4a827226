using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using RroDashboard.Core.Events;
using RroDashboard.Core.Metrics;
using RroDashboard.Data;
using RroDashboard.Web.Components.Charts;
using RroDashboard.Web.Components.Controls;
using RroDashboard.Web.Navigation;

namespace RroDashboard.Web.Components.Pages;

/// <summary>Several runs beside each other; which, against what, and what is shown of the settings stands in the address.</summary>
public sealed partial class Compare : LivePage
{
    /// <summary>See <see cref="CompareQueries.MaxRuns"/>.</summary>
    public const int MaxRuns = CompareQueries.MaxRuns;

    /// <summary>Curves of series that trainers elsewhere named.</summary>
    public const int MaxOwn = 24;

    private const int Offered = 100;
    private static readonly TimeSpan RenderEvery = TimeSpan.FromSeconds(2);

    private static readonly (string Title, Func<ComparedRun, double?> Cost)[] s_costs =
    [
        ("Candidates", r => r.Run.Budget?.Drawn),
        ("Rollouts", r => r.Run.Budget?.Rollouts),
        ("Tokens", r => r.Run.Budget is { } b ? b.TokensGenerated + b.TokensForced + b.TokensPrefilled : null),
        ("Seconds", r => r.Seconds.Count > 0 ? r.Seconds.Values.Sum() : null),
    ];

    private static readonly CompareCurves.Curve[] s_curves =
    [
        Curve(SeriesNames.ExploreWalkReward, "Reward of explored walks", "Drawn when one of the runs explores."),
        Curve(SeriesNames.ExploreCandidatesPerStep, "Candidates per step", "Drawn when one of the runs explores."),
        Curve(SeriesNames.SftLoss, "Fine-tuning loss", "Drawn when one of the runs fine-tunes."),
        Curve(SeriesNames.DpoLoss, "DPO loss", "Drawn when one of the runs learns from preferences."),
        Curve(SeriesNames.DpoMargin, "DPO margin", "Drawn when one of the runs learns from preferences."),
        Curve(SeriesNames.DpoAccuracy, "Pairs in the right order", "Drawn when one of the runs learns from preferences."),
    ];

    private IReadOnlyList<CompareCurves.Curve> _curves = s_curves;
    private int _leftOut;
    private CompareView? _view;
    private IReadOnlyList<string> _missing = [];
    private IReadOnlyList<RunInfo> _others = [];
    private ElementReference _root;
    private string _adding = "";
    private string _drawn = "";

    /// <summary>Reads runs.</summary>
    [Inject] public required CompareQueries Queries { get; init; }

    /// <summary>Reads what can be added.</summary>
    [Inject] public required RunListQueries Lists { get; init; }

    /// <summary>Knows what trainers elsewhere call their numbers.</summary>
    [Inject] public required SeriesQueries Series { get; init; }

    /// <summary>Tells when a run said something.</summary>
    [Inject] public required IRunBoard Board { get; init; }

    /// <summary>To the address with another choice.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    /// <summary>Draws the curves.</summary>
    [Inject] public required IJSRuntime Js { get; init; }

    [SupplyParameterFromQuery(Name = "runs")] private string? RunsParameter { get; set; }

    [SupplyParameterFromQuery(Name = "base")] private string? BaseParameter { get; set; }

    [SupplyParameterFromQuery(Name = "settings")] private string? SettingsParameter { get; set; }

    private IReadOnlyList<string> Ids => [.. (RunsParameter ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal).Take(MaxRuns)];

    private bool AllSettings => SettingsParameter == "all";

    /// <inheritdoc/>
    protected override void OnInitialized() => Follow(
        Board.Subscribe((run, happened) =>
        {
            if (happened is RunStarted or StageFinished or EvaluationFinished or RunEnded && (RunsParameter ?? "").Contains(run, StringComparison.Ordinal))
            {
                HasChanged();
            }
        }),
        RenderEvery,
        ReadAsync);

    /// <inheritdoc/>
    protected override ValueTask StopScriptAsync(IJSObjectReference module) => module.InvokeVoidAsync("stop");

    /// <inheritdoc/>
    protected override Task OnParametersSetAsync() => ReadAsync();

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        var wanted = _view is null ? "" : string.Join(',', _view.Runs.Select(r => $"{r.Run.Id}:{r.Run.LastSeq}")) + "|" + _view.Baseline?.Runs[0].Run.Id;
        if (wanted == _drawn || _view is not { Runs.Count: > 0 })
        {
            return;
        }

        _drawn = wanted;
        Module ??= await Js.InvokeAsync<IJSObjectReference>("import", Left, "/" + Assets["js/compare-charts.js"]);
        await Module.InvokeVoidAsync("show", Left, _root, new
        {
            plotlyUrl = "/" + Assets["lib/plotly.min.js"],
            runs = _view.Runs.Select((r, i) => new { id = r.Run.Id, name = $"{i + 1} · {r.Run.Title}", place = i, remote = r.Run.Remote is not null }),
            baseline = _view.Baseline!.Runs[0].Run.Id,
            charts = _curves.Select(c => new { key = c.Key, series = c.Series, own = RunCharts.IsOwn(c.Series) }),
        });
    }

    private static CompareCurves.Curve Curve(string series, string title, string waiting) => new(series.Replace('/', '-'), series, title, waiting);

    private static string Signed(double number) => number.ToString("+0.000;-0.000;0.000", CultureInfo.InvariantCulture);

    private string Url(IEnumerable<string>? ids = null, string? baseline = null, bool? all = null) =>
        RroUrls.CompareWith(ids ?? Ids, baseline ?? BaseParameter ?? "", all ?? AllSettings);

    private IReadOnlyList<FrontierPlot.Point> PointsOf(Func<ComparedRun, double?> cost) =>
    [
        .. _view!.Runs.Index().Where(r => cost(r.Item) is not null && r.Item.Of(Stage.Evaluate, "greedy") is not null)
            .Select(r => (r.Index, r.Item, Evaluation: r.Item.Of(Stage.Evaluate, "greedy")!))
            .Select(r => new FrontierPlot.Point(r.Index, r.Item.Run.Title, cost(r.Item)!.Value, r.Evaluation.Mean, r.Evaluation.Low, r.Evaluation.High)),
    ];

    private void Add()
    {
        if (_adding.Length > 0)
        {
            Navigation.NavigateTo(Url(Ids.Append(_adding)));
            _adding = "";
        }
    }

    private async Task ReadAsync()
    {
        var runs = await Queries.ReadAsync(Ids, Left);
        _missing = [.. Ids.Where(id => runs.All(r => r.Run.Id != id))];
        _view = new CompareView(runs, BaseParameter ?? "");
        // Trainers elsewhere name their series as they like; which ones is asked of them alone.
        var own = (await Series.OfAsync([.. runs.Where(r => r.Run.Remote is not null).Select(r => r.Run.Id)], Left)).Where(s => RunCharts.IsOwn(s.Name)).ToList();
        _curves = [.. s_curves, .. own.Take(MaxOwn).Select(s => new CompareCurves.Curve(string.Create(CultureInfo.InvariantCulture, $"own-{s.Id}"), s.Name, PlainText.Of(s.Name), "Drawn with its first point."))];
        _leftOut = Math.Max(0, own.Count - MaxOwn);
        _others = [.. (await Lists.ListAsync("", RunSort.Default, 0, Offered, Left)).Rows.Where(r => !Ids.Contains(r.Id))];
    }
}
