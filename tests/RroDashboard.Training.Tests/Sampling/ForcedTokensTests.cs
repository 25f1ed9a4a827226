using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Sampling;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests.Sampling;

/// <summary>Under a mask most tokens of a checkpoint's actions are certain: they go through the model together.</summary>
public sealed class ForcedTokensTests : IDisposable
{
    private readonly string _checkpoint = CheckpointFolder.Write();

    public void Dispose() => Directory.Delete(_checkpoint, recursive: true);

    [Fact]
    public void SampleAsync_ForcedTokensFedTogether_WritesTheSameInFewerPasses()
    {
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan, ["Environment.ActionMask=true", "Model.Context=700", "Model.LoraRank=0", $"Model.Checkpoint={_checkpoint}"]);
        using var scope = NewDisposeScope();
        using var environment = EnvironmentFactory.Create(plan.Environment);
        using var policy = Policy.Create(plan, environment, []);
        var (actions, logProbs, forced, passes) = Play(together: true);
        var (oneByOne, singleLogProbs, singleForced, singlePasses) = Play(together: false);
        Assert.Equal(oneByOne, actions);
        Assert.Equal(singleForced, forced);
        Assert.All(logProbs.Zip(singleLogProbs), p => Assert.Equal(p.Second, p.First, 1e-4));
        Assert.True(3 * passes < 2 * singlePasses, $"{passes} passes instead of {singlePasses}.");

        (List<string> Actions, List<double> LogProbs, long Forced, long Passes) Play(bool together)
        {
            using var engine = new SamplingEngine(policy.Model, policy.Dialogue.ActionEnd, policy.Dialogue.MaxActionTokens, CancellationToken.None, cacheRows: 32, rowsPerPass: 8) { FeedsForcedTogether = together };
            var context = new RunContext(plan, environment, policy.Dialogue, policy.Model, engine, new TestJournal(), CancellationToken.None);
            var tasks = environment.Tasks(TaskSplit.Train).Take(6).ToArray();
            var played = tasks.Select(_ => new List<(string Action, double LogProb)>()).ToArray();
            engine.Run(tasks.Select((task, i) => (Func<Task>)(async () =>
            {
                var random = new SeededRandom(17, i);
                var episode = environment.Reset(task);
                var history = SamplingEngine.Start(policy.Dialogue.Start(task.Instruction));
                foreach (var scripted in (string[])["search[ sofa ]", "click[ b1 ]"])
                {
                    // Then an item is open, and only its options, the way back and buying are left.
                    episode.Step(scripted);
                    history = SamplingEngine.Start([.. history.ToArray(), .. policy.Dialogue.Action(scripted), .. policy.Dialogue.Answer(episode.Observation)]);
                }

                for (var step = 0; step < 1 && !episode.Finished && context.Fits(history.Length); step++)
                {
                    var action = await engine.SampleAsync(history, 1, random, last: i % 2 == 0, context.Allowed(episode));
                    var text = policy.Dialogue.ActionText(action.Tokens);
                    episode.Step(text);
                    played[i].Add((text, action.LogProb));
                    history = engine.Append(action.After, policy.Dialogue.Answer(episode.Observation));
                }
            })));
            return ([.. played.SelectMany(p => p.Select(a => a.Action))], [.. played.SelectMany(p => p.Select(a => a.LogProb))], engine.TokensForced, engine.DecodePasses);
        }
    }
}
