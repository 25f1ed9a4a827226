using System.Globalization;
using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Events;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;
using RroDashboard.Training.Tokenizer;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>One pair whole: both sides, what is trained of it, and how its margin went.</summary>
public sealed partial class PairDetail : IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private ITokenText? _vocabulary;
    private string _reason = "";
    private ElementReference _heading;
    private PairCreated? _shown;

    /// <summary>Which run.</summary>
    [Parameter, EditorRequired] public required string RunId { get; set; }

    /// <summary>The run.</summary>
    [Parameter, EditorRequired] public required RunInfo Run { get; set; }

    /// <summary>The run whose walks the pairs are of: another one where this run took its pairs over.</summary>
    [Parameter, EditorRequired] public required string WalkRun { get; set; }

    /// <summary>What the version says of the pair; null for nothing.</summary>
    [Parameter] public PairEntry? Entry { get; set; }

    /// <summary>Version that is shown; null while the pairs still grow.</summary>
    [Parameter] public int? Version { get; set; }

    /// <summary>Which pair.</summary>
    [Parameter, EditorRequired] public required PairCreated Created { get; set; }

    /// <summary>Of the run's rewards.</summary>
    [Parameter, EditorRequired] public required RewardRange Range { get; set; }

    /// <summary>Its margins by update; empty when it was not measured.</summary>
    [Parameter] public IReadOnlyList<(int Update, double Margin)> History { get; set; } = [];

    /// <summary>How preference training used it, as a sentence; empty before.</summary>
    [Parameter] public string Used { get; set; } = "";

    /// <summary>Reads vocabularies.</summary>
    [Inject] public required Vocabularies Vocabularies { get; init; }

    /// <summary>The address.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    private string CloseUrl => Navigation.GetUriWithQueryParameter("pair", (int?)null);

    private string MarginSummary => string.Create(
        CultureInfo.InvariantCulture,
        $"From {Number(History[0].Margin)} to {Number(History[^1].Margin)} over {History[^1].Update} updates: {string.Join(", ", History.Select(h => $"{h.Update}: {Number(h.Margin)}"))}.");

    private string MarginPoints => string.Join(' ', History.Select(h => $"{ExplorationWords.Css(4 + (232.0 * h.Update / Math.Max(1, History[^1].Update)))},{Y(h.Margin)}"));

    /// <inheritdoc/>
    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task OnInitializedAsync() => (_vocabulary, _reason) = await Vocabularies.OpenAsync(RunId, _left.Token);

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_shown?.Index != Created.Index)
        {
            _shown = Created;
            await _heading.FocusAsync();
        }
    }

    private static string Cut(string text) => text.Length > FoldedText.Limit ? text[..FoldedText.Limit] : text;

    private static string Number(double margin) => margin.ToString("+0.000;−0.000;0.000", CultureInfo.InvariantCulture);

    private string Y(double margin)
    {
        var (low, high) = (Math.Min(0, History.Min(h => h.Margin)), Math.Max(0, History.Max(h => h.Margin)));
        return ExplorationWords.Css(high - low < 1e-9 ? 32 : 58 - (52 * (margin - low) / (high - low)));
    }
}
