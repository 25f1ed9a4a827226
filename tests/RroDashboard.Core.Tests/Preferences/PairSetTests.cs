using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Core.Tests.Preferences;

public sealed class PairSetTests
{
    private static readonly HashSet<int> s_made = [0, 1, 2, 3];
    private static readonly PairProvenance s_queue = new("queue", "7", ["a1", "a2"]);

    [Fact]
    public void Flipped_Twice_IsTheSamePair()
    {
        var pair = Pair(0) with { ShrunkGap = 0.3, ChosenWritten = [true], RejectedWritten = [true, false], Weight = 2 };

        var flipped = pair.Flipped();

        Assert.Equal(("worse", "better", -0.75), (flipped.Chosen, flipped.Rejected, flipped.Gap));
        Assert.Equal((pair.RejectedTokens, pair.RejectedWritten, -0.3, 2.0), (flipped.ChosenTokens, flipped.ChosenWritten, flipped.ShrunkGap!.Value, flipped.Weight!.Value));
        Assert.Equal(pair, flipped.Flipped());
    }

    [Fact]
    public void Apply_DecisionsOfAllKinds_AreCountedAndTrainedAccordingly()
    {
        var entries = PairSet.Apply(
            [],
            [Entry(0, PairDecision.Flipped), Entry(1, PairDecision.Discarded), Entry(2, PairDecision.Kept, 0.5), Entry(4, PairDecision.Added, 1, Pair(9))],
            s_made);
        var made = s_made.Select(i => new PairCreated(i, Pair(i))).ToList();
        var trained = made.Select(p => PairSet.Effective(p, entries.FirstOrDefault(e => e.Index == p.Index))).OfType<PairCreated>().ToList();

        Assert.Equal(new PairSetCounts(Kept: 2, Flipped: 1, Discarded: 1, Added: 1, Weighted: 1, Reviewed: 3), PairSet.Count(s_made.Count, entries));
        Assert.Equal([0, 2, 3], trained.Select(p => p.Index));
        Assert.Equal(("worse", PairDecision.Flipped), (trained[0].Pair.Chosen, trained[0].Origin!.Decision));
        Assert.Equal((0.5, "better"), (trained[1].Pair.Weight!.Value, trained[1].Pair.Chosen));
        Assert.Equal((null, PairSource.Model), (trained[2].Pair.Weight, trained[2].Origin!.Source));
        Assert.Equal(9, PairSet.Effective(null, entries[^1])!.Pair.Task);
    }

    [Fact]
    public void Hash_SameContent_IsTheSameWhateverTheOrder()
    {
        var start = PairSet.BaseHash(s_made.Select(i => new PairCreated(i, Pair(i))));
        PairEntry[] entries = [Entry(0, PairDecision.Flipped), Entry(1, PairDecision.Discarded)];

        Assert.Equal(PairSet.Hash(start, entries), PairSet.Hash(start, [.. entries.Reverse()]));
        Assert.Equal(start, PairSet.Hash(start, [PairEntry.Plain(3)]));
        Assert.Equal(6, new[]
        {
            start, PairSet.Hash(start, entries), PairSet.Hash(start, [entries[0]]), PairSet.Hash(start, [entries[0] with { Weight = 0.5 }]),
            PairSet.Hash(start, [entries[0] with { Provenance = s_queue with { Answers = ["a1"] } }]), PairSet.Hash(new string('0', 64), entries),
        }.Distinct().Count());
    }

    [Fact]
    public void Apply_WhatIsTakenBack_LeavesNothingBehind()
    {
        var changed = PairSet.Apply([], [Entry(0, PairDecision.Discarded)], s_made);

        Assert.Empty(PairSet.Apply(changed, [PairEntry.Plain(0)], s_made));
        Assert.Equal([(0, (PairEntry?)null, (PairEntry?)changed[0])], PairSet.Difference([], changed));
        Assert.Empty(PairSet.Difference(changed, [changed[0] with { Provenance = s_queue with { } }]));
    }

    [Theory]
    [InlineData(9, PairDecision.Kept, 1, false, "There is no pair 9.")]
    [InlineData(0, PairDecision.Kept, 0, false, "Weight 0 of pair 0 is not allowed: above 0 and at most 100.")]
    [InlineData(0, PairDecision.Kept, double.NaN, false, "Weight NaN of pair 0 is not allowed")]
    [InlineData(0, PairDecision.Kept, 101, false, "Weight 101 of pair 0 is not allowed")]
    [InlineData(0, PairDecision.Added, 1, true, "Pair 0 cannot be added: the run made it.")]
    [InlineData(9, PairDecision.Flipped, 1, true, "Pair 9 was added by people, so it is there or discarded")]
    public void Apply_WhatIsNotAllowed_IsRefusedInOneSentence(int index, PairDecision decision, double weight, bool added, string expected)
    {
        var refused = Assert.Throws<PairSetException>(() => PairSet.Apply([], [Entry(index, decision, weight, added ? Pair(1) : null)], s_made));

        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_OnePairTwice_IsRefused() => Assert.Contains(
        "Pair 0 is decided twice",
        Assert.Throws<PairSetException>(() => PairSet.Apply([], [Entry(0, PairDecision.Flipped), Entry(0, PairDecision.Discarded)], s_made)).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("7f3c@2", "7f3c", 2)]
    [InlineData("a@b@0", "a@b", 0)]
    public void Parse_Reference_IsReadAndWrittenAlike(string text, string run, int version)
    {
        var reference = PairsReference.Parse(text);

        Assert.Equal(new PairsReference(run, version), reference);
        Assert.Equal(text, reference.ToString());
    }

    [Theory]
    [InlineData("7f3c")]
    [InlineData("@2")]
    [InlineData("7f3c@-1")]
    [InlineData("7f3c@two")]
    public void Validate_WrongReference_IsRefused(string text)
    {
        var plan = Presets.Create("smoke");
        plan.Dpo.PairsFrom = text;

        Assert.Contains($"Dpo.PairsFrom = '{text}' is not allowed", Assert.Throws<PlanException>(() => PlanSettings.Validate(plan)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_PairsForAMethodWithoutPairs_IsRefused()
    {
        var plan = Presets.Create("smoke");
        (plan.Dpo.PairsFrom, plan.Method) = ("7f3c@1", Method.Rft);

        Assert.Contains("has no meaning with Method = Rft", Assert.Throws<PlanException>(() => PlanSettings.Validate(plan)).Message, StringComparison.Ordinal);
    }

    private static PairEntry Entry(int index, PairDecision decision, double weight = 1, PreferencePair? added = null) =>
        new(index, decision, weight, PairSource.Human, s_queue, added);

    private static PreferencePair Pair(int task) => new(task, 0, "h", "better", "worse", new Estimate([1, 1]), new Estimate([0, 0.5]), [1, 2], [3], [4, 5]);
}
