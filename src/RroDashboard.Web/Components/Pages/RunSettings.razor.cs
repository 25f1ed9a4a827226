using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Web.CommandLine;

namespace RroDashboard.Web.Components.Pages;

/// <summary>Every setting of a run beside its preset's, and the files it has written.</summary>
public sealed partial class RunSettings : IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private RunInfo? _run;
    private RunPlan _plan = new();
    private RunPlan? _preset;
    private RunStarted? _started;
    private IReadOnlyList<(CommittedEvent Row, CheckpointSaved Saved)> _checkpoints = [];
    private bool _missing;
    private bool _onlyChanged;

    /// <summary>From the address.</summary>
    [Parameter] public required string RunId { get; set; }

    /// <summary>Reads the run.</summary>
    [Inject] public required RunQueries Queries { get; init; }

    /// <summary>Reads its checkpoints.</summary>
    [Inject] public required LogQueries Log { get; init; }

    /// <summary>A setting with its value and its preset's.</summary>
    private sealed record Row(PlanSetting Setting, string Value, string? Preset)
    {
        public bool Changed => Preset is not null && Preset != Value;
    }

    private IReadOnlyList<Row> All => [.. PlanSettings.All.Select(s => new Row(s, s.GetText(_plan), _preset is null ? null : s.GetText(_preset)))];

    private IEnumerable<IGrouping<string, Row>> Groups =>
        All.Where(r => !_onlyChanged || r.Changed).GroupBy(r => r.Setting.Group.Length == 0 ? "Run" : r.Setting.Group, StringComparer.Ordinal);

    private string PlanLine => PlanArguments.Write(_plan);

    private string DiffNote => _preset is null
        ? $"This version has no preset '{_plan.Preset}' to compare with."
        : All.Count(r => r.Changed) is var changed and > 0
            ? $"{changed} of {All.Count} settings differ from preset {_plan.Preset}."
            : $"All {All.Count} settings are those of preset {_plan.Preset}.";

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
        _missing = _run is null;
        if (_run is null)
        {
            return;
        }

        _plan = _run.Plan;
        _preset = Presets.All.Any(p => p.Name == _plan.Preset) ? Presets.Create(_plan.Preset) : null;
        _started = (await Queries.AllAsync<RunStarted>(RunId, _left.Token)) is [.., var last] ? last : null;
        _checkpoints = [.. (await Log.NewestAsync<CheckpointSaved>(RunId, LogQueries.MaxEvents, _left.Token)).Select(c => (c, (CheckpointSaved)c.Event))];
    }
}
