using System.Globalization;
using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Web.Hosting;

namespace RroDashboard.Web.Components.Pages;

/// <summary>The tasks of an environment, and one of them to play by hand.</summary>
public sealed partial class Play : IDisposable
{
    private const int PageSize = 10;
    private const int MaxButtons = 60;

    private readonly CancellationTokenSource _left = new();
    private readonly List<(string Action, string Answer, bool Invalid)> _steps = [];
    private EnvironmentKind _kind = EnvironmentKind.MiniShop;
    private string _folder = "";
    private string _find = "";
    private string _words = "";
    private string _refusal = "";
    private bool _loading;
    private int _page;
    private TaskSplit _split = TaskSplit.Train;
    private IAgentEnvironment? _environment;
    private IEpisode? _episode;
    private ElementReference _heading;
    private bool _focusHeading;

    /// <summary>Loaded environments.</summary>
    [Inject] public required EnvironmentShelf Shelf { get; init; }

    /// <summary>Keeps what is open in the address.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    /// <summary>Which environment is open; the generated shop when nothing is asked for.</summary>
    [SupplyParameterFromQuery(Name = "env")] public string? KindInAddress { get; set; }

    /// <summary>Its data folder.</summary>
    [SupplyParameterFromQuery(Name = "folder")] public string? FolderInAddress { get; set; }

    /// <summary>The task that is played, if one is.</summary>
    [SupplyParameterFromQuery(Name = "task")] public string? TaskInAddress { get; set; }

    private string FolderHint => _kind == EnvironmentKind.MiniShop ? "not needed" : "for example ../shared/data/webshop";

    private List<AgentTask> Found => _environment is null
        ? []
        : [.. _environment.Tasks(_split).Where(t => _find.Length == 0 || t.Instruction.Contains(_find, StringComparison.OrdinalIgnoreCase) || t.Id.Contains(_find, StringComparison.OrdinalIgnoreCase))];

    private IEnumerable<AgentTask> Shown => Found.Skip(_page * PageSize).Take(PageSize);

    private string CountText => Found.Count switch
    {
        0 => "No task has these words.",
        var count => string.Create(CultureInfo.InvariantCulture, $"{(_page * PageSize) + 1:N0} to {Math.Min(count, (_page + 1) * PageSize):N0} of {count:N0}"),
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task OnInitializedAsync()
    {
        _folder = FolderInAddress ?? "";
        _kind = Enum.TryParse<EnvironmentKind>(KindInAddress, ignoreCase: true, out var kind) && Enum.IsDefined(kind) ? kind : EnvironmentKind.MiniShop;
        // A folder in a link is only filled in: which files the server reads is decided by the person, not by whoever made the link.
        if (_folder.Length == 0)
        {
            await LoadAsync(TaskInAddress);
        }
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_focusHeading)
        {
            _focusHeading = false;
            await _heading.FocusAsync();
        }
    }

    private static string NameOf(EnvironmentKind kind) => kind switch
    {
        EnvironmentKind.InterCodeSql => "InterCode-SQL (Spider questions)",
        EnvironmentKind.WebShop => "WebShop (real products)",
        _ => "MiniShop (generated)",
    };

    private static string SplitName(TaskSplit split) => split switch
    {
        TaskSplit.Train => "training",
        TaskSplit.Tuning => "tuning",
        _ => "testing",
    };

    private static string OpeningId(string opening) => "open-" + string.Concat(opening.Where(char.IsLetterOrDigit));

    private async Task OpenAsync()
    {
        var asked = _folder == FolderInAddress ? TaskInAddress : null;
        ShowInAddress(asked);
        await LoadAsync(asked);
    }

    private async Task LoadAsync(string? asked)
    {
        (_loading, _refusal, _environment, _episode, _page) = (true, "", null, null, 0);
        try
        {
            _environment = await Shelf.OpenAsync(_kind, _folder, _left.Token);
            if (asked is { Length: > 0 })
            {
                Begin(Enum.GetValues<TaskSplit>().SelectMany(_environment.Tasks).FirstOrDefault(t => t.Id == asked)
                    ?? throw new PlanException($"{_environment.Name} has no task '{asked}'; the table lists those it has."));
            }
        }
        catch (Exception e) when (e is PlanException or IOException or InvalidDataException or ArgumentException or UnauthorizedAccessException)
        {
            _refusal = e.Message;
        }
        finally
        {
            _loading = false;
        }
    }

    private void FirstPage() => _page = 0;

    private void ShowInAddress(string? task) => Navigation.NavigateTo(
        Navigation.GetUriWithQueryParameters(new Dictionary<string, object?>
        {
            ["env"] = _kind.ToString(),
            ["folder"] = _folder.Length == 0 ? null : _folder,
            ["task"] = task,
        }),
        replace: true);

    private void Start(AgentTask task)
    {
        ShowInAddress(task.Id);
        Begin(task);
    }

    private void Begin(AgentTask task)
    {
        _steps.Clear();
        _words = "";
        _episode = _environment!.Reset(task);
        _focusHeading = true;
    }

    private void Say(string opening)
    {
        if (!string.IsNullOrWhiteSpace(_words))
        {
            Act($"{opening} {_words.Trim()} {_environment!.ActionEnd}");
        }
    }

    private void Act(string action)
    {
        if (_episode is not { Finished: false } episode)
        {
            return;
        }

        episode.Step(action);
        _steps.Add((action, episode.Observation, episode.LastActionInvalid));
        _words = "";
    }

    // The same answer each time it is asked in one place.
    private void Expert()
    {
        if (_episode is { Finished: false } episode)
        {
            Act(_environment!.ExpertAction(episode, new SeededRandom(episode.Task.Index, episode.Actions.Count)));
        }
    }
}
