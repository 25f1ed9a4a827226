using System.Globalization;
using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Data;
using RroDashboard.Web.Components.Exploration;
using RroDashboard.Web.Navigation;

namespace RroDashboard.Web.Components.Pages;

/// <summary>The part of the page that knows versions: which one is shown, what it says, and which pairs the filter shows of it.</summary>
public sealed partial class Pairs
{
    private IReadOnlyList<PairSetInfo> _versions = [];
    private PairSetInfo? _version;
    private IReadOnlyList<PairEntry> _entries = [];
    private IReadOnlyList<PairEntry> _parent = [];
    private IReadOnlyList<int> _fitting = [];
    private IReadOnlyList<VersionEffect> _effects = [];
    private int _effectTotal;
    private (string Run, int Versions) _effectsOf = ("", -1);
    private PairEntry? _openEntry;

    [SupplyParameterFromQuery(Name = "version")] private string? VersionText { get; set; }

    [SupplyParameterFromQuery(Name = "decision")] private string? DecisionText { get; set; }

    [SupplyParameterFromQuery(Name = "source")] private string? SourceText { get; set; }

    [SupplyParameterFromQuery(Name = "changed")] private string? ChangedText { get; set; }

    /// <summary>Makes and reads versions.</summary>
    [Inject] public required PairSetStore Sets { get; init; }

    /// <summary>Reads pairs of versions.</summary>
    [Inject] public required PairSetQueries SetQueries { get; init; }

    /// <summary>What versions did to held-out reward.</summary>
    [Inject] public required VersionEffects EffectQueries { get; init; }

    private VersionFilter VersionFilter => new(Choice<PairDecision>(DecisionText), Choice<PairSource>(SourceText), ChangedText == "1");

    // Of a run that took its pairs over, the walks are the other run's.
    private string WalkRun => _run is { Plan.Dpo.PairsFrom: { Length: > 0 } from } ? PairsReference.Parse(from).Run : RunId;

    private string FilterWords
    {
        get
        {
            var parts = new List<string>();
            void Say(bool on, FormattableString text)
            {
                if (on)
                {
                    parts.Add(FormattableString.Invariant(text));
                }
            }

            Say(_filter.Task is not null, $"walk {_filter.Task}");
            Say(_filter.MinGap is not null, $"gap at least {_filter.MinGap}");
            Say(_filter.MaxGap is not null, $"gap at most {_filter.MaxGap}");
            parts.AddRange(Switches.Where(s => s.On).Select(s => s.Text));
            Say(VersionFilter.Decision is not null, $"{VersionFilter.Decision}");
            Say(VersionFilter.Source is not null, $"source {VersionFilter.Source}");
            return parts.Count == 0 ? "all pairs" : string.Join(", ", parts);
        }
    }

    private static T? Choice<T>(string? text)
        where T : struct, Enum => Enum.TryParse<T>(text, ignoreCase: true, out var value) && Enum.IsDefined(value) ? value : null;

    private async Task ReadVersionsAsync()
    {
        _versions = await Sets.ListAsync(RunId, Left);
        var wanted = Number(VersionText) ?? PairSetStore.Latest(_versions);
        _version = _versions.FirstOrDefault(v => v.Number == wanted) ?? _versions.LastOrDefault(v => v.Number == PairSetStore.Latest(_versions));
        _entries = _version is { } shown ? await Sets.EntriesAsync(RunId, shown.Number, Left) ?? [] : [];
        _parent = _version?.Parent is { } parent ? await Sets.EntriesAsync(RunId, parent, Left) ?? [] : [];
        if (_effectsOf != (RunId, _versions.Count) && _run is { } run)
        {
            (_effects, _effectTotal) = await EffectQueries.ReadAsync(run, null, Left);
            _effectsOf = (RunId, _versions.Count);
        }
    }

    private async Task ListVersionAsync()
    {
        double? Margin(PairFact pair) => _margins.Last(pair.Index);
        (_rows, _total) = await SetQueries.ListAsync(RunId, _filter, VersionFilter, _entries, _parent, Margin, _page * PageSize, PageSize, Left);
        _fitting = _version is null ? [] : await SetQueries.IndexesAsync(RunId, _filter, VersionFilter, _entries, _parent, Margin, Left);
    }

    private async Task<PairCreated?> OpenPairAsync(int number)
    {
        var made = await PairList.FindAsync(RunId, number, Left);
        _openEntry = _entries.FirstOrDefault(e => e.Index == number);
        return made is null && _openEntry is null
            ? null
            : PairSet.Effective(made, _openEntry) ?? made ?? new PairCreated(number, _openEntry!.Added!);
    }

    private IReadOnlyList<(int Update, double Margin)> HistoryOf(int index) => _openEntry switch
    {
        { Added: not null } => [],
        { Decision: PairDecision.Flipped } => [.. _margins.Of(index).Select(h => (h.Update, -h.Margin))],
        _ => _margins.Of(index),
    };
}
