using RroDashboard.Core.Statistics;
using RroDashboard.Environments.InterCodeSql;

namespace RroDashboard.Environments.Tests.InterCodeSql;

public sealed class InterCodeRewardTests
{
    [Theory]
    [InlineData(0.125, 0.12)]
    [InlineData(0.375, 0.38)]
    [InlineData(0.015, 0.01)]
    [InlineData(0.025, 0.03)]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(0.999, 1)]
    [InlineData(1e-320, 0)]
    public void RoundExact_NearMidpoints_RoundsTheBinaryValue(double value, double expected) =>
        Assert.Equal(expected, InterCodeReward.RoundExact(value));

    [Fact]
    public void Score_HandWorkedCases_FollowTheRule()
    {
        Assert.Equal(1, InterCodeReward.Score([], []));
        Assert.Equal(1, InterCodeReward.Score([], null));
        Assert.Equal(0, InterCodeReward.Score(null, null));
        Assert.Equal(0, InterCodeReward.Score(["(1,)"], null));
        Assert.Equal(-1, InterCodeReward.Score(["b", "a"], ["a", "b"]));
        Assert.Equal(1.0 / 3, InterCodeReward.Score(["a", "a", "a"], ["a"]));
        Assert.Equal(0, InterCodeReward.Score(["(1,)"], ["(1.0,)"]));
    }

    // 3/200 and 5/200, all in order: the exact path gives 0.01, numpy's (tau just below 1 for 5 rows) 0.02 (environments.md B2).
    [Theory]
    [InlineData(3, 0.01)]
    [InlineData(5, 0.02)]
    public void Score_UnionOf200_TakesTheRightRoundingPath(int shared, double expected)
    {
        var answer = Enumerable.Range(0, shared).Select(i => $"({i},)").ToList();
        var gold = Enumerable.Range(0, 200).Select(i => i < shared ? $"({i},)" : $"('x{i}',)").ToList();

        Assert.Equal(expected, InterCodeReward.Score(answer, gold));
    }

    [Fact]
    public void KendallTauB_RandomListsWithTies_EqualsTheQuadraticDefinition()
    {
        for (var round = 0; round < 300; round++)
        {
            var random = new SeededRandom(11, round);
            var n = 2 + random.Next(12);
            var x = Enumerable.Range(0, n).Select(_ => ((char)('a' + random.Next(5))).ToString()).ToList();
            var y = Enumerable.Range(0, n).Select(_ => ((char)('a' + random.Next(5))).ToString()).ToList();

            Assert.Equal(Quadratic(x, y), InterCodeReward.KendallTauB(x, y), 12);
        }
    }

    [Fact]
    public void CompareByCodePoint_AstralAgainstPrivateUse_DiffersFromOrdinal()
    {
        Assert.True(InterCodeReward.CompareByCodePoint("\uE000", "\U0001F600") < 0);
        Assert.True(string.CompareOrdinal("\uE000", "\U0001F600") > 0);
        Assert.True(InterCodeReward.CompareByCodePoint("ab", "a") > 0);
    }

    [Fact]
    public void Score_TwentyThousandRowsReversed_IsQuickAndMinusOne()
    {
        var rows = Enumerable.Range(0, 20_000).Select(i => $"({i:00000},)").ToList();

        Assert.Equal(-1, InterCodeReward.Score([.. rows.AsEnumerable().Reverse()], rows));
    }

    private static double Quadratic(List<string> x, List<string> y)
    {
        double concordance = 0, untiedX = 0, untiedY = 0;
        for (var i = 0; i < x.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                var (a, b) = (Math.Sign(string.CompareOrdinal(x[i], x[j])), Math.Sign(string.CompareOrdinal(y[i], y[j])));
                concordance += a * b;
                untiedX += Math.Abs(a);
                untiedY += Math.Abs(b);
            }
        }

        return untiedX == 0 || untiedY == 0 ? double.NaN : concordance / Math.Sqrt(untiedX * untiedY);
    }
}
