using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using RroDashboard.Core.Review;
using RroDashboard.Core.Statistics;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Components.Review;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Review;
using Figures = RroDashboard.Core.Review.ReviewAgreement;

namespace RroDashboard.Web.Components.Pages;

/// <summary>How far people agree with each other and with the process reward, and what they disagree on.</summary>
public sealed partial class ReviewAgreement : IDisposable
{
    // Conflicts on one page.
    private const int MaxConflicts = 50;

    private readonly CancellationTokenSource _left = new();
    private ReviewWatch? _watch;
    private Reviewer _me = new("", "");
    private ReviewQueue? _queue;
    private Figures? _all;
    private Figures? _controls;
    private Figures? _ordered;
    private IReadOnlyList<ReviewItem> _conflicts = [];
    private string? _problem;
    private int _labels;
    private bool _loaded;

    /// <summary>Which queue.</summary>
    [Parameter] public string QueueId { get; set; } = "";

    /// <summary>Who is signed in.</summary>
    [CascadingParameter] public required Task<AuthenticationState> SignedIn { get; set; }

    /// <summary>Decides.</summary>
    [Inject] public required ReviewStore Store { get; init; }

    /// <summary>Reads queues.</summary>
    [Inject] public required ReviewQueries Queries { get; init; }

    /// <summary>Computes.</summary>
    [Inject] public required ReviewDesk Desk { get; init; }

    /// <summary>Tells of answers.</summary>
    [Inject] public required ReviewBell Bell { get; init; }

    /// <summary>What the person may do, as of now.</summary>
    [Inject] public required Rights Rights { get; init; }

    /// <summary>The clock.</summary>
    [Inject] public required TimeProvider Time { get; init; }

    private static (string Name, Func<QuestionAgreement, AgreementFigure?> Of, bool Percent, string Meaning)[] Rows =>
    [
        ("Equal answers", q => q.Percent, true, "Share of pairs of answers on one item that are equal. Says nothing about luck."),
        ("Cohen's kappa", q => q.Kappa, false, "Two people: agreement beyond what their own shares of answers give by chance. 1 is always, 0 is chance."),
        ("Krippendorff's alpha, nominal", q => q.Nominal, false, "Any number of people, answers missing: 1 minus observed over expected disagreement. Often asked for: .8, at least .667."),
        ("Krippendorff's alpha, ordinal", q => q.Ordinal, false, "The same, where 1 and 5 are further apart than 4 and 5, by rank."),
        ("Krippendorff's alpha, interval", q => q.Interval, false, "The same by squared difference of scores."),
    ];

    /// <inheritdoc/>
    public void Dispose()
    {
        _watch?.Dispose();
        _left.Cancel();
        _left.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task OnInitializedAsync()
    {
        _me = CurrentReviewer.Of((await SignedIn).User);
        _watch = new ReviewWatch(Bell, Time, () => InvokeAsync(async () =>
        {
            await LoadAsync();
            StateHasChanged();
        }));
    }

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        await LoadAsync();
        _loaded = true;
    }

    private static string Part(Figures some, QuestionAgreement question, Func<QuestionAgreement, AgreementFigure?> of, bool percent)
    {
        var same = some.Questions.First(q => q.Question == question.Question);
        return same.Percent.Items == 0 ? "no item" : $"{ReviewText.Figure(of(same), percent)}, {same.Percent.Items} items";
    }

    private static string GapText(RewardAgreement gap) => double.IsInfinity(gap.High)
        ? string.Create(CultureInfo.InvariantCulture, $"{gap.Low:0.##} or more")
        : string.Create(CultureInfo.InvariantCulture, $"{gap.Low:0.##} to under {gap.High:0.##}");

    private async Task LoadAsync()
    {
        _queue = await Queries.QueueAsync(QueueId, _left.Token);
        if (_queue is not null)
        {
            (_all, _controls, _ordered, _labels) = await Desk.AgreementAsync(_queue, _left.Token);
            _conflicts = await Queries.ConflictsAsync(QueueId, _me, _left.Token);
        }
    }

    private async Task DecideAsync((long Item, IReadOnlyList<int> Values, string Note) decision)
    {
        try
        {
            _problem = null;
            await Rights.DemandAsync(UserRole.Operator, "decide a conflict");
            await Store.AdjudicateAsync(QueueId, decision.Item, _me, decision.Values, decision.Note, _left.Token);
        }
        catch (Exception e) when (e is ReviewConflictException or ReviewRefusedException or RefusalException)
        {
            _problem = e.Message;
        }

        await LoadAsync();
    }
}
