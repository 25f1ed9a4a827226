using RroDashboard.Core.Review;
using RroDashboard.Data.Entities;

namespace RroDashboard.Data;

/// <summary>A person who reviews.</summary>
/// <param name="Id">Stable.</param>
/// <param name="Name">Shown.</param>
public sealed record Reviewer(string Id, string Name);

/// <summary>A queue to be made.</summary>
/// <param name="RunId">Of which run.</param>
/// <param name="Kind">What is asked.</param>
/// <param name="Title">What people call it.</param>
/// <param name="Guidelines">Markdown.</param>
/// <param name="Questions">Of a rubric; only with <see cref="ReviewKind.Score"/>.</param>
/// <param name="RequiredAnswers">1 to <see cref="ReviewLimits.MaxAnswers"/>.</param>
/// <param name="Order">Of its items.</param>
/// <param name="ControlShare">From 0 to .5.</param>
/// <param name="Seed">Of order and letters.</param>
/// <param name="MaxItems">Items at most; the first of the order are taken.</param>
public sealed record NewReviewQueue(
    string RunId,
    ReviewKind Kind,
    string Title,
    string Guidelines = "",
    IReadOnlyList<string>? Questions = null,
    int RequiredAnswers = 1,
    ReviewOrder Order = ReviewOrder.Useful,
    double ControlShare = ReviewLimits.ControlShare,
    long Seed = 0,
    int MaxItems = 200);

/// <summary>Something of a run that people can be asked about.</summary>
/// <param name="PairIndex">Pair; null for a step.</param>
/// <param name="Task">Walk.</param>
/// <param name="Step">Step of the walk.</param>
/// <param name="Attempt">Candidate of the step; null for a pair.</param>
/// <param name="Facts">What is known of it.</param>
public sealed record ReviewSource(int? PairIndex, int Task, int Step, int? Attempt, ReviewFacts Facts);

/// <summary>A queue with how far it has come.</summary>
/// <param name="Id">Opaque.</param>
/// <param name="RunId">Run.</param>
/// <param name="RunTitle">What the list of runs calls it.</param>
/// <param name="Kind">What is asked.</param>
/// <param name="Title">What people call it.</param>
/// <param name="Guidelines">Markdown.</param>
/// <param name="Questions">One, or those of the rubric.</param>
/// <param name="RequiredAnswers">Answers that each item needs.</param>
/// <param name="Order">Of its items.</param>
/// <param name="ControlShare">Share of control items.</param>
/// <param name="Seed">Of order, letters and intervals.</param>
/// <param name="RewardWidth">Width of the run's rewards.</param>
/// <param name="CreatedUtc">When.</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="Items">How many.</param>
/// <param name="Complete">Of these, complete.</param>
/// <param name="Answers">Submitted answers that count.</param>
/// <param name="People">Who holds an item now.</param>
public sealed record ReviewQueue(
    string Id, string RunId, string RunTitle, ReviewKind Kind, string Title, string Guidelines, IReadOnlyList<string> Questions, int RequiredAnswers, ReviewOrder Order,
    double ControlShare, long Seed, double RewardWidth, DateTime CreatedUtc, string CreatedBy, int Items, int Complete, int Answers, IReadOnlyList<string> People)
{
    /// <summary>Answers that are still needed.</summary>
    public int Missing => (Items * RequiredAnswers) - Answers;
}

/// <summary>What a person has said so far of an item: at most this much is kept of it.</summary>
/// <param name="Values">One per question; null where not answered yet. A choice or verdict by its number, or a score.</param>
/// <param name="Note">At most <see cref="ReviewLimits.MaxNoteBytes"/> bytes.</param>
/// <param name="BetterAction">At most <see cref="ReviewLimits.MaxBetterAction"/> characters.</param>
public sealed record ReviewContent(IReadOnlyList<int?> Values, string Note = "", string BetterAction = "");

/// <summary>One person's answer.</summary>
/// <param name="Id">Number.</param>
/// <param name="Reviewer">Whose.</param>
/// <param name="State">Life.</param>
/// <param name="Content">What it says.</param>
/// <param name="Seconds">How long the item was before the person.</param>
/// <param name="DoneUtc">When; null for a draft.</param>
/// <param name="Source">"page", "api" or "import".</param>
/// <param name="Replaces">Answer that had been given, and was taken back for it: what the process reward prefers had been shown by then.</param>
/// <param name="Version">To be named with the next change.</param>
public sealed record ReviewAnswer(
    long Id, Reviewer Reviewer, ReviewAnswerState State, ReviewContent Content, double Seconds, DateTime? DoneUtc, string Source, long? Replaces, int Version);

/// <summary>What a named person decided where answers disagree.</summary>
/// <param name="Values">One per question.</param>
/// <param name="Note">Why.</param>
/// <param name="By">Who.</param>
/// <param name="AtUtc">When.</param>
public sealed record ReviewFinal(IReadOnlyList<int> Values, string Note, string By, DateTime AtUtc);

/// <summary>An item as one person may see it.</summary>
/// <param name="Id">Number.</param>
/// <param name="QueueId">Queue.</param>
/// <param name="Position">Place in the queue, from 0.</param>
/// <param name="PairIndex">Pair; null for a step.</param>
/// <param name="Task">Walk.</param>
/// <param name="Step">Step of the walk.</param>
/// <param name="Attempt">Candidate; null for a pair.</param>
/// <param name="ChosenIsB">The side that the process reward prefers is shown to this person as B.</param>
/// <param name="Own">This person's answer or draft; null before the first change.</param>
/// <param name="HeldUntilUtc">Until when it is held for this person; null when it is not.</param>
/// <param name="Complete">Every answer that it needs is there.</param>
/// <param name="Answers">Everybody's answers; empty until this person may see them.</param>
/// <param name="Final">What was decided; null while nothing was.</param>
public sealed record ReviewItem(
    long Id, string QueueId, int Position, int? PairIndex, int Task, int Step, int? Attempt, bool ChosenIsB, ReviewAnswer? Own, DateTime? HeldUntilUtc, bool Complete,
    IReadOnlyList<ReviewAnswer> Answers, ReviewFinal? Final)
{
    /// <summary>Version of the own answer, to be named with a change; 0 before the first.</summary>
    public int Version => Own?.Version ?? 0;

    /// <summary>The person's own answer is given or skipped.</summary>
    public bool IsDone => Own is { State: ReviewAnswerState.Submitted or ReviewAnswerState.Skipped };

    /// <summary>The person may be told what the process reward prefers: they have answered. Not who skipped the item, because they may yet take that back.</summary>
    public bool MayBeTold => Own is { State: ReviewAnswerState.Submitted };
}

/// <summary>An item in a list.</summary>
/// <param name="Id">Number.</param>
/// <param name="Position">Place in the queue, from 0.</param>
/// <param name="Mine">What became of it for the person who looks; null for nothing yet.</param>
/// <param name="Answers">Answers that count; 0 where it is not complete, so that nobody can tell what others did.</param>
/// <param name="Complete">Every answer that it needs is there.</param>
public sealed record ReviewItemRow(long Id, int Position, ReviewAnswerState? Mine, int Answers, bool Complete);

/// <summary>A change came too late, or someone else was first. The message says who and what.</summary>
public sealed class ReviewConflictException(string message) : Exception(message);

/// <summary>A request that is wrong, as one sentence.</summary>
public class ReviewRefusedException(string message) : Exception(message);

/// <summary>What a request names is not there.</summary>
public sealed class ReviewMissingException(string message) : ReviewRefusedException(message);
