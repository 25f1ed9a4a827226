using RroDashboard.Core.Events;
using RroDashboard.Core.Rewards;

namespace RroDashboard.Data.Tests;

public sealed class EpisodeQueriesTests
{
    [Fact]
    public async Task OfTaskAsync_SeveralModelsAndAStageDoneAgain_GivesTheLastOfEach()
    {
        await using var database = await TestDatabase.CreateAsync();
        var (run, other) = (await database.NewRunAsync(), await database.NewRunAsync());
        var journal = database.Writer.Open(run);
        journal.Record(Episode(Stage.Baseline, "greedy", 7, 0.1));
        journal.Record(Episode(Stage.Baseline, "sampled", 7, 0.2));
        journal.Record(Episode(Stage.Baseline, "greedy", 8, 0.3));
        journal.Record(Episode(Stage.Evaluate, "greedy", 7, 0.4));
        journal.Record(Episode(Stage.Evaluate, "greedy", 7, 0.5));
        database.Writer.Open(other).Record(Episode(Stage.Baseline, "greedy", 7, 0.9));
        await database.FlushAsync();
        var queries = new EpisodeQueries(database.Contexts);

        var found = await queries.OfTaskAsync(run, 7, default);

        Assert.Equal([(Stage.Baseline, "greedy", 0.1), (Stage.Evaluate, "greedy", 0.5), (Stage.Baseline, "sampled", 0.2)], found.Select(e => (e.Stage, e.Decoding, e.Reward)));
        Assert.Equal("click[b1]", found[0].Turns[0].Action);
        Assert.Empty(await queries.OfTaskAsync(run, 9, default));
        Assert.Empty(await queries.OfTaskAsync("nosuchrun1", 7, default));
    }

    private static EpisodePlayed Episode(Stage stage, string decoding, int task, double reward) =>
        new(stage, decoding, task, $"t{task}", "find a mug", [EpisodeTurn.Of("click[b1]", "ok", false)], true, reward, []);
}
