using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Events;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>Everything about one candidate. Read when it is opened, not before.</summary>
public sealed partial class CandidateDetail : IDisposable
{
    private const int MaxOutcomes = 200;

    // Turns before the candidate that the end of the prompt is put together from, and characters of each.
    private const int PromptTurns = 6;

    private readonly CancellationTokenSource _left = new();
    private CandidateScored? _candidate;
    private string _prompt = "";
    private int _promptHidden;
    private (int Task, int Step, int Attempt, bool Decided) _read = (-1, -1, -1, false);
    private ElementReference _heading;
    private bool _focus;

    /// <summary>Which run.</summary>
    [Parameter, EditorRequired] public required string RunId { get; set; }

    /// <summary>The walk.</summary>
    [Parameter, EditorRequired] public required WalkView View { get; set; }

    /// <summary>The rule of the run.</summary>
    [Parameter, EditorRequired] public required RisingRule Rule { get; set; }

    /// <summary>Cap on candidates of the run.</summary>
    [Parameter, EditorRequired] public required int MaxCandidates { get; set; }

    /// <summary>Step of the candidate; null for none.</summary>
    [Parameter] public int? StepNumber { get; set; }

    /// <summary>Its attempt.</summary>
    [Parameter] public int? AttemptNumber { get; set; }

    /// <summary>Reads candidates.</summary>
    [Inject] public required WalkQueries Walks { get; init; }

    /// <summary>The address.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    private static (string Kind, string Text)[] Legend =>
    [
        ("accepted", "rose and was followed"), ("kept", "nothing rose; best seen, followed"), ("lower", "not high enough"), ("tie", "equal where more was wanted"),
        ("same", "led to a state already seen"), ("invalid", "not possible in the environment"), ("cut", "cut at the token limit"), ("contrast", "not part of the test: a contrast, or seen in a shared rollout"), ("open", "not decided yet"),
    ];

    private static string LogProbOf(CandidateScored candidate) => candidate.LogProb is { } logProb
        ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{logProb:0.000} nats{(candidate.Tokens > 0 ? $", {logProb / candidate.Tokens:0.000} a token" : "")}")
        : "not said by the endpoint";

    private StepView Step { get; set; } = new(0, null, Estimate.Final(0), []);

    private int Attempt => AttemptNumber ?? 0;

    private RewardRange Range => View.Range;

    // With shared rollouts the estimate of the step before went on growing after the test.
    private Estimate? KnownThen => _candidate?.PreviousOutcomes is { } known && known > 0 && known < Step.Previous.Outcomes.Count
        ? new Estimate([.. Step.Previous.Outcomes.Take(known)]) : null;

    private string Sentence => Step.Decided is { } decided ? LedgerSentence.Of(decided, Rule, MaxCandidates) : "";

    private string CloseUrl => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["step"] = null, ["try"] = null });

    /// <inheritdoc/>
    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        if (StepNumber is not { } step || AttemptNumber is not { } attempt)
        {
            (_candidate, _read) = (null, (-1, -1, -1, false));
            return;
        }

        var decided = step >= 0 && step < View.Decided.Count ? View.Decided[step] : null;
        if (_read == (View.Opened.Task, step, attempt, decided is not null))
        {
            return;
        }

        _read = (View.Opened.Task, step, attempt, decided is not null);
        var candidate = step < 0 || attempt < 0 ? null : await Walks.CandidateAsync(RunId, View.Opened.Task, step, attempt, _left.Token);
        var previous = decided?.Previous ?? (step > 0 && step <= View.Decided.Count ? View.Decided[step - 1].Accepted : null) ?? View.Opened.Baseline;
        Step = new StepView(step, decided, previous, []);
        if (candidate is not null)
        {
            await ReadPromptAsync(step);
            _focus = true;
        }

        _candidate = candidate;
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_focus && _candidate is not null && StepNumber is not null)
        {
            // Not when the page was opened at this address: then the reader begins at its top.
            _focus = false;
            if (!firstRender)
            {
                await _heading.FocusAsync(preventScroll: true);
            }
        }
    }

    // The last turns before the step, each cut like every text: a prompt may be a hundred pages long.
    private async Task ReadPromptAsync(int step)
    {
        var from = Math.Max(0, step - PromptTurns);
        var turns = await Walks.CandidatesAsync(RunId, View.Opened.Task, from, step, FoldedText.Limit, FoldedText.Limit, _left.Token);
        var parts = new List<string>();
        _promptHidden = 0;
        if (from == 0)
        {
            parts.Add(View.Opened.Instruction);
        }

        foreach (var decided in View.Decided.Skip(from).Take(step - from))
        {
            if (View.Followed(decided) is { } followed && turns.FirstOrDefault(t => t.Step == decided.Step && t.Attempt == followed) is { } turn)
            {
                parts.Add($"<act> {turn.Action.Start}{(turn.Action.Hidden > 0 ? " ..." : "")}");
                parts.Add($"<obs> {turn.Observation.Start}{(turn.Observation.Hidden > 0 ? " ..." : "")}");
                _promptHidden += turn.Action.Hidden + turn.Observation.Hidden;
            }
        }

        _prompt = string.Join('\n', parts) + "\n<act>";
        if (from > 0)
        {
            _prompt = $"({from} earlier turns)\n" + _prompt;
        }
    }
}
