using System.Runtime.InteropServices;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Environments;
using RroDashboard.Training.Checkpoints;
using RroDashboard.Training.Model;
using RroDashboard.Training.Sampling;
using RroDashboard.Training.Tests.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests.Devices;

/// <summary>
/// Everything that computes, on a device of its own kind: a tensor that was forgotten on the processor is an exception here as it would be on a card,
/// and the numbers are the processor's, because the processor computes them. The last digits can differ where libtorch takes another way through the
/// same sums for another kind of device.
/// </summary>
public sealed class SimulatedCardTests
{
    private const double Digits = 1e-5;

    // Half of the last place of bfloat16. Libtorch 1.13 gives the very digits; 2.6 has a kernel on the processor for the whole product that rounds otherwise than one in parts.
    private const double Rounding = 1.0 / 512;

    [SimulatedCardFact]
    public void Add_TensorsOfTwoDevices_IsRefused()
    {
        using var scope = NewDisposeScope();
        var near = ones(2, 3);
        var far = ones(2, 3, device: SimulatedCard.Device);

        Assert.Contains("Expected all tensors to be on the same device", Assert.Throws<ExternalException>(() => far + near).Message, StringComparison.Ordinal);
        Assert.Contains("Expected all tensors to be on the same device", Assert.Throws<ExternalException>(() => far.index_select(0, tensor([1L]))).Message, StringComparison.Ordinal);
        Assert.Equal(12, (far + near.to(SimulatedCard.Device)).sum().ToDouble());
    }

    [SimulatedCardFact]
    public void Data_TensorOnACard_IsOneSentence()
    {
        using var scope = NewDisposeScope();
        var far = ones(1, device: SimulatedCard.Device);

        Assert.Equal("Reading data from a non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.", Assert.Throws<InvalidOperationException>(() => far.data<float>()).Message);
        Assert.Throws<InvalidOperationException>(() => far.item<float>());
        Assert.Equal(1, far.ToSingle());
        Assert.Equal([1f], far.cpu().data<float>().ToArray());
    }

    public static TheoryData<string, bool, bool, bool> Decoders
    {
        get
        {
            var data = new TheoryData<string, bool, bool, bool>();
            foreach (var family in (string[])["llama3", "llama-linear", "qwen2", "qwen2.5-window", "qwen3", "gemma2"])
            {
                foreach (var (lora, recompute, bfloat16) in ((bool, bool, bool)[])[(false, false, false), (true, false, false), (true, true, true), (false, true, true)])
                {
                    data.Add(family, lora, recompute, bfloat16);
                }
            }

            return data;
        }
    }

    [SimulatedCardTheory]
    [MemberData(nameof(Decoders))]
    public void Step_DecoderOnACard_GivesTheProcessorsNumbers(string family, bool lora, bool recompute, bool bfloat16)
    {
        using var scope = NewDisposeScope();
        var digits = bfloat16 ? Rounding : Digits;
        var tuning = (lora ? DeviceComparison.Lora : Tuning.Full) with { Recompute = recompute, BFloat16 = bfloat16 };
        using var near = DeviceComparison.Model(family, tuning, CPU);
        using var far = DeviceComparison.Model(family, tuning, SimulatedCard.Device);

        Assert.All(far.Weights().Concat(far.Adapters()), w => Assert.Equal(SimulatedCard.Device.type, w.Value.device.type));
        Assert.InRange(DeviceComparison.Difference(DeviceComparison.Logits(near), DeviceComparison.Logits(far)), 0, digits);
        var (expected, actual) = (DeviceComparison.Step(near), DeviceComparison.Step(far));
        Assert.Equal(expected.Loss, actual.Loss, digits * expected.Loss);
        Assert.InRange(DeviceComparison.Difference(expected.Gradients, actual.Gradients), 0, digits);
        Assert.InRange(DeviceComparison.UpdateDifference(expected, actual), 0, digits);
        using var copy = far.Copy();
        Assert.Equal(SimulatedCard.Device.type, copy.Device.type);
        Assert.Equal(DeviceComparison.Logits(far), DeviceComparison.Logits(copy));
    }

    [SimulatedCardFact]
    public void Merge_OnACard_GivesTheProcessorsNumbers()
    {
        using var scope = NewDisposeScope();
        using var near = DeviceComparison.Model("qwen3", DeviceComparison.Lora, CPU);
        using var far = DeviceComparison.Model("qwen3", DeviceComparison.Lora, SimulatedCard.Device);
        far.Merge();

        Assert.InRange(DeviceComparison.Difference(DeviceComparison.Logits(near), DeviceComparison.Logits(far)), 0, Digits);
    }

    [SimulatedCardTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(0.7)]
    public void Sample_OnACard_WritesWhatTheProcessorWrites(double temperature)
    {
        using var scope = NewDisposeScope();
        foreach (var (near, far) in ((LanguageModel, LanguageModel)[])
            [(DeviceComparison.Model("gemma2", Tuning.Full, CPU), DeviceComparison.Model("gemma2", Tuning.Full, SimulatedCard.Device)), (Small(CPU), Small(SimulatedCard.Device))])
        {
            using var both = near;
            using var other = far;
            Assert.Equal(DeviceComparison.Sample(near, temperature), DeviceComparison.Sample(far, temperature));
            // The same by force on the processor, where tokens are drawn in C# otherwise.
            Assert.Equal(DeviceComparison.Sample(near, temperature), DeviceComparison.Sample(near, temperature, drawsOnDevice: true));
        }
    }

    // A checkpoint under a mask: few tokens are left at a place, and those that are certain go through the model together.
    [SimulatedCardFact]
    public void Sample_MaskedCheckpointOnACard_WritesWhatTheProcessorWrites()
    {
        var folder = CheckpointFolder.Write();
        try
        {
            var plan = Presets.Create("smoke");
            PlanSettings.Apply(plan, ["Environment.ActionMask=true", "Model.Context=700", "Model.LoraRank=0", $"Model.Checkpoint={folder}"]);
            using var scope = NewDisposeScope();
            using var environment = EnvironmentFactory.Create(plan.Environment);
            using var policy = Policy.Create(plan, environment, []);
            using var far = Decoder.Load(folder, Tuning.Full, 700, new SeededRandom(1), SimulatedCard.Device);
            var (expected, actual) = (Play(policy.Model), Play(far));

            Assert.Equal(expected.Actions, actual.Actions);
            Assert.All(expected.LogProbs.Zip(actual.LogProbs), p => Assert.Equal(p.First, p.Second, 1e-4));
            Assert.Equal(expected.Passes, actual.Passes);

            (List<string> Actions, List<double> LogProbs, long Passes) Play(LanguageModel model)
            {
                using var engine = new SamplingEngine(model, policy.Dialogue.ActionEnd, policy.Dialogue.MaxActionTokens, CancellationToken.None, cacheRows: 32, rowsPerPass: 8);
                var context = new RunContext(plan, environment, policy.Dialogue, model, engine, new TestJournal(), CancellationToken.None);
                var tasks = environment.Tasks(TaskSplit.Train).Take(5).ToArray();
                var written = new SampledAction[tasks.Length];
                engine.Run(tasks.Select((task, i) => (Func<Task>)(async () =>
                {
                    var history = SamplingEngine.Start(policy.Dialogue.Start(task.Instruction));
                    // Masked and greedy, masked and drawn, and one that is free.
                    written[i] = await engine.SampleAsync(history, i == 0 ? 0 : 1, new SeededRandom(17, i), last: true, i == 1 ? null : context.Allowed(environment.Reset(task)));
                })));
                return ([.. written.Select(w => policy.Dialogue.ActionText(w.Tokens))], [.. written.Select(w => w.LogProb)], engine.DecodePasses);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [SimulatedCardFact]
    public void Sample_OnACard_CopiesOnceAPass()
    {
        using var scope = NewDisposeScope();
        using var model = Small(SimulatedCard.Device);
        using var engine = new SamplingEngine(model, actionEnd: -1, maxActionTokens: 6, CancellationToken.None);
        var before = SimulatedCard.Copies;
        engine.Run(Enumerable.Range(0, 20).Select(walk => (Func<Task>)(async () => await engine.SampleAsync(SamplingEngine.Start([1, 2, 3]), 1, new SeededRandom(walk), last: true))));

        Assert.Equal(120, engine.TokensGenerated);
        Assert.Equal(6, SimulatedCard.Copies - before);
    }

    // All stages with everything on: a mask, the guard with a roll-back, an SFT term, weights, margins.
    [SimulatedCardFact]
    public void Stages_OnACard_LeaveTheProcessorsLedgerAndWeights()
    {
        var near = Stages(CPU);
        var far = Stages(SimulatedCard.Device);

        Assert.True(near.Pairs > 0, "Without pairs nothing is compared.");
        Assert.Equal(near.Pairs, far.Pairs);
        Assert.Equal(near.Ledger, far.Ledger);
        Assert.Equal(near.Weights, far.Weights);
    }

    [SimulatedCardFact]
    public void Checkpoint_WrittenOnOneDevice_LoadsOnTheOther()
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext(SimulatedCard.Device);
        var folder = Directory.CreateTempSubdirectory("rro-card-").FullName;
        try
        {
            var saved = Checkpoint.Save(folder, Stage.Sft, test.Model, test.Plan.Model, test.Tokenizer);
            var (near, _, _) = Checkpoint.Load(Path.Combine(folder, saved.Folder));
            var (far, _, _) = Checkpoint.Load(Path.Combine(folder, saved.Folder), SimulatedCard.Device);
            using var one = near;
            using var two = far;
            Assert.Equal(saved.Sha256, PolicyHash.Of(near));
            Assert.Equal(saved.Sha256, PolicyHash.Of(far));

            using var decoder = DeviceComparison.Model("qwen3", DeviceComparison.Lora, SimulatedCard.Device);
            LoraAdapters.Save(folder, decoder, "base");
            using var other = Decoder.Load(ReferenceCheckpoint.Write(DecoderTests.Golden("qwen3").GetProperty("config")), DeviceComparison.Lora, 96, new SeededRandom(2));
            LoraAdapters.Load(folder, other);
            Assert.Equal(DeviceComparison.Logits(decoder), DeviceComparison.Logits(other));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static CausalLm Small(Device device) => new(new ModelOptions { Width = 32, Layers = 2, Heads = 4, Context = 96 }, 50, new SeededRandom(1), device);

    private static (int Pairs, string Ledger, string Weights) Stages(Device device)
    {
        using var scope = NewDisposeScope();
        using var test = new TestContext(
            device, "Sft.Updates=60", "Explore.Tasks=6", "Environment.ActionMask=true", "Dpo.Updates=8", "Dpo.SftWeight=0.5", "Dpo.MarginChecks=1", "Guard.Every=4", "Guard.OnCollapse=RollBack", "Evaluate.Tasks=4");
        Sft.Train(test.Run, test.Demonstrations);
        test.Run.Sampler.Forget();
        Explore.Run(test.Run, null);
        var pairs = test.Journal.Facts.OfType<PairCreated>().Select(p => p.Pair).ToList();
        Dpo.Train(test.Run, pairs, test.Demonstrations);
        test.Run.Sampler.Forget();
        Evaluate.Run(test.Run, Stage.Evaluate);
        var ledger = string.Join('\n', test.Journal.Facts.Select(f => System.Text.Json.JsonSerializer.Serialize(f, f.GetType())));
        return (pairs.Count, ledger, PolicyHash.Of(test.Model));
    }
}
