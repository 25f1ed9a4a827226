using System.Globalization;
using Microsoft.AspNetCore.Components;
using Radzen;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Navigation;
using RroDashboard.Web.Reports;
using RroDashboard.Web.Streaming;

namespace RroDashboard.Web.Components.Pages;

/// <summary>One version of a report. Its blocks are drawn again while their runs go on.</summary>
public sealed partial class ReportPage : LivePage
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromSeconds(2);

    private readonly Subscriptions _runs = new();
    private ReportInfo? _report;
    private ReportVersion? _version;
    private IReadOnlyList<ReportVersion> _versions = [];
    private string _html = "";
    private bool _missing;
    private string _wrong = "";

    /// <summary>From the address.</summary>
    [Parameter] public required string ReportId { get; set; }

    [SupplyParameterFromQuery(Name = "version")] private string? VersionText { get; set; }

    /// <summary>Keeps them.</summary>
    [Inject] public required ReportStore Store { get; init; }

    /// <summary>Renders them.</summary>
    [Inject] public required ReportRenderer Renderer { get; init; }

    /// <summary>Tells of events.</summary>
    [Inject] public required ExplorationFeed Feed { get; init; }

    /// <summary>What this person may do.</summary>
    [Inject] public required Rights Rights { get; init; }

    /// <summary>Asks before a report is deleted.</summary>
    [Inject] public required DialogService Dialogs { get; init; }

    /// <summary>The address.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    /// <inheritdoc/>
    protected override void OnInitialized() => Follow(_runs, RefreshEvery, RenderAsync);

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        int? wanted = int.TryParse(VersionText, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        var found = await Store.FindAsync(ReportId, wanted, Left);
        _missing = found is null;
        if (found is not ({ } report, { } version))
        {
            return;
        }

        (_report, _version) = (report, version);
        _versions = await Store.VersionsAsync(ReportId, Left);
        await RenderAsync();
    }

    private async Task RenderAsync()
    {
        if (_version is null)
        {
            return;
        }

        var rendered = await Renderer.RenderAsync(_version.Markdown, redacted: false, Left);
        _html = rendered.Html;
        if (_runs.Set(rendered.RunIds, run => Feed.Subscribe(run, _ => HasChanged())))
        {
            // What a new one said while it was read was not heard: it is read once more.
            HasChanged();
        }
    }

    private async Task DeleteAsync()
    {
        var sure = await Dialogs.Confirm(
            "All of its versions are removed, and its links stop working. It cannot be undone.", "Delete this report?", new ConfirmOptions { OkButtonText = "Delete it", CancelButtonText = "Keep it" });
        if (sure == true)
        {
            try
            {
                await Rights.DemandAsync(UserRole.Operator, "delete a report");
                await Store.DeleteAsync(ReportId, Left);
                await Rights.NoteAsync("report.deleted", ReportId, _version!.Title);
                Navigation.NavigateTo(RroUrls.Reports);
            }
            catch (RefusalException e)
            {
                _wrong = e.Message;
            }
        }
    }

    // One for each run that the report shows; another version may show others.
    private sealed class Subscriptions : IDisposable
    {
        private readonly Dictionary<string, IDisposable> _open = new(StringComparer.Ordinal);

        public bool Set(IReadOnlyList<string> runs, Func<string, IDisposable> subscribe)
        {
            foreach (var gone in _open.Keys.Except(runs).ToList())
            {
                _open[gone].Dispose();
                _open.Remove(gone);
            }

            var added = runs.Where(r => !_open.ContainsKey(r)).ToList();
            added.ForEach(run => _open[run] = subscribe(run));
            return added.Count > 0;
        }

        public void Dispose() => Set([], _ => this);
    }
}
