using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Tests.Events;

public sealed class LedgerTests
{
    private static readonly RisingRule s_rule = new(Rise.NonDecreasing, 0, RewardRange.Unit);

    private static StepDecided Rose => new(0, 1, new Estimate([0.6, 0.6]), new Estimate([0.8, 0.6, 0.8]), 1, "click[ b1 ]", 2, StepVerdict.Rose, [CandidateAccount.Lower, CandidateAccount.Accepted]);

    [Fact]
    public void Of_RoseAtSecond_NamesBothValues() =>
        Assert.Equal("Candidate 2 of at most 5 rose: 0.73 ≥ 0.60 (3 rollouts).", LedgerSentence.Of(Rose, s_rule, 5));

    [Fact]
    public void Of_NoRise_SaysWhatWasKept()
    {
        var step = Rose with { Verdict = StepVerdict.KeptBest, Accepted = Estimate.Final(0.4), Tried = 5 };

        Assert.Equal("Nothing rose over 0.60 in 5 candidates; the best seen was kept at 0.40 (the final reward itself).", LedgerSentence.Of(step, s_rule, 5));
    }

    [Fact]
    public void Of_Stopped_SaysSo()
    {
        var step = Rose with { Verdict = StepVerdict.Stopped, Accepted = null, Tried = 3 };

        Assert.Equal("Nothing rose over 0.60 in 3 candidates; the walk stopped.", LedgerSentence.Of(step, s_rule, 5));
    }

    [Fact]
    public void Of_BestOfSeveralLooks_SaysThatItWasNotTheNewest() => Assert.Equal(
        "Candidate 1 of at most 5, the best of 2 seen, rose: 0.73 ≥ 0.60 (3 rollouts).", LedgerSentence.Of(Rose with { AcceptedAttempt = 0 }, s_rule, 5));

    [Fact]
    public void Of_FixedSizeOrForced_ClaimsNoRise()
    {
        Assert.Equal("The best of 5 candidates was followed: 0.73 (3 rollouts).", LedgerSentence.Of(Rose with { Verdict = StepVerdict.BestOfAll, Tried = 5 }, s_rule, 5));
        Assert.Equal(
            "A forced move: there was nothing to choose, and it was followed at 0.73 without a test.",
            LedgerSentence.Of(Rose with { Verdict = StepVerdict.Forced, AcceptedAttempt = 0, Tried = 3 }, s_rule, 5));
    }

    // A ledger that was stored before rollouts could be shared.
    [Fact]
    public void Deserialize_FactsOfAnOlderVersion_KeepTheirMeaning()
    {
        var candidate = Assert.IsType<CandidateScored>(JsonSerializer.Deserialize<RunEvent>(
            """{"type":"candidateScored","Task":0,"Step":1,"Attempt":0,"Action":"a","Observation":"o","Value":{"Outcomes":[0.5],"Exact":false},"SameStateAs":null,"Invalid":false,"Truncated":false,"Tokens":3,"LogProb":-1.5}"""));
        var step = Assert.IsType<StepDecided>(JsonSerializer.Deserialize<RunEvent>(
            """{"type":"stepDecided","Task":0,"Step":1,"Previous":{"Outcomes":[0.5],"Exact":false},"Accepted":null,"AcceptedAttempt":null,"Action":"","Tried":1,"Verdict":3,"Accounts":[1]}"""));

        Assert.Equal((false, null, null), (candidate.Free, candidate.PreviousOutcomes, candidate.RolloutsSpent));
        Assert.Equal((StepVerdict.Stopped, CandidateAccount.Lower, 0), (step.Verdict, step.Accounts[0], step.GateDraws));
        // And is written as it was, so that its hash stays.
        Assert.DoesNotContain("Free", JsonSerializer.Serialize<RunEvent>(candidate), StringComparison.Ordinal);
        Assert.DoesNotContain("GateDraws", JsonSerializer.Serialize<RunEvent>(step), StringComparison.Ordinal);
    }

    [Fact]
    public void Serialize_EveryEvent_ComesBackEqual()
    {
        RunEvent before = Rose;
        var json = JsonSerializer.Serialize(before);
        var after = Assert.IsType<StepDecided>(JsonSerializer.Deserialize<RunEvent>(json));

        Assert.Equal(Rose.Accepted, after.Accepted);
        Assert.Equal(json, JsonSerializer.Serialize<RunEvent>(after));
    }

    [Fact]
    public void Add_TimesAndSamples_DoNotChangeTheHash()
    {
        using var a = new LedgerHash();
        using var b = new LedgerHash();
        a.Add(Rose);
        b.Add(new StageStarted(Stage.Explore));
        b.Add(Rose);
        b.Add(new StageFinished(Stage.Explore, 1.5));

        Assert.Equal(a.Current, b.Current);
    }

    [Fact]
    public void Add_OneOutcomeChanged_ChangesTheHash()
    {
        using var a = new LedgerHash();
        using var b = new LedgerHash();
        a.Add(Rose);
        b.Add(Rose with { Previous = new Estimate([0.6, 0.61]) });

        Assert.NotEqual(a.Current, b.Current);
    }
}
