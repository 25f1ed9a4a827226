using System.Globalization;
using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Events;
using RroDashboard.Data;
using RroDashboard.Web.Navigation;

namespace RroDashboard.Web.Components.Pages;

/// <summary>Held-out numbers of a run with their intervals, and every task before and after; what is shown of the tasks stands in the address.</summary>
public sealed partial class Evaluation : LivePage
{
    private const int PageSize = 25;
    private static readonly TimeSpan RenderEvery = TimeSpan.FromMilliseconds(500);
    private static readonly (string Key, string Word)[] s_shows = [("all", "all"), ("won", "↑ won"), ("lost", "↓ lost"), ("tied", "= tied"), ("regressed", "solved before, not after")];
    private static readonly (string Key, string Title, bool Number)[] s_columns =
        [("task", "Task", false), ("before", "Before", true), ("after", "After", true), ("difference", "Difference", true), ("steps", "Steps", true), ("invalid", "Invalid", true)];

    private EvaluationView? _view;
    private IReadOnlyList<TaskChange> _changes = [];
    private IReadOnlyList<TaskChange> _found = [];
    private (Stage Stage, long Done, long Total)? _progress;
    private IReadOnlyList<FlawLine> _flaws = [];
    private string _sentence = "";
    private string? _readOf;
    private string? _pairedOf;
    private bool _missing;
    private int _news;

    /// <summary>Which run.</summary>
    [Parameter] public string RunId { get; set; } = "";

    /// <summary>Reads facts.</summary>
    [Inject] public required RunQueries Queries { get; init; }

    /// <summary>Tells when a run said something.</summary>
    [Inject] public required IRunBoard Board { get; init; }

    [SupplyParameterFromQuery(Name = "decoding")] private string? DecodingParameter { get; set; }

    [SupplyParameterFromQuery(Name = "show")] private string? ShowParameter { get; set; }

    [SupplyParameterFromQuery(Name = "sort")] private string? SortParameter { get; set; }

    [SupplyParameterFromQuery(Name = "page")] private int? PageParameter { get; set; }

    private string Decoding => _view?.Decodings.Contains(DecodingParameter ?? "") == true ? DecodingParameter! : "greedy";

    private string Show => s_shows.Any(s => s.Key == ShowParameter) ? ShowParameter! : "all";

    private string Sort => s_columns.Any(c => c.Key == SortParameter?.TrimStart('-')) ? SortParameter! : "task";

    private int PageNumber => Math.Max(1, PageParameter ?? 1);

    private string CountText => _found.Count == 0
        ? "No task fits."
        : string.Create(CultureInfo.InvariantCulture, $"{((PageNumber - 1) * PageSize) + 1:N0} to {Math.Min(_found.Count, PageNumber * PageSize):N0} of {_found.Count:N0}");

    private IReadOnlyList<Controls.IntervalPlot.Row> PlotRows =>
    [
        .. _view!.Lines.Select(l => new Controls.IntervalPlot.Row(
            $"{ModelName(l.Evaluation.Stage)}, {l.Evaluation.Decoding}", l.Evaluation.Mean, l.Evaluation.Low, l.Evaluation.High, l.Evaluation.Stage == Stage.Baseline ? "before" : "after")),
        .. _view.References.Select(r => new Controls.IntervalPlot.Row($"Scripted: {r.Name}", r.Mean, r.Low, r.High, "reference")),
    ];

    /// <inheritdoc/>
    protected override void OnInitialized() => Follow(
        Board.Subscribe((run, happened) =>
        {
            if (run == RunId)
            {
                if (happened is EvaluationFinished or ReferenceEvaluated or RunEnded or RunStarted)
                {
                    Interlocked.Exchange(ref _news, 1);
                }

                HasChanged();
            }
        }),
        RenderEvery,
        () => ReadAsync(Interlocked.Exchange(ref _news, 0) == 1));

    /// <inheritdoc/>
    protected override Task OnParametersSetAsync()
    {
        // Another order or filter of the same facts needs no reading, and no new intervals.
        var other = _readOf != RunId;
        _readOf = RunId;
        return ReadAsync(other);
    }

    private static string ModelName(Stage stage) => stage == Stage.Baseline ? "After fine-tuning" : stage == Stage.Evaluate ? "After DPO" : Words.Of(stage);

    private static string Percent(double share) => share.ToString("P0", CultureInfo.InvariantCulture);

    private static string Two(double number) => number.ToString("0.00", CultureInfo.InvariantCulture);

    private static bool Fits(TaskChange change, string show) => show switch
    {
        "won" => change.Won,
        "lost" => change.Lost,
        "tied" => change is { Won: false, Lost: false },
        "regressed" => change.Regressed,
        _ => true,
    };

    private string? AriaSort(string key) => Sort.TrimStart('-') == key ? Sort.StartsWith('-') ? "descending" : "ascending" : null;

    private string Url(string? decoding = null, string? show = null, string? sort = null, int page = 1) =>
        RroUrls.EvaluationWith(RunId, decoding ?? Decoding, show ?? Show, sort ?? Sort, page);

    private async Task ReadAsync(bool facts)
    {
        if (await Queries.FindAsync(RunId, Left) is not { } run)
        {
            _missing = true;
            return;
        }

        _progress = run is { State: RunState.Running, Stage: Stage.Baseline or Stage.Evaluate } ? (run.Stage.Value, run.Done, run.Total) : null;
        if (facts)
        {
            var started = await Queries.AllAsync<RunStarted>(RunId, Left);
            _view = new EvaluationView(
                await Queries.AllAsync<EvaluationFinished>(RunId, Left), await Queries.AllAsync<ReferenceEvaluated>(RunId, Left), started.Count > 0 ? started[^1].RewardRange.High : 1);
            _pairedOf = null;
        }

        if (_view is not null && _pairedOf != Decoding)
        {
            _pairedOf = Decoding;
            _changes = _view.Changes(Decoding);
            _flaws = FlawLine.Of(_changes);
            _sentence = EvaluationView.Paired(_changes, run.Plan.Seed)?.Sentence("The final model", "the fine-tuned one") ?? "";
        }

        _found = Order([.. _changes.Where(c => Fits(c, Show))]);
    }

    private IReadOnlyList<TaskChange> Order(IReadOnlyList<TaskChange> changes)
    {
        Func<TaskChange, double>? number = Sort.TrimStart('-') switch
        {
            "before" => c => c.Before.Reward,
            "after" => c => c.After.Reward,
            "difference" => c => c.Difference,
            "steps" => c => c.After.Steps,
            "invalid" => c => c.After.InvalidActions,
            _ => null,
        };
        // In task order the facts have them; LINQ's order is stable, so equal ones stay in it.
        return (number, Sort.StartsWith('-')) switch
        {
            (null, false) => changes,
            (null, true) => [.. changes.Reverse()],
            (not null, false) => [.. changes.OrderBy(number)],
            _ => [.. changes.OrderByDescending(number)],
        };
    }
}
