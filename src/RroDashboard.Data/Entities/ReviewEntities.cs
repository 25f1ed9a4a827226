using RroDashboard.Core.Review;

namespace RroDashboard.Data.Entities;

/// <summary>A queue of items that people answer.</summary>
public sealed class ReviewQueueEntity
{
    /// <summary>Small number for the big tables.</summary>
    public int Key { get; set; }

    /// <summary>Opaque id for people and addresses.</summary>
    public required string Id { get; set; }

    /// <summary>Run whose items they are.</summary>
    public int RunKey { get; set; }

    /// <summary>Makes a second request for the same queue give the first one's.</summary>
    public required string RequestKey { get; set; }

    /// <summary>What is asked.</summary>
    public ReviewKind Kind { get; set; }

    /// <summary>What people call it.</summary>
    public required string Title { get; set; }

    /// <summary>How to answer, Markdown; empty for none.</summary>
    public string Guidelines { get; set; } = "";

    /// <summary>Questions, JSON list of texts.</summary>
    public required string QuestionsJson { get; set; }

    /// <summary>Answers that each item needs.</summary>
    public int RequiredAnswers { get; set; }

    /// <summary>Order of its items.</summary>
    public ReviewOrder Order { get; set; }

    /// <summary>Share of control items.</summary>
    public double ControlShare { get; set; }

    /// <summary>Of order, letters and intervals.</summary>
    public long Seed { get; set; }

    /// <summary>Width of the run's rewards.</summary>
    public double RewardWidth { get; set; }

    /// <summary>UTC ticks.</summary>
    public long CreatedTicks { get; set; }

    /// <summary>Who made it: stable id.</summary>
    public required string CreatedById { get; set; }

    /// <summary>Who made it: name.</summary>
    public required string CreatedByName { get; set; }
}

/// <summary>A pair or a step that people are asked about.</summary>
public sealed class ReviewItemEntity
{
    /// <summary>Number.</summary>
    public long Key { get; set; }

    /// <summary>Its queue.</summary>
    public int QueueKey { get; set; }

    /// <summary>Place in the order of the queue, from 0.</summary>
    public int Position { get; set; }

    /// <summary>It stands there by chance.</summary>
    public bool Control { get; set; }

    /// <summary>What its place was decided by.</summary>
    public double Usefulness { get; set; }

    /// <summary>Pair of the run; null for a step.</summary>
    public int? PairIndex { get; set; }

    /// <summary>Walk.</summary>
    public int Task { get; set; }

    /// <summary>Step of the walk.</summary>
    public int Step { get; set; }

    /// <summary>Candidate of the step; null for a pair.</summary>
    public int? Attempt { get; set; }

    /// <summary>Difference in process reward that it is about, reward units.</summary>
    public double Gap { get; set; }

    /// <summary>Submitted answers that count.</summary>
    public int Answers { get; set; }

    /// <summary>Every answer that it needs is there.</summary>
    public bool Complete { get; set; }

    /// <summary>Grows with every change, so that of two changes at once one is refused.</summary>
    public int Version { get; set; }

    /// <summary>What a named person decided where answers disagree, as numbers, JSON; null for nothing.</summary>
    public string? FinalJson { get; set; }

    /// <summary>Why.</summary>
    public string? FinalNote { get; set; }

    /// <summary>Who: stable id.</summary>
    public string? FinalById { get; set; }

    /// <summary>Who: name.</summary>
    public string? FinalByName { get; set; }

    /// <summary>UTC ticks.</summary>
    public long? FinalTicks { get; set; }
}

/// <summary>An item that is in somebody's hands.</summary>
public sealed class ReviewReservationEntity
{
    /// <summary>Which item.</summary>
    public long ItemKey { get; set; }

    /// <summary>Whose hands.</summary>
    public required string ReviewerId { get; set; }

    /// <summary>Name, to be shown.</summary>
    public required string ReviewerName { get; set; }

    /// <summary>UTC ticks at which it goes back to the queue.</summary>
    public long ExpiresTicks { get; set; }
}

/// <summary>Life of an answer.</summary>
public enum ReviewAnswerState
{
    /// <summary>Being written; kept at every change.</summary>
    Draft,

    /// <summary>Given.</summary>
    Submitted,

    /// <summary>The person did not want to answer.</summary>
    Skipped,

    /// <summary>Taken back; kept for the record.</summary>
    Undone,
}

/// <summary>What one person said, or is saying, of one item. Answers that were taken back stay.</summary>
public sealed class ReviewAnswerEntity
{
    /// <summary>Number.</summary>
    public long Key { get; set; }

    /// <summary>Which item.</summary>
    public long ItemKey { get; set; }

    /// <summary>Who: stable id.</summary>
    public required string ReviewerId { get; set; }

    /// <summary>Who: name at that time.</summary>
    public required string ReviewerName { get; set; }

    /// <summary>Life.</summary>
    public ReviewAnswerState State { get; set; }

    /// <summary>One number per question, null where not answered yet, JSON.</summary>
    public required string ValuesJson { get; set; }

    /// <summary>What the person wrote.</summary>
    public string Note { get; set; } = "";

    /// <summary>An action that the person thinks better than both; empty for none.</summary>
    public string BetterAction { get; set; } = "";

    /// <summary>The chosen side was shown as B.</summary>
    public bool ChosenIsB { get; set; }

    /// <summary>Seconds that the item was before the person.</summary>
    public double Seconds { get; set; }

    /// <summary>UTC ticks at which the item was handed out.</summary>
    public long StartedTicks { get; set; }

    /// <summary>UTC ticks of the last change.</summary>
    public long ChangedTicks { get; set; }

    /// <summary>UTC ticks; null for a draft.</summary>
    public long? DoneTicks { get; set; }

    /// <summary>Order of the queue when it was answered.</summary>
    public ReviewOrder Order { get; set; }

    /// <summary>Control share of the queue when it was answered.</summary>
    public double ControlShare { get; set; }

    /// <summary>The item stood in the queue by chance.</summary>
    public bool Control { get; set; }

    /// <summary>"page", "api" or "import".</summary>
    public required string Source { get; set; }

    /// <summary>Key of an imported label; importing it again changes nothing.</summary>
    public string? ImportKey { get; set; }

    /// <summary>Answer of the same person that had been given, and was taken back for this one.</summary>
    public long? Replaces { get; set; }

    /// <summary>Grows with every change, so that of two changes at once one is refused.</summary>
    public int Version { get; set; }
}
