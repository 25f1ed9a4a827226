using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Radzen;
using RroDashboard.Data;
using RroDashboard.Data.Entities;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Navigation;
using RroDashboard.Web.Sharing;

namespace RroDashboard.Web.Components.Dialogs;

/// <summary>Makes links that show a run, a chart, a walk or a report to people without an account, and lists and revokes them.</summary>
public sealed partial class ShareDialog : IAsyncDisposable
{
    private ElementReference _root;
    private IJSObjectReference? _module;
    private IReadOnlyList<ShareLinkInfo> _links = [];
    private string? _address;
    private string _chart = "";
    private bool _frozen;
    private bool _redacted;
    private bool _embeddable;
    private int _days = ShareLinks.UsualDays;
    private int? _views;
    private string _password = "";
    private string _wrong = "";
    private bool _busy;

    /// <summary>Which run; null for a report.</summary>
    [Parameter] public string? RunId { get; set; }

    /// <summary>Which walk of it; null for the run.</summary>
    [Parameter] public int? Task { get; set; }

    /// <summary>Which report; null for a run.</summary>
    [Parameter] public string? ReportId { get; set; }

    /// <summary>What this person may do.</summary>
    [Inject] public required Rights Rights { get; init; }

    /// <summary>Makes links.</summary>
    [Inject] public required ShareDesk Desk { get; init; }

    /// <summary>Lists and revokes them.</summary>
    [Inject] public required ShareLinks Links { get; init; }

    /// <summary>The address of the server.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    /// <summary>The clipboard.</summary>
    [Inject] public required IJSRuntime Js { get; init; }

    private ShareTarget Target => (ReportId, Task) switch
    {
        ({ } report, _) => new ShareTarget(ShareScope.Report, null, report, "", _redacted),
        (null, { } task) => new ShareTarget(ShareScope.Trajectory, RunId, null, task.ToString(CultureInfo.InvariantCulture), _redacted),
        _ => new ShareTarget(_chart.Length > 0 ? ShareScope.Chart : ShareScope.Run, RunId, null, _chart, _redacted),
    };

    /// <summary>Opens the dialog.</summary>
    public static Task OpenAsync(DialogService dialogs, string? runId = null, int? task = null, string? reportId = null)
    {
        ArgumentNullException.ThrowIfNull(dialogs);
        return dialogs.OpenAsync<ShareDialog>(
            reportId is not null ? "Share this report" : task is { } walk ? string.Create(CultureInfo.InvariantCulture, $"Share walk {walk}") : "Share this run",
            new Dictionary<string, object?> { [nameof(RunId)] = runId, [nameof(Task)] = task, [nameof(ReportId)] = reportId },
            new DialogOptions { Width = "44rem", CloseDialogOnEsc = true, CloseDialogOnOverlayClick = false });
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_module is not null)
        {
            try
            {
                await _module.DisposeAsync();
            }
            catch (JSDisconnectedException)
            {
                // The browser is gone, and the module with it.
            }
        }
    }

    /// <inheritdoc/>
    protected override Task OnInitializedAsync() => ReadAsync();

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            _module = await Js.InvokeAsync<IJSObjectReference>("import", "/" + Assets["js/share-dialog.js"]);
            await _module.InvokeVoidAsync("attach", _root);
        }
    }

    private async Task ReadAsync() => _links = ReportId is { } report ? await Links.OfReportAsync(report, default) : await Links.OfRunAsync(RunId!, default);

    private async Task CreateAsync()
    {
        if (_busy)
        {
            return;
        }

        (_busy, _wrong, _address) = (true, "", null);
        try
        {
            var user = await Rights.DemandAsync(UserRole.Operator, "share something");
            var (token, _) = await Desk.CreateAsync(Target, _frozen, _days, _embeddable, _password, _views, user.Name, default);
            await Rights.NoteAsync("link.made", RunId ?? ReportId ?? "", $"{Target.Scope} {Target.Target}".Trim());
            _address = Navigation.ToAbsoluteUri(RroUrls.Share(token)).AbsoluteUri;
            _password = "";
            await ReadAsync();
        }
        catch (Exception e) when (e is ShareLinkException or RefusalException)
        {
            _wrong = e.Message;
        }
        finally
        {
            _busy = false;
        }
    }

    private async Task RevokeAsync(ShareLinkInfo link)
    {
        try
        {
            await Rights.DemandAsync(UserRole.Operator, "revoke a link");
            await Links.RevokeAsync([link.Id], default);
            await Rights.NoteAsync("link.revoked", link.RunId ?? link.ReportId ?? "", $"{link.Scope} {link.Target}".Trim());
            await ReadAsync();
        }
        catch (RefusalException e)
        {
            _wrong = e.Message;
        }
    }
}
