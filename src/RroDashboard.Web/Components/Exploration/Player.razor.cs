using System.Globalization;
using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Plans;
using RroDashboard.Data;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>Plays the trajectory of a walk. The address follows when the reader moves, not while it plays.</summary>
public sealed partial class Player : IDisposable
{
    /// <summary>Most steps in the ribbon; the slider reaches the others.</summary>
    private const int MaxRibbon = 400;

    // A step a second at speed 1.
    private static readonly double[] s_speeds = [0.5, 1, 2, 4, 8];

    private readonly CancellationTokenSource _left = new();
    private IReadOnlyList<CandidateOutline> _frames = [];
    private IReadOnlyList<ShopScreen?> _screens = [];
    private int _read = -1;
    private int _at;
    private bool _playing;
    private double _speed = 1;
    private ITimer? _timer;
    private double _since;

    /// <summary>The run.</summary>
    [Parameter, EditorRequired] public required RunInfo Run { get; set; }

    /// <summary>The walk.</summary>
    [Parameter, EditorRequired] public required WalkView View { get; set; }

    /// <summary>What the run said of its environment.</summary>
    [Parameter, EditorRequired] public required string EnvironmentHash { get; set; }

    /// <summary>Step in the address.</summary>
    [Parameter] public int At { get; set; }

    /// <summary>Reads candidates.</summary>
    [Inject] public required WalkQueries Walks { get; init; }

    /// <summary>The clock.</summary>
    [Inject] public required TimeProvider Time { get; init; }

    /// <summary>The address.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    private EnvironmentKind? Kind => Run.ScreenKind;

    private int Last => _frames.Count - 1;

    private string DetailUrl => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?>
    {
        ["view"] = null, ["at"] = null, ["step"] = _at, ["try"] = _frames[_at].Attempt,
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer?.Dispose();
        _left.Cancel();
        _left.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        if (_read != View.Decided.Count)
        {
            var attempts = View.Decided.Select(View.Followed).ToList();
            var frames = await Walks.TrajectoryAsync(Run.Id, View.Opened.Task, attempts, FoldedText.Limit, FoldedText.Limit, _left.Token);
            // Up to the first step that followed nothing: a walk that stopped.
            _frames = [.. frames.TakeWhile((f, i) => f.Step == i)];
            _screens = ShopScreen.Before(Kind, _frames.Select(f => (f.Action.Start, f.Observation.Start, f.Observation.Hidden > 0)));
            _read = View.Decided.Count;
        }

        if (!_playing)
        {
            _at = Math.Clamp(At, 0, Math.Max(0, Last));
        }
    }

    private static int Number(object? value) => int.TryParse(value?.ToString(), CultureInfo.InvariantCulture, out var number) ? number : 0;

    private void MoveTo(int step)
    {
        StopPlaying();
        _at = Math.Clamp(step, 0, Last);
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameter("at", _at == 0 ? null : _at), replace: true);
    }

    private Task TogglePlayAsync()
    {
        if (_playing)
        {
            MoveTo(_at);
            return Task.CompletedTask;
        }

        (_playing, _since) = (true, 0);
        _at = _at == Last ? 0 : _at;
        // Ticks of an eighth of a second: the speed can be changed while it plays.
        var tick = TimeSpan.FromSeconds(1.0 / 8);
        _timer = Time.CreateTimer(_ => _ = InvokeAsync(Tick), null, tick, tick);
        return Task.CompletedTask;
    }

    private void Tick()
    {
        if (!_playing)
        {
            return;
        }

        _since += _speed / 8;
        if (_since < 1)
        {
            return;
        }

        _since = 0;
        if (_at < Last)
        {
            _at++;
        }

        if (_at == Last)
        {
            MoveTo(_at);
        }

        StateHasChanged();
    }

    private void StopPlaying()
    {
        _playing = false;
        _timer?.Dispose();
        _timer = null;
    }
}
