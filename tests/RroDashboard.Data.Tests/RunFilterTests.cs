
namespace RroDashboard.Data.Tests;

public sealed class RunFilterTests
{
    private static readonly DateTimeOffset s_now = new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("", 42)]
    [InlineData("state:finished", 21)]
    [InlineData("state:failed,stopped", 14)]
    [InlineData("STATE:Failed", 7)]
    [InlineData("-state:failed", 35)]
    [InlineData("state!=failed", 35)]
    [InlineData("env:webshop", 14)]
    [InlineData("env:sql,minishop", 28)]
    [InlineData("tag:baseline", 12)]
    [InlineData("tag:base", 0)]
    [InlineData("-tag:old tag:baseline", 6)]
    [InlineData("preset:smoke", 14)]
    [InlineData("seed<10", 10)]
    [InlineData("seed=7", 1)]
    [InlineData("seed>=40", 2)]
    [InlineData("name:study", 5)]
    [InlineData("\"study 3\"", 1)]
    [InlineData("name:\"study 3\"", 1)]
    [InlineData("study -\"study 30\"", 4)]
    [InlineData("id:seeded0007", 1)]
    [InlineData("Explore.MaxCandidates:3", 14)]
    [InlineData("explore.maxcandidates>=5", 28)]
    [InlineData("environment.name:webshop", 14)]
    [InlineData("reward>0.5 reward<1", 42)]
    [InlineData("saved>-1000 candidates>=1", 42)]
    [InlineData("age<1h", 0)]
    [InlineData("age>1d", 42)]
    [InlineData("is:archived", 0)]
    [InlineData("is:any", 42)]
    [InlineData("%", 0)]
    [InlineData("name:_tudy", 0)]
    public async Task ListAsync_Filter_LetsTheRightOnesThrough(string filter, int expected)
    {
        await using var database = await SeededDatabase.GetAsync();

        var (rows, total) = await database.Lists.ListAsync(filter, RunSort.Default, 0, 500, default);

        Assert.Equal(expected, total);
        Assert.Equal(expected, rows.Count);
    }

    [Theory]
    [InlineData("name:\"' OR 1=1 --\"")]
    [InlineData("\"'; DROP TABLE Runs; --\"")]
    [InlineData("tag:x'||(SELECT(Id)FROM(Runs))||'")]
    [InlineData("id:x\\' env:webshop")]
    [InlineData("preset:__class__.__mro__")]
    public async Task ListAsync_Injection_IsAWordLikeAnyOther(string filter)
    {
        await using var database = await SeededDatabase.GetAsync();

        var (rows, _) = await database.Lists.ListAsync(filter, RunSort.Default, 0, 500, default);

        Assert.Empty(rows);
        Assert.Equal(42, database.Inner.Number("SELECT count(*) FROM Runs"));
    }

    [Theory]
    [InlineData("boss:me", "There is no field 'boss' (character 1).")]
    [InlineData("RequestKey:first-demo", "There is no field 'RequestKey' (character 1).")]
    [InlineData("state:finished User.Password:a", "There is no field 'User.Password' (character 16).")]
    [InlineData("state:gone", "'state:gone' at character 1 is not known: state is one of queued, running, finished, failed, stopped, interrupted, crashed")]
    [InlineData("env:atari", "'env:atari' at character 1 is not known: env is one of minishop, webshop, intercodesql, sql.")]
    [InlineData("reward>high", "'reward' at character 1 is a number, and 'high' is none: write for example reward>0.6.")]
    [InlineData("reward>NaN", "'reward' at character 1 is a number, and 'NaN' is none: write for example reward>0.6.")]
    [InlineData("  reward> 0.6", "'reward>' at character 3 has no value: write it without a blank, for example reward>0.6.")]
    [InlineData("tag>a", "'tag>a' at character 1 compares a word: write tag:a instead.")]
    [InlineData("state:,", "'state:,' at character 1 names nothing")]
    [InlineData("name:\"open", "The quote at character 6 is not closed")]
    [InlineData("age<7", "'age<7' at character 1 is no age")]
    [InlineData("name:\"\u0000\"", "The filter has a control character")]
    [InlineData("is:gone", "'is:gone' at character 1 is not known: is is one of archived, any.")]
    public void Parse_Wrong_SaysWhatAndWhere(string filter, string message)
    {
        var refused = Assert.Throws<RunFilterException>(() => RunFilter.Parse(filter, s_now));

        Assert.StartsWith(message, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_TooLongOrTooMany_IsRefused()
    {
        Assert.Throws<RunFilterException>(() => RunFilter.Parse(new string('a', RunFilter.MaxLength + 1), s_now));
        Assert.Throws<RunFilterException>(() => RunFilter.Parse(string.Join(' ', Enumerable.Repeat("a", RunFilter.MaxTerms + 1)), s_now));
    }

    [Fact]
    public void Parse_AnyText_ParsesOrIsRefusedInWords()
    {
        var random = new Core.Statistics.SeededRandom(4, 4);
        const string Signs = "abstate:reward<>=!-\"' .,0123%_\\()\u202e\u0001";
        for (var i = 0; i < 20_000; i++)
        {
            var text = new string([.. Enumerable.Range(0, random.Next(30)).Select(_ => Signs[random.Next(Signs.Length)])]);
            try
            {
                RunFilter.Parse(text, s_now);
            }
            catch (RunFilterException e)
            {
                Assert.NotEmpty(e.Message);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sorts))]
    public async Task ListAsync_EverySort_PagesNeverOverlapAndMissingComesLast(string sort)
    {
        await using var database = await SeededDatabase.GetAsync();
        database.Inner.Execute("UPDATE Runs SET After = 0.5, Before = 0.4 WHERE Key % 2 = 0; UPDATE Runs SET After = NULL, Before = NULL, BudgetJson = NULL WHERE Key % 7 = 3");
        var order = RunSort.Parse(sort);

        var (all, total) = await database.Lists.ListAsync("", order, 0, 500, default);
        var pages = new List<string>();
        for (var skip = 0; skip < total; skip += 5)
        {
            pages.AddRange((await database.Lists.ListAsync("", order, skip, 5, default)).Rows.Select(r => r.Id));
        }

        Assert.Equal(42, total);
        Assert.Equal(all.Select(r => r.Id), pages);
        Assert.Equal(42, pages.Distinct(StringComparer.Ordinal).Count());
        if (order.Key is "reward" or "gain" or "candidates" or "saved" or "pairs" or "rollouts")
        {
            Assert.All(all.TakeLast(6), r => Assert.Null(r.After));
        }
    }

    public static TheoryData<string> Sorts() => [.. RunSort.Keys.SelectMany(k => new[] { k, "-" + k }), "nonsense", ""];

    [Fact]
    public async Task ListAsync_ByReward_IsInOrder()
    {
        await using var database = await SeededDatabase.GetAsync();

        var up = (await database.Lists.ListAsync("", RunSort.Parse("reward"), 0, 500, default)).Rows.Select(r => r.After!.Value).ToArray();
        var down = (await database.Lists.ListAsync("", RunSort.Parse("-reward"), 0, 500, default)).Rows.Select(r => r.After!.Value).ToArray();

        Assert.Equal(up.Order(), up);
        Assert.Equal(up.OrderDescending(), down);
    }

    [Fact]
    public async Task ListAsync_AThousandRuns_CountsAndDrawsThemAll()
    {
        await using var database = await SeededDatabase.GetAsync(1000, points: 100);

        var (rows, total) = await database.Lists.ListAsync("state:finished reward>0.6", RunSort.Parse("-saved"), 0, 50, default);
        var extras = await database.Lists.ExtrasAsync(rows, default);
        var facets = await database.Lists.FacetsAsync(default);

        Assert.Equal(500, total, 20.0);
        Assert.Equal(50, extras.Count);
        Assert.All(extras.Values, e => Assert.InRange(e.Reward.Count, 2, RunListQueries.SparkPoints));
        Assert.All(extras.Values, e => Assert.Equal(0.5, e.PerfectShare));
        Assert.Equal(1000, facets.All);
        Assert.Contains(facets.Tags, t => t is { Name: "baseline", Count: > 200 });
    }

    /// <summary>A database of its own with seeded runs.</summary>
    private sealed class SeededDatabase : IAsyncDisposable
    {
        private SeededDatabase(TestDatabase inner) => Inner = inner;

        public TestDatabase Inner { get; }

        public RunListQueries Lists => new(Inner.Contexts, TimeProvider.System);

        public static async Task<SeededDatabase> GetAsync(int count = 42, int points = 3)
        {
            var inner = await TestDatabase.CreateAsync();
            await using var context = await inner.Contexts.CreateDbContextAsync();
            await SeededRuns.AddAsync(context, count, points);
            return new SeededDatabase(inner);
        }

        public ValueTask DisposeAsync() => Inner.DisposeAsync();
    }
}
