using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using RroDashboard.Core.Review;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Navigation;
using RroDashboard.Web.Review;

namespace RroDashboard.Web.Components.Review;

/// <summary>The form that makes a queue.</summary>
public sealed partial class NewQueueForm
{
    // Runs that the form offers.
    private const int MaxRuns = 200;

    // Of the form: pressed twice, it makes one queue.
    private readonly string _key = Guid.NewGuid().ToString("N");
    private IReadOnlyList<RunInfo> _runs = [];
    private string _run = "";
    private string _title = "Which action is better?";
    private string _guidelines = "";
    private string _rubric = "How useful is this step for the task?\nHow well does it fit what is on the page?";
    private int _items = 200;
    private int _answers = 1;
    private int _control = (int)(ReviewLimits.ControlShare * 100);
    private ReviewOrder _order = ReviewOrder.Useful;
    private ReviewKind _kind = ReviewKind.Pairwise;
    private string? _refusal;
    private bool _busy;
    private bool _loaded;

    /// <summary>Run that is chosen at first; empty for the newest.</summary>
    [Parameter, EditorRequired] public required string RunId { get; set; }

    /// <summary>Who is signed in.</summary>
    [CascadingParameter] public required Task<AuthenticationState> SignedIn { get; set; }

    /// <summary>Reads runs.</summary>
    [Inject] public required RunQueries Runs { get; init; }

    /// <summary>Makes queues.</summary>
    [Inject] public required ReviewDesk Desk { get; init; }

    /// <summary>What the person may do, as of now.</summary>
    [Inject] public required Rights Rights { get; init; }

    /// <summary>The address.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    private static (ReviewKind Kind, string Name, string Meaning)[] Kinds =>
    [
        (ReviewKind.Pairwise, "A or B", "Two actions after the same history, in an order that chance picks. Which one the process reward prefers is told after the answer."),
        (ReviewKind.Verdict, "Accept, flip or discard", "A pair as the model has it: quick, but people tend to agree with what they are shown."),
        (ReviewKind.Score, "Score 1 to 5", "One step on a rubric of your questions. Tells about steps, decides nothing about pairs."),
    ];

    /// <inheritdoc/>
    protected override async Task OnInitializedAsync()
    {
        _runs = (await Runs.ListAsync(0, MaxRuns, default)).Rows;
        if (RunId.Length > 0 && _runs.All(r => r.Id != RunId) && await Runs.FindAsync(RunId, default) is { } older)
        {
            _runs = [older, .. _runs];
        }

        _run = _runs.FirstOrDefault(r => r.Id == RunId)?.Id ?? (_runs.Count > 0 ? _runs[0].Id : "");
        _loaded = true;
    }

    private async Task MakeAsync()
    {
        if (_busy)
        {
            return;
        }

        (_busy, _refusal) = (true, null);
        try
        {
            await Rights.DemandAsync(UserRole.Operator, "make a review queue");
            var person = CurrentReviewer.Of((await SignedIn).User);
            var questions = _kind == ReviewKind.Score ? _rubric.Split('\n') : null;
            // The seed only has to differ from queue to queue; it is kept with the queue.
            var seed = Convert.ToInt64(_key[..8], 16);
            var id = await Desk.CreateAsync(
                new NewReviewQueue(_run, _kind, _title, _guidelines, questions, _answers, _order, _control / 100.0, seed, _items), person, "form-" + _key, default);
            Navigation.NavigateTo(RroUrls.ReviewQueue(id));
        }
        catch (Exception e) when (e is ReviewRefusedException or RefusalException)
        {
            _refusal = e.Message;
        }

        _busy = false;
    }
}
