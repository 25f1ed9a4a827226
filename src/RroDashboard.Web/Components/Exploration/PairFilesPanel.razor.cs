using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using RroDashboard.Core.Preferences;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>The pairs of a version as a file, and pairs of a file into a new version.</summary>
public sealed partial class PairFilesPanel : IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private PairExportSummary? _summary;
    private (string Run, int Version) _counted;
    private string? _said;
    private bool _refused;
    private bool _busy;
    private bool _counting;

    /// <summary>Which run.</summary>
    [Parameter, EditorRequired] public required string RunId { get; set; }

    /// <summary>Which version.</summary>
    [Parameter, EditorRequired] public required int Version { get; set; }

    /// <summary>Pairs that it trains on.</summary>
    [Parameter, EditorRequired] public required int Trained { get; set; }

    /// <summary>Exploration is over, so that there are versions.</summary>
    [Parameter, EditorRequired] public required bool Open { get; set; }

    /// <summary>Reads and writes the files of versions.</summary>
    [Inject] public required PairFiles Files { get; init; }

    /// <summary>Writes the pairs of a run that still explores.</summary>
    [Inject] public required PairExport Export { get; init; }

    /// <summary>What the person may do.</summary>
    [Inject] public required Rights Rights { get; init; }

    /// <summary>The address.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    /// <inheritdoc/>
    protected override void OnParametersSet()
    {
        // What was counted was another version.
        if (_counted != (RunId, Version))
        {
            (_counted, _summary) = ((RunId, Version), null);
        }
    }

    private string Url(bool tokens) => Open
        ? string.Create(CultureInfo.InvariantCulture, $"/api/v1/runs/{Uri.EscapeDataString(RunId)}/pair-sets/{Version}/pairs.jsonl{(tokens ? "?tokens=true" : "")}")
        : $"/api/v1/runs/{Uri.EscapeDataString(RunId)}/pairs.jsonl";

    private async Task CountAsync()
    {
        (_busy, _counting) = (true, true);
        try
        {
            _summary = Open ? await Files.WriteAsync(RunId, Version, exact: false, Stream.Null, _left.Token) : await Export.WriteAsync(RunId, Stream.Null, _left.Token);
        }
        finally
        {
            (_busy, _counting) = (false, false);
        }
    }

    private async Task ImportAsync(InputFileChangeEventArgs chosen)
    {
        (_busy, _said, _refused) = (true, null, false);
        try
        {
            if (chosen.File.Size > PairFiles.MaxBytes)
            {
                throw new PairSetException($"The file is larger than {PairFiles.MaxBytes >> 20} MiB, and larger ones are not taken.");
            }

            await using var stream = chosen.File.OpenReadStream(PairFiles.MaxBytes, _left.Token);
            var author = (await Rights.DemandAsync(UserRole.Reviewer, "import pairs")).Name;
            var result = await Files.ImportAsync(RunId, Version, chosen.File.Name, stream, author, _left.Token);
            _said = result.Made
                ? $"Version {result.Version.Number} was made: {Words.Count(result.Added)} of {Words.Count(result.Lines)} pairs were added{(result.Known > 0 ? $", {Words.Count(result.Known)} were there already" : "")}. SHA-256 of the file: {result.Sha256}"
                : $"Nothing changed: all {Words.Count(result.Lines)} pairs of the file are in version {result.Version.Number} already. SHA-256 of the file: {result.Sha256}";
            Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["version"] = result.Version.Number, ["page"] = null, ["pair"] = null }));
        }
        catch (Exception e) when (e is PairSetException or RefusalException or IOException)
        {
            (_said, _refused) = (e.Message, true);
        }
        finally
        {
            _busy = false;
        }
    }
}
