using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Events;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;

namespace RroDashboard.Web.Components.Pages;

/// <summary>One held-out task: what the fine-tuned model did, what the final one did, and both beside each other. What is shown stands in the address.</summary>
public sealed partial class EvaluationTask : IDisposable
{
    private const string Beside = "beside";

    private readonly CancellationTokenSource _left = new();
    private IReadOnlyList<EpisodePlayed> _episodes = [];
    private RewardRange _range = RewardRange.Unit;
    private RunInfo? _run;
    private int _tasks;
    private bool _loaded;

    /// <summary>Which run.</summary>
    [Parameter] public string RunId { get; set; } = "";

    /// <summary>Place among the held-out tasks, from 0.</summary>
    [Parameter] public int TaskNumber { get; set; }

    [SupplyParameterFromQuery(Name = "decoding")] private string? DecodingParameter { get; set; }

    [SupplyParameterFromQuery(Name = "view")] private string? ViewParameter { get; set; }

    /// <summary>Reads the run.</summary>
    [Inject] public required RunQueries Queries { get; init; }

    /// <summary>Reads episodes.</summary>
    [Inject] public required EpisodeQueries Episodes { get; init; }

    private string Decoding => _episodes.Any(e => e.Decoding == DecodingParameter) ? DecodingParameter! : _episodes.Count > 0 ? _episodes[0].Decoding : "greedy";

    private List<(string Key, string Title)> Views
    {
        get
        {
            var (before, after) = (Of(Stage.Baseline), Of(Stage.Evaluate));
            var views = new List<(string Key, string Title)>();
            if (before is not null)
            {
                views.Add(("before", $"After fine-tuning: {Words.Reward(before.Reward)}"));
            }

            if (after is not null)
            {
                views.Add(("after", $"After DPO: {Words.Reward(after.Reward)}"));
            }

            if (before is not null && after is not null)
            {
                views.Add((Beside, "Side by side"));
            }

            return views;
        }
    }

    private string View => Views.Any(v => v.Key == ViewParameter) ? ViewParameter! : Views.Any(v => v.Key == Beside) ? Beside : Views[0].Key;

    private string WhyNothing => _run is null ? $"There is no run '{RunId}'."
        : _tasks == 0 ? "Held-out tasks are played after fine-tuning and at the end; this run has not come that far."
        : TaskNumber >= _tasks ? $"This run has {Words.Count(_tasks)} held-out tasks, numbered from 0."
        : $"Of this task only the reward was kept: the run is older than the keeping of episodes, or its episodes passed {Words.Count(EpisodePlayed.CharacterLimit)} characters before it.";

    /// <inheritdoc/>
    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        _run = await Queries.FindAsync(RunId, _left.Token);
        _episodes = _run is null ? [] : await Episodes.OfTaskAsync(RunId, TaskNumber, _left.Token);
        _tasks = _run is null ? 0 : (await Queries.AllAsync<EvaluationFinished>(RunId, _left.Token)).Select(e => e.Episodes.Count).DefaultIfEmpty(0).Max();
        _range = _run is null ? RewardRange.Unit : (await Queries.AllAsync<RunStarted>(RunId, _left.Token)) is [.., var started] ? started.RewardRange : RewardRange.Unit;
        _loaded = true;
    }

    private EpisodePlayed? Of(Stage stage) => _episodes.FirstOrDefault(e => e.Stage == stage && e.Decoding == Decoding);
}
