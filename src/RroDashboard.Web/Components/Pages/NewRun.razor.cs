using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using RroDashboard.Core.Plans;
using RroDashboard.Web.CommandLine;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Navigation;

namespace RroDashboard.Web.Components.Pages;

/// <summary>Form for a new run, made from the settings catalogue; what the server refuses it says in the same words as the command line.</summary>
public sealed partial class NewRun : IAsyncDisposable
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _wrong = new(StringComparer.Ordinal);
    // Names this form: sent twice, it makes one run.
    private readonly string _key = Guid.NewGuid().ToString("N");
    private readonly CancellationTokenSource _left = new();
    private IReadOnlyDictionary<string, string> _presetValues = new Dictionary<string, string>();
    private RunPlan _plan = Presets.Create(Presets.All[0].Name);
    private ElementReference _root;
    private IJSObjectReference? _module;
    private string _refusal = "";
    private bool _starting;

    /// <summary>To the page of the new run.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    /// <summary>Takes the run.</summary>
    [Inject] public required IRunBoard Board { get; init; }

    /// <summary>Checks numbers while they are typed.</summary>
    [Inject] public required IJSRuntime Js { get; init; }

    [SupplyParameterFromQuery(Name = "preset")] private string? PresetName { get; set; }

    private static IReadOnlyList<(string Title, IReadOnlyList<PlanSetting> Main, IReadOnlyList<PlanSetting> Advanced)> Groups { get; } =
    [
        .. PlanSettings.All.GroupBy(s => s.Group).Select(g => (
            TitleOf(g.Key),
            (IReadOnlyList<PlanSetting>)[.. g.Where(s => !s.Advanced)],
            (IReadOnlyList<PlanSetting>)[.. g.Where(s => s.Advanced)])),
    ];

    private string? EngineReason => Board.WhyNoRun;

    private string CommandLineText { get; set; } = "";

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
    protected override void OnInitialized()
    {
        Choose(Presets.All.Any(p => p.Name == PresetName) ? PresetName! : Presets.All[0].Name);
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

    private void Choose(string preset)
    {
        _plan = Presets.Create(preset);
        _presetValues = PlanSettings.ToDictionary(_plan);
        _wrong.Clear();
        _refusal = "";
        foreach (var (path, value) in _presetValues)
        {
            _values[path] = value;
        }

        CommandLineText = PlanArguments.Write(_plan);
    }

    private void Change(PlanSetting setting, string value)
    {
        _values[setting.Path] = value;
        _refusal = "";
        try
        {
            setting.Set(_plan, value);
            _wrong.Remove(setting.Path);
            CommandLineText = PlanArguments.Write(_plan);
        }
        catch (PlanException e)
        {
            _wrong[setting.Path] = e.Message;
        }
    }

    private string WrongOf(PlanSetting setting) => _wrong.GetValueOrDefault(setting.Path, "");

    private async Task StartAsync()
    {
        // Also the guard against a double click: the second one finds the flag set.
        if (_starting)
        {
            return;
        }

        _refusal = "";
        if (_wrong.Count > 0)
        {
            _refusal = _wrong.Values.First();
            return;
        }

        try
        {
            PlanArguments.Check(_plan);
        }
        catch (Exception e) when (e is PlanException or RefusalException)
        {
            _refusal = e.Message;
            return;
        }

        _starting = true;
        try
        {
            var run = await Board.EnqueueAsync(_plan, _key, _left.Token);
            Navigation.NavigateTo(RroUrls.Run(run));
        }
        catch (Exception e) when (e is PlanException or RefusalException)
        {
            (_refusal, _starting) = (e.Message, false);
        }
    }
}
