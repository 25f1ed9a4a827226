using System.Globalization;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>What became of a candidate, as people read it: a shape, words and the class that colours it, never one of them alone.</summary>
/// <param name="Kind">Name of shape and class: "accepted", "kept", "lower", "tie", "same", "invalid", "cut", "contrast" or "open".</param>
/// <param name="Brief">A word or two, for a node.</param>
/// <param name="Text">Some words.</param>
public sealed record CandidateWords(string Kind, string Brief, string Text);

/// <summary>Names and numbers of exploration.</summary>
public static class ExplorationWords
{
    /// <summary>What became of a candidate. An account of a later version is called by its own name.</summary>
    /// <param name="account">Null while its step is not decided.</param>
    /// <param name="sameStateAs">Attempt that reached the same state before.</param>
    /// <param name="verdict">How its step was decided.</param>
    public static CandidateWords Of(CandidateAccount? account, int? sameStateAs, StepVerdict? verdict) => (account, verdict) switch
    {
        (CandidateAccount.Accepted, StepVerdict.BestOfAll) => new("accepted", "best", "best of all, followed"),
        (CandidateAccount.Accepted, StepVerdict.Forced) => new("accepted", "forced", "nothing to choose, followed"),
        (CandidateAccount.NoRise, StepVerdict.KeptExpert) => new("kept", "expert", "the expert's action, followed"),
        _ => Of(account, sameStateAs),
    };

    private static CandidateWords Of(CandidateAccount? account, int? sameStateAs) => account switch
    {
        null => new("open", "undecided", "not decided yet"),
        CandidateAccount.Accepted => new("accepted", "rose", "rose, followed"),
        CandidateAccount.NoRise => new("kept", "kept", "best seen, followed"),
        CandidateAccount.Lower => new("lower", "lower", "not high enough"),
        CandidateAccount.Tie => new("tie", "equal", "not higher"),
        CandidateAccount.SameState => sameStateAs is { } other ? new("same", $"same {other + 1}", $"same state as {other + 1}") : new("same", "same", "same state"),
        CandidateAccount.Invalid => new("invalid", "invalid", "not possible"),
        CandidateAccount.Truncated => new("cut", "cut off", "cut at the token limit"),
        CandidateAccount.Contrast => new("contrast", "contrast", "contrast, drawn after the rise"),
        CandidateAccount.Unconsidered => new("contrast", "sibling", "seen in a rollout, not considered"),
        { } later => new("tie", Words.Of(later.ToString()).ToLowerInvariant(), Words.Of(later.ToString()).ToLowerInvariant()),
    };

    /// <summary>Name of an outcome with its sign.</summary>
    public static string Of(WalkOutcome outcome) => outcome switch
    {
        WalkOutcome.Full => "✓ full reward",
        WalkOutcome.Part => "◐ part of it",
        WalkOutcome.None => "○ nothing",
        WalkOutcome.Stopped => "■ stopped",
        _ => "● walking",
    };

    /// <summary>A change with its sign: "+0.250", "−0.100", "0.000".</summary>
    public static string WithSign(double change) => change switch
    {
        > RisingRule.Tolerance => "+" + Words.Reward(change),
        < -RisingRule.Tolerance => "−" + Words.Reward(-change),
        _ => Words.Reward(0),
    };

    /// <summary>Class of a change's colour.</summary>
    public static string Direction(double change) => change > RisingRule.Tolerance ? "rise" : change < -RisingRule.Tolerance ? "fall" : "muted";

    /// <summary>A value with its interval.</summary>
    public static string Value(Estimate value, RewardRange range)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.Exact)
        {
            return $"{Words.Reward(value.Mean)} (the final reward itself)";
        }

        var interval = value.IntervalWithin(range);
        return $"{Words.Reward(value.Mean)} [{Words.Reward(interval.Low)}, {Words.Reward(interval.High)}]";
    }

    /// <summary>A share in percent.</summary>
    public static string Percent(double share) => share.ToString("0", CultureInfo.InvariantCulture) + " %";

    /// <summary>Position of a value in percent of the range, for style attributes and drawings.</summary>
    public static double Place(double value, RewardRange range) => 100 * Math.Clamp((value - range.Low) / (range.High - range.Low), 0, 1);

    /// <summary>A number for a style or drawing attribute.</summary>
    public static string Css(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);
}
