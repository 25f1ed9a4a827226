using System.Globalization;
using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;
using RroDashboard.Web.Components.Exploration;
using RroDashboard.Web.Navigation;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Components.Pages;

/// <summary>One walk: its candidates as a tree or a table, its trajectory step by step, and what was trained from it.</summary>
public sealed partial class Walk : LivePage
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromMilliseconds(500);

    private RunInfo? _run;
    private RisingRule? _rule;
    private WalkView? _walk;
    private string _environmentHash = "";
    private int _pairs;
    private bool _known;
    private bool _loaded;
    private int? _step;
    private int? _attempt;
    private int _from;

    /// <summary>Which run.</summary>
    [Parameter] public string RunId { get; set; } = "";

    /// <summary>Which walk, from 0.</summary>
    [Parameter] public int TaskNumber { get; set; }

    [SupplyParameterFromQuery(Name = "view")] private string? ViewName { get; set; }

    [SupplyParameterFromQuery(Name = "step")] private string? StepText { get; set; }

    [SupplyParameterFromQuery(Name = "try")] private string? AttemptText { get; set; }

    [SupplyParameterFromQuery(Name = "at")] private string? AtText { get; set; }

    [SupplyParameterFromQuery(Name = "pair")] private string? PairText { get; set; }

    [SupplyParameterFromQuery(Name = "other")] private string? OtherText { get; set; }

    [SupplyParameterFromQuery(Name = "from")] private string? FromText { get; set; }

    /// <summary>Reads the run.</summary>
    [Inject] public required RunQueries Queries { get; init; }

    /// <summary>Reads walks.</summary>
    [Inject] public required WalkQueries Walks { get; init; }

    /// <summary>Tells of events.</summary>
    [Inject] public required ExplorationFeed Feed { get; init; }

    /// <summary>The address.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    private static (string Name, string Title)[] Views => [("tree", "Tree"), ("table", "Table"), ("player", "Player"), ("trained", "Trained tokens"), ("beside", "Side by side")];

    private string CurrentView => Views.Any(v => v.Name == ViewName) ? ViewName! : "tree";

    private string Asked => Visible.Of(_walk!.Opened.Instruction.Length > FoldedText.Limit
        ? $"{_walk.Opened.Instruction[..FoldedText.Limit]} … ({Words.Count(_walk.Opened.Instruction.Length)} characters in all)"
        : _walk.Opened.Instruction);

    private int At => Number(AtText) ?? 0;

    private string PairsUrl => $"{RroUrls.Pairs(RunId)}?task={TaskNumber.ToString(CultureInfo.InvariantCulture)}";

    /// <inheritdoc/>
    protected override void OnInitialized() => Follow(
        Feed.Subscribe(RunId, happened =>
        {
            if (Matters(happened))
            {
                HasChanged();
            }
        }),
        RefreshEvery,
        LoadAsync);

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        (_step, _attempt, _from) = (Number(StepText), Number(AttemptText), Number(FromText) ?? 0);
        await LoadAsync();
        _loaded = true;
    }

    private static int? Number(string? text) => int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number >= 0 ? number : null;

    private string ViewUrl(string name) => Navigation.GetUriWithQueryParameter("view", name == "tree" ? null : name);

    private bool Matters(RunEvent happened) => happened switch
    {
        TaskOpened opened => opened.Task == TaskNumber,
        CandidateScored candidate => candidate.Task == TaskNumber,
        StepDecided step => step.Task == TaskNumber,
        PairCreated pair => pair.Pair.Task == TaskNumber,
        TaskFinished finished => finished.Task == TaskNumber,
        _ => false,
    };

    private async Task LoadAsync()
    {
        _run = await Queries.FindAsync(RunId, Left);
        if (_run is null || await Walks.WalkAsync(RunId, TaskNumber, Left) is not { } facts)
        {
            (_walk, _known) = (null, false);
            return;
        }

        var header = await Queries.HeaderAsync(RunId, Left);
        var started = header.OfType<RunStarted>().FirstOrDefault();
        var range = started?.RewardRange ?? RewardRange.Unit;
        _environmentHash = started?.EnvironmentHash ?? "";
        _rule = RunView.RuleOf(_run.Plan, range);
        var walk = new WalkView(facts.Opened, facts.Steps, facts.Finished, range, _run.Plan.Explore.Continue == Continue.AlongExpert);
        var (from, to) = walk.Window(_from);
        // A link to a node deeper than the window opens the window there.
        if (_step is { } step && FromText is null && step >= to)
        {
            (from, to) = walk.Window(step);
        }

        walk.Draw(from, to, await Walks.CandidatesAsync(RunId, TaskNumber, from, to, WalkView.NodeText, 0, Left));
        _walk = walk;
        (_pairs, _known) = (facts.Pairs, facts.HasNext);
    }
}
