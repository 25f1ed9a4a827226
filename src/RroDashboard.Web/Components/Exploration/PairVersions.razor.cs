using System.Globalization;
using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Navigation;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>Which version of the pairs is shown, what it is, and what can be done with it. Every change makes a new version.</summary>
public sealed partial class PairVersions : IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private bool _busy;
    private bool _refused;
    private string? _said;

    /// <summary>Which run.</summary>
    [Parameter, EditorRequired] public required string RunId { get; set; }

    /// <summary>All versions, version 0 first.</summary>
    [Parameter, EditorRequired] public required IReadOnlyList<PairSetInfo> Versions { get; set; }

    /// <summary>The one that is shown.</summary>
    [Parameter, EditorRequired] public required PairSetInfo Shown { get; set; }

    /// <summary>What it says of single pairs.</summary>
    [Parameter, EditorRequired] public required IReadOnlyList<PairEntry> Entries { get; set; }

    /// <summary>Pairs of which its parent says something else.</summary>
    [Parameter, EditorRequired] public required IReadOnlyList<(int Index, PairEntry? Before, PairEntry? After)> Changes { get; set; }

    /// <summary>Numbers of all pairs that the filter shows.</summary>
    [Parameter, EditorRequired] public required IReadOnlyList<int> Fitting { get; set; }

    /// <summary>The filter in words.</summary>
    [Parameter, EditorRequired] public required string FilterWords { get; set; }

    /// <summary>Runs that learned from versions, and what it did.</summary>
    [Parameter, EditorRequired] public required IReadOnlyList<VersionEffect> Effects { get; set; }

    /// <summary>How many such runs there are.</summary>
    [Parameter, EditorRequired] public required int EffectTotal { get; set; }

    /// <summary>Makes and undoes versions.</summary>
    [Inject] public required PairSetStore Store { get; init; }

    /// <summary>Starts runs.</summary>
    [Inject] public required PairSetTrainer Trainer { get; init; }

    /// <summary>Says whether a run can be started.</summary>
    [Inject] public required IRunBoard Board { get; init; }

    /// <summary>The address.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    /// <summary>What the person may do.</summary>
    [Inject] public required Rights Rights { get; init; }

    /// <summary>The run is of this program, so its fine-tuned model is here to learn on from.</summary>
    [Parameter] public bool TrainedHere { get; set; } = true;

    private string? WhyNoRun => Board.WhyNoRun;

    // The form's key: the same form sent twice makes one run.
    private string Key { get; } = Guid.NewGuid().ToString("N");

    private string ChangedUrl => $"{RroUrls.Pairs(RunId)}?version={Shown.Number}&changed=1";

    private (int Kept, int Discarded) Fit
    {
        get
        {
            var gone = Entries.Where(e => e.Decision == PairDecision.Discarded).Select(e => e.Index).ToHashSet();
            var discarded = Fitting.Count(gone.Contains);
            return (Fitting.Count - discarded, discarded);
        }
    }

    private string ChangeWords
    {
        get
        {
            var parts = Changes.GroupBy(c => (c.After?.Decision ?? PairDecision.Kept) switch
            {
                PairDecision.Flipped => "flipped",
                PairDecision.Discarded => "discarded",
                PairDecision.Added => "added",
                _ when c.Before?.Decision is PairDecision.Discarded or PairDecision.Flipped => "put back",
                _ => "kept by people",
            }).Select(g => $"{Words.Count(g.Count())} {g.Key}");
            return Changes.Count == 0 ? "nothing changed." : string.Join(", ", parts) + ".";
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    private static string Pairs(int count) => count == 1 ? "1 pair" : $"{Words.Count(count)} pairs";

    private static string Label(PairSetInfo version) => (version.Number == 0
        ? "Version 0: as the run made them"
        : string.Create(CultureInfo.InvariantCulture, $"Version {version.Number}: {version.Counts.Trained:N0} trained, {version.Counts.Flipped:N0} flipped, {version.Counts.Discarded:N0} discarded"))
        + (version.Current ? " (current)" : version.Undone ? " (undone)" : "");

    private void Go(string name, string? value) => Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { [name] = value, ["page"] = null, ["pair"] = null, ["changed"] = null }));

    private Task BulkAsync(bool exclude) => DoAsync(async () =>
    {
        var gone = Entries.Where(e => e.Decision == PairDecision.Discarded).ToDictionary(e => e.Index);
        var said = Entries.ToDictionary(e => e.Index);
        var why = new PairProvenance("filter", FilterWords);
        var changes = exclude
            ? Fitting.Where(i => !gone.ContainsKey(i)).Select(i => (said.GetValueOrDefault(i) ?? PairEntry.Plain(i)) with { Decision = PairDecision.Discarded, Provenance = why })
            : Fitting.Where(gone.ContainsKey).Select(i => gone[i] with { Decision = gone[i].Added is null ? PairDecision.Kept : PairDecision.Added, Provenance = why });
        var (version, made) = await Store.AddAsync(RunId, Shown.Number, [.. changes], (await Rights.DemandAsync(UserRole.Reviewer, "change pairs")).Name, $"{(exclude ? "Excluded" : "Included")} by filter: {FilterWords}.", _left.Token);
        Go("version", version.Number.ToString(CultureInfo.InvariantCulture));
        return made ? $"Version {version.Number} was made. Undo takes it back."
            : $"Version {version.Number} holds exactly that already{(version.Current ? " and is the current one" : "; another one is current")}.";
    });

    private Task UndoAsync() => DoAsync(async () =>
    {
        await Rights.DemandAsync(UserRole.Reviewer, "change pairs");
        var now = await Store.UndoAsync(RunId, Shown.Number, _left.Token);
        Go("version", now.ToString(CultureInfo.InvariantCulture));
        return $"The last change is undone; version {now} counts again.";
    });

    private Task ReturnAsync() => DoAsync(async () =>
    {
        var version = await Store.ReturnAsync(RunId, Shown.Number, (await Rights.DemandAsync(UserRole.Reviewer, "change pairs")).Name, _left.Token);
        // The address without a number shows the current one.
        Go("version", null);
        return $"Version {version.Number} is the current one now.{(version.Number > 0 ? " Undo takes that back." : "")}";
    });

    private Task TrainAsync() => DoAsync(async () =>
    {
        var user = await Rights.DemandAsync(UserRole.Operator, "start a run");
        var (run, wasThere) = await Trainer.TrainAsync(new PairsReference(RunId, Shown.Number), new RunOwner(user.Id, user.Name), _left.Token);
        if (!wasThere)
        {
            await Rights.NoteAsync("run.started", run, $"from version {Shown.Number} of the pairs of {RunId}");
        }

        Navigation.NavigateTo(RroUrls.Run(run));
        return wasThere ? $"Run {run} learned from this version already." : $"Run {run} was added.";
    });

    private async Task DoAsync(Func<Task<string>> work)
    {
        (_busy, _said, _refused) = (true, null, false);
        try
        {
            _said = await work();
        }
        catch (Exception e) when (e is PairSetException or PlanException or RefusalException)
        {
            (_said, _refused) = (e.Message, true);
        }
        finally
        {
            _busy = false;
        }
    }
}
