using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using RroDashboard.Training.Tokenizer;

namespace RroDashboard.Training.Tests;

/// <summary>A real shop, a real tiny model, everything a stage needs.</summary>
internal sealed class TestContext : IDisposable
{
    private readonly SamplingEngine _sampler;

    public TestContext(params string[] settings)
    {
        Plan = Presets.Create("smoke");
        PlanSettings.Apply(Plan, settings);
        Environment = EnvironmentFactory.Create(Plan.Environment);
        Demonstrations = Sft.Demonstrate(Environment, Plan);
        Tokenizer = WordTokenizer.Build(Sft.Texts(Demonstrations), Plan.Model.MaxWords, Plan.Model.Pieces);
        Model = new CausalLm(Plan.Model, Tokenizer.Size, new SeededRandom(Plan.Seed, 1));
        var dialogue = new Dialogue(Tokenizer, Environment);
        _sampler = new SamplingEngine(Model, dialogue.ActionEnd, Environment.MaxActionTokens, CancellationToken.None);
        Run = new RunContext(Plan, Environment, dialogue, Model, _sampler, Journal, CancellationToken.None);
    }

    public RunPlan Plan { get; }

    public IAgentEnvironment Environment { get; }

    public IReadOnlyList<Demonstration> Demonstrations { get; }

    public WordTokenizer Tokenizer { get; }

    public CausalLm Model { get; }

    public TestJournal Journal { get; } = new();

    public RunContext Run { get; }

    public void Dispose()
    {
        _sampler.Dispose();
        Model.Dispose();
        Environment.Dispose();
    }
}
