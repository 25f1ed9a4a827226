using System.Globalization;
using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;

namespace RroDashboard.Web.Components.Pages;

/// <summary>One walk: at every step all candidates with what they were worth, and which was followed.</summary>
public sealed partial class Walk : IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private RunInfo? _run;
    private RewardRange _range = RewardRange.Unit;
    private RisingRule? _rule;
    private TaskOpened? _opened;
    private TaskFinished? _finished;
    private int _pairs;
    private IReadOnlyList<StepDecided> _steps = [];
    private ILookup<int, CandidateScored> _candidates = Array.Empty<CandidateScored>().ToLookup(c => c.Step);

    /// <summary>Which run.</summary>
    [Parameter] public string RunId { get; set; } = "";

    /// <summary>Which walk, from 0.</summary>
    [Parameter] public int TaskNumber { get; set; }

    /// <summary>Reads facts.</summary>
    [Inject] public required RunQueries Queries { get; init; }

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
        var header = _run is null ? [] : await Queries.HeaderAsync(RunId, _left.Token);
        _range = header.OfType<RunStarted>().FirstOrDefault()?.RewardRange ?? RewardRange.Unit;
        _rule = _run is null ? null : RunView.RuleOf(_run.Plan, _range);
        var facts = _run is null ? [] : await Queries.WalkAsync(RunId, TaskNumber, _left.Token);
        _opened = facts.OfType<TaskOpened>().FirstOrDefault();
        _finished = facts.OfType<TaskFinished>().FirstOrDefault();
        _pairs = facts.OfType<PairCreated>().Count();
        _steps = [.. facts.OfType<StepDecided>().OrderBy(s => s.Step)];
        _candidates = facts.OfType<CandidateScored>().OrderBy(c => c.Attempt).ToLookup(c => c.Step);
    }

    private IEnumerable<(CandidateScored Candidate, CandidateAccount? Account)> CandidatesOf(StepDecided step) =>
        _candidates[step.Step].Select(c => (c, c.Attempt < step.Accounts.Count ? step.Accounts[c.Attempt] : (CandidateAccount?)null));

    private static string AccountText(CandidateScored candidate, CandidateAccount? account) => account switch
    {
        CandidateAccount.Accepted => "✓ rose, followed",
        CandidateAccount.NoRise => "✓ best seen, followed",
        CandidateAccount.Lower => "↓ lower",
        CandidateAccount.Tie => "= not higher",
        CandidateAccount.SameState => $"same state as {candidate.SameStateAs + 1}",
        CandidateAccount.Invalid => "✗ not possible",
        CandidateAccount.Truncated => "✂ cut at the token limit",
        CandidateAccount.Contrast => "contrast, drawn after the rise",
        _ => "",
    };

    private string Text(Estimate value)
    {
        if (value.Exact)
        {
            return $"{Words.Reward(value.Mean)} (the final reward itself)";
        }

        var interval = value.IntervalWithin(_range);
        return $"{Words.Reward(value.Mean)} [{Words.Reward(interval.Low)}, {Words.Reward(interval.High)}]";
    }

    // Positions in percent of the reward range.
    private string Point(double value) => string.Create(CultureInfo.InvariantCulture, $"left: {Percent(value):0.0}%");

    private string Whisker(Estimate value)
    {
        var interval = value.IntervalWithin(_range);
        return string.Create(CultureInfo.InvariantCulture, $"left: {Percent(interval.Low):0.0}%; width: {Percent(interval.High) - Percent(interval.Low):0.0}%");
    }

    private double Percent(double value) => 100 * Math.Clamp((value - _range.Low) / (_range.High - _range.Low), 0, 1);
}
