using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using RroDashboard.Training.Tokenizer;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests;

/// <summary>A real shop, a real tiny model, everything a stage needs.</summary>
internal sealed class TestContext : IDisposable
{
    private readonly SamplingEngine _sampler;

    public TestContext(params string[] settings)
        : this(CPU, settings)
    {
    }

    public TestContext(Device device, params string[] settings)
    {
        Plan = Presets.Create("smoke");
        PlanSettings.Apply(Plan, settings);
        Environment = EnvironmentFactory.Create(Plan.Environment);
        Demonstrations = Sft.Demonstrate(Environment, Plan);
        Tokenizer = WordTokenizer.Build(Sft.Texts(Demonstrations), Plan.Model.MaxWords, Plan.Model.Pieces);
        Model = new CausalLm(Plan.Model, Tokenizer.Size, new SeededRandom(Plan.Seed, 1), device);
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

    public SamplingEngine Engine => _sampler;

    /// <summary>
    /// Gives the policy what SFT teaches it on the plan of this context without further settings; trained once and kept, since many
    /// tests begin there.
    /// </summary>
    public TestContext Taught()
    {
        var taught = s_taught.Value;
        using var noGrad = no_grad();
        foreach (var (parameter, values) in Model.parameters().Zip(taught))
        {
            parameter.copy_(tensor(values, parameter.shape));
        }

        return this;
    }

    private static readonly Lazy<float[][]> s_taught = new(() =>
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext();
        Sft.Train(test.Run, test.Demonstrations);
        return [.. test.Model.parameters().Select(p => p.detach().cpu().data<float>().ToArray())];
    });

    public void Dispose()
    {
        _sampler.Dispose();
        Model.Dispose();
        Environment.Dispose();
    }
}
