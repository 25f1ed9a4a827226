using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Radzen;
using RroDashboard.Core.Events;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Navigation;

namespace RroDashboard.Web.Components.Pages;

/// <summary>
/// One run. This component renders what changes seldom, at most twice a second; the script module draws charts, feed and budget
/// from the hub.
/// </summary>
public sealed partial class Run : LivePage
{
    private static readonly TimeSpan RenderEvery = TimeSpan.FromMilliseconds(500);

    // What run-page.js imports, directly or not.
    private static readonly string[] s_modules = ["charts", "chart-tools", "plain-text", "run-model", "run-charts", "series", "series-charts", "feed", "budget", "noise", "live-badge", "run-source", "scripts"];

    private readonly Lock _lock = new();
    private readonly List<RunEvent> _arrived = [];
    private ElementReference _root;
    private RunInfo? _info;
    private bool _missing;
    private bool _paused;
    private bool _stopping;
    private bool _started;
    private bool _stale;
    private long _stageBegan;

    /// <summary>From the address.</summary>
    [Parameter] public required string RunId { get; set; }

    /// <summary>What this person may do.</summary>
    [Inject] public required Rights Rights { get; init; }

    /// <summary>Facts and actions.</summary>
    [Inject] public required IRunBoard Board { get; init; }

    /// <summary>Reads the run.</summary>
    [Inject] public required RunQueries Queries { get; init; }

    /// <summary>Loads the script module.</summary>
    [Inject] public required IJSRuntime Js { get; init; }

    /// <summary>Asks before a run is stopped.</summary>
    [Inject] public required DialogService Dialogs { get; init; }

    private RunView View { get; set; } = new();

    private RunState State => View.Ended?.State ?? _info!.State;

    private string Title => _info is null ? "Run" : PlainText.Of(_info.Title);

    private string ProgressText
    {
        get
        {
            if (View.Progress is not { Total: > 0 } progress)
            {
                return "Begins ...";
            }

            var share = (double)progress.Done / progress.Total;
            var left = progress.Done > 0 && progress.Done < progress.Total
                ? ", about " + Words.Duration(Time.GetElapsedTime(_stageBegan).TotalSeconds * (1 - share) / share) + " left in this stage"
                : "";
            return string.Create(CultureInfo.InvariantCulture, $"{Words.Count(progress.Done)} of {Words.Count(progress.Total)} ({share:P0}){left}");
        }
    }

    /// <inheritdoc/>
    protected override async Task OnInitializedAsync()
    {
        // Register first, read second: what happens in between is in both, and applying a fact twice changes nothing.
        Follow(Board.Subscribe(HandleChanged), RenderEvery, LookAsync);
        _info = await Queries.FindAsync(RunId, Left);
        if (_info is null)
        {
            _missing = true;
            return;
        }

        foreach (var fact in await Queries.HeaderAsync(RunId, Left))
        {
            Apply(fact);
        }

        if (_info is { Total: > 0, Stage: { } stage })
        {
            Apply(new ProgressReported(stage, _info.Done, _info.Total));
            _stageBegan = Time.GetTimestamp() - (long)((Time.GetUtcNow() - new DateTimeOffset(_info.StageStartedUtc ?? Time.GetUtcNow().UtcDateTime)).TotalSeconds * Time.TimestampFrequency);
        }
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_started || _info is null)
        {
            return;
        }

        _started = true;
        Module = await Js.InvokeAsync<IJSObjectReference>("import", Left, "/" + Assets["js/run-page.js"]);
        var rule = RunView.RuleOf(_info.Plan, View.Started?.RewardRange ?? RewardRange.Unit);
        await Module.InvokeVoidAsync("start", Left, _root, new
        {
            runId = RunId,
            hubUrl = RroUrls.RunHub,
            signalrUrl = "/" + Assets["lib/signalr.min.js"],
            plotlyUrl = "/" + Assets["lib/plotly.min.js"],
            remote = _info.Remote is not null,
            rule = new { symbol = rule.Symbol, maxCandidates = _info.Plan.Explore.MaxCandidates },
            range = new { low = rule.Range.Low, high = rule.Range.High },
        });
    }

    /// <inheritdoc/>
    protected override bool TakeNews()
    {
        lock (_lock)
        {
            return _stale && _started && !_paused;
        }
    }

    /// <inheritdoc/>
    protected override ValueTask StopScriptAsync(IJSObjectReference module) => module.InvokeVoidAsync("stop", _root);

    // Called on the streaming side's thread: only remembers.
    private void HandleChanged(string runId, RunEvent? happened)
    {
        // What charts and feed draw goes to the browser by the hub, and walks, pairs and margins have pages of their own.
        if (runId != RunId || happened is MetricPoint or StepDecided or BudgetReported or LogLine
            or TaskOpened or CandidateScored or TaskFinished or PairCreated or TrajectoryKept or PairMargins or PairsDrawn or EpisodePlayed)
        {
            return;
        }

        lock (_lock)
        {
            _stale = true;
            if (happened is ProgressReported)
            {
                // Only the newest tells something: a pause over lunch must not fill the memory.
                _arrived.RemoveAll(e => e is ProgressReported);
            }

            if (happened is not null)
            {
                _arrived.Add(happened);
            }
        }
    }

    private async Task LookAsync()
    {
        RunEvent[] arrived;
        lock (_lock)
        {
            (arrived, _stale) = ([.. _arrived], false);
            _arrived.Clear();
        }

        foreach (var happened in arrived)
        {
            Apply(happened);
        }

        if (arrived.Any(e => e is RunStarted or StageStarted or RunEnded or RunResumed) || arrived.Length == 0)
        {
            _info = await Queries.FindAsync(RunId, Left) ?? _info;
        }
    }

    private void Apply(RunEvent happened)
    {
        if (happened is StageStarted)
        {
            _stageBegan = Time.GetTimestamp();
        }

        View.Apply(happened);
    }

    private async Task PauseAsync()
    {
        _paused = !_paused;
        if (Module is not null)
        {
            await Module.InvokeVoidAsync("pause", Left, _root, _paused);
        }
    }

    private async Task ReopenAsync()
    {
        View.Reopen();
        _stopping = false;
        _info = await Queries.FindAsync(RunId, Left) ?? _info;
    }

    private async Task StopAsync()
    {
        var sure = await Dialogs.Confirm(
            _info!.Remote is null ? StopWords.Own : StopWords.Remote,
            "Stop this run?",
            new ConfirmOptions { OkButtonText = _info.Remote is null ? "Stop the run" : "Ask to stop", CancelButtonText = "Let it run" });
        if (sure == true)
        {
            try
            {
                await Rights.DemandAsync(UserRole.Operator, "stop a run");
            }
            catch (RefusalException e)
            {
                await Dialogs.Alert(e.Message, "Not stopped");
                return;
            }

            _stopping = true;
            await Board.StopAsync(RunId, Left);
            await Rights.NoteAsync("run.stopped", RunId);
        }
    }
}
