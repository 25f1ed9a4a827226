using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using RroDashboard.Core.Plans;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Navigation;

namespace RroDashboard.Web.Components.Pages;

/// <summary>
/// Form for a new run, made from the settings catalogue; what the server refuses it says in the same words as the command line. Before a run
/// starts the form writes itself into its address, so that Back finds it as it was, and with the same name: pressed again, it makes no second run.
/// </summary>
public sealed partial class NewRun : IAsyncDisposable
{
    private readonly RunForm _form = new(Presets.All[0].Name);
    private readonly CancellationTokenSource _left = new();
    private ElementReference _root;
    private IJSObjectReference? _module;
    private RunInfo? _source;
    private RunEstimate? _estimate;
    private NamedMethod? _method;
    private string? _noRoom;
    private string _key = "";
    private string _find = "";
    private string _json = "";
    private string _jsonWrong = "";
    private string _note = "";
    private string _refusal = "";
    private bool _starting;

    /// <summary>What this person may do.</summary>
    [Inject] public required Rights Rights { get; init; }

    /// <summary>To the page of the new run.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    /// <summary>Takes the run.</summary>
    [Inject] public required IRunBoard Board { get; init; }

    /// <summary>Reads the run to clone.</summary>
    [Inject] public required RunQueries Queries { get; init; }

    /// <summary>Reckons the cost.</summary>
    [Inject] public required RunEstimator Estimator { get; init; }

    /// <summary>Checks numbers while they are typed.</summary>
    [Inject] public required IJSRuntime Js { get; init; }

    [SupplyParameterFromQuery(Name = "preset")] private string? PresetName { get; set; }

    [SupplyParameterFromQuery(Name = "from")] private string? FromParameter { get; set; }

    [SupplyParameterFromQuery(Name = "key")] private string? KeyParameter { get; set; }

    [SupplyParameterFromQuery(Name = "set")] private string[]? SetParameter { get; set; }

    private static IReadOnlyList<(string Title, IReadOnlyList<PlanSetting> Main, IReadOnlyList<PlanSetting> Advanced)> Groups { get; } =
    [
        // Endpoints explore by command: whoever may start runs shall not make the server call any address.
        .. PlanSettings.All.Where(s => s.Group != nameof(Core.Plans.RunPlan.Endpoint)).GroupBy(s => s.Group).Select(g => (
            TitleOf(g.Key),
            (IReadOnlyList<PlanSetting>)[.. g.Where(s => !s.Advanced)],
            (IReadOnlyList<PlanSetting>)[.. g.Where(s => s.Advanced)])),
    ];

    private string? EngineReason => Board.WhyNoRun;

    private string FindText => _find.Trim().Length == 0 ? "By name or meaning; advanced ones too." : $"{PlanSettings.All.Count(Fits)} of {PlanSettings.All.Count} settings";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _left.CancelAsync();
        _left.Dispose();
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
    protected override async Task OnParametersSetAsync()
    {
        // Leaving changes the address too, and there is nothing to read for it.
        if (_left.IsCancellationRequested || !Navigation.ToBaseRelativePath(Navigation.Uri).StartsWith("runs/new", StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        (_source, _note, _refusal, _starting, _method) = (null, "", "", false, null);
        _key = KeyParameter is { Length: > 0 and <= 40 } key ? key : Guid.NewGuid().ToString("N");
        _form.StartFrom(Presets.Create(Presets.All.Any(p => p.Name == PresetName) ? PresetName! : Presets.All[0].Name), "Preset");
        if (FromParameter is { Length: > 0 } from)
        {
            _source = await Queries.FindAsync(from, _left.Token);
            if (_source is { } source)
            {
                _form.StartFrom(source.Plan, "Run " + source.Id);
            }
            else
            {
                _note = $"There is no run '{from}' to take settings from: this is the preset.";
            }
        }

        try
        {
            _form.Apply(SetParameter ?? []);
        }
        catch (PlanException e)
        {
            _refusal = e.Message;
        }

        await EstimateAsync();
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            _module = await Js.InvokeAsync<IJSObjectReference>("import", _left.Token, "/" + Assets["js/new-run.js"].TrimStart('/'));
            await _module.InvokeVoidAsync("attach", _left.Token, _root);
        }
    }

    private static string TitleOf(string group) => group switch
    {
        "" => "Run",
        "Sft" => "Stage 1: fine-tuning on demonstrations (SFT)",
        "Explore" => "Stage 2: reward rising exploration",
        "Dpo" => "Stage 3: preference training (DPO)",
        "Evaluate" => "Held-out evaluation",
        _ => Words.Of(group),
    };

    private bool Fits(PlanSetting setting) => _find.Trim() is var words && (words.Length == 0
        || setting.Path.Contains(words, StringComparison.OrdinalIgnoreCase) || Words.Of(setting.Name).Contains(words, StringComparison.OrdinalIgnoreCase) || setting.Meaning.Contains(words, StringComparison.OrdinalIgnoreCase));

    private IReadOnlyList<PlanSetting> Found(IReadOnlyList<PlanSetting> settings) => [.. settings.Where(s => Fits(s) || _form.WrongOf(s).Length > 0)];

    private Task ChooseAsync(string preset)
    {
        (_source, _refusal, _method) = (null, "", null);
        _form.StartFrom(Presets.Create(preset), "Preset");
        return EstimateAsync();
    }

    private Task ChangeAsync(PlanSetting setting, string value)
    {
        _refusal = "";
        _form.Change(setting, value);
        return EstimateAsync();
    }

    private Task UseMethodAsync(ChangeEventArgs e)
    {
        _method = Methods.All.FirstOrDefault(m => m.Name == e.Value?.ToString());
        if (_method is { } method)
        {
            _form.UseMethod(method.Name);
        }

        return EstimateAsync();
    }

    private Task ReadJsonAsync()
    {
        _jsonWrong = "";
        try
        {
            _form.FromJson(_json);
            _source = null;
        }
        catch (PlanException e)
        {
            _jsonWrong = e.Message;
        }

        return EstimateAsync();
    }

    private async Task EstimateAsync()
    {
        _estimate = _form.FirstWrong.Length == 0 ? await Estimator.EstimateAsync(_form.Plan, _left.Token) : null;
        _noRoom = _estimate is null ? null : Estimator.WhyNoRoom(_form.Plan, _estimate);
    }

    // The same form with the same settings has the same key: sent twice, it makes one run.
    private string RequestKey() =>
        $"form-{_key}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', PlanSettings.ToDictionary(_form.Plan).Select(s => $"{s.Key}={s.Value}")))))[..16]}";

    private async Task StartAsync()
    {
        // Also the guard against a double click: the second one finds the flag set.
        if (_starting)
        {
            return;
        }

        _refusal = _form.Check();
        if (_refusal.Length > 0)
        {
            return;
        }

        _starting = true;
        try
        {
            if (_module is not null)
            {
                await _module.InvokeVoidAsync("remember", _left.Token, RroUrls.NewRunWith(_source?.Id, _form.Plan.Preset, _key, _form.Changes));
            }

            var user = await Rights.DemandAsync(UserRole.Operator, "start a run");
            var (run, made) = await Board.EnqueueAsync(_form.Plan, RequestKey(), _left.Token, new RunOwner(user.Id, user.Name));
            if (made)
            {
                await Rights.NoteAsync("run.started", run);
            }

            Navigation.NavigateTo(RroUrls.Run(run));
        }
        catch (Exception e) when (e is PlanException or RefusalException)
        {
            (_refusal, _starting) = (e.Message, false);
        }
    }
}
