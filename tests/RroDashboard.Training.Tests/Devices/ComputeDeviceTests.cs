using RroDashboard.Core.Plans;
using RroDashboard.Training.Experiments;
using RroDashboard.Training.Model;
using RroDashboard.Training.Tests.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests.Devices;

/// <summary>The choice of a device, and what is refused before anything starts.</summary>
public sealed class ComputeDeviceTests
{
    [Fact]
    public void Of_PlanThatSaysNothing_IsTheProcessor()
    {
        var plan = Presets.Create("smoke");

        Assert.Equal("cpu", plan.Model.Device);
        Assert.Equal("cpu", ComputeDevice.Of(plan).ToString());
        Assert.False(ComputeDevice.Of(plan).IsCard());
        Assert.Equal(TensorEngine.Description, TensorEngine.DescriptionOn("cpu"));
    }

    [Fact]
    public void Run_CardThatIsNotThere_IsRefusedBeforeAnythingIsSaid()
    {
        var plan = Presets.Create("smoke");
        plan.Model.Device = "cuda:63";
        var journal = new TestJournal();
        var refusal = Assert.Throws<PlanException>(() => new TrainingRun(plan, "/no/such/folder", journal, TimeProvider.System, CancellationToken.None).Run()).Message;

        var cards = cuda.device_count();
        Assert.Contains(cards == 0 ? "Model.Device = 'cuda:63' asks for a CUDA card, but libtorch " : "Model.Device = 'cuda:63' asks for card 63, but this machine has ", refusal, StringComparison.Ordinal);
        Assert.Empty(journal.Facts);
        Assert.Empty(journal.Samples);
    }

    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:64")]
    [InlineData("CUDA:0 ; rm")]
    [InlineData("")]
    public void Validate_DeviceThatIsNone_SaysWhatIsAllowed(string name)
    {
        var plan = Presets.Create("smoke");
        plan.Model.Device = name;

        Assert.Equal($"Model.Device = '{name}' is not allowed: it must be cpu, cuda (the first card), or cuda:N with the number of a card from 0 to 63.", Assert.Throws<PlanException>(() => PlanSettings.Validate(plan)).Message);
    }

    [Theory]
    [InlineData("cpu", null)]
    [InlineData("cuda", 0)]
    [InlineData("cuda:0", 0)]
    [InlineData("cuda:7", 7)]
    public void CardOf_Device_IsItsNumber(string name, int? card) => Assert.Equal(card, DeviceName.CardOf(name));

    // Results of experiments from before there was a choice of device were computed on the processor.
    [Fact]
    public void Fingerprint_Processor_IsThatOfAPlanWithoutTheSetting()
    {
        var plan = Presets.Create("smoke");
        var settings = PlanSettings.ToDictionary(plan).Where(s => s.Key is not ("Model.Device" or "Environment.DataFolder")).OrderBy(s => s.Key, StringComparer.Ordinal);
        var before = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(settings)));

        Assert.Equal(before, CellFiles.Fingerprint(plan));
        plan.Model.Device = "cuda";
        Assert.NotEqual(before, CellFiles.Fingerprint(plan));
    }

    [Fact]
    public void CheckOn_CardThatIsTooSmall_RefusesWithNumbers()
    {
        var config = DecoderConfig.Load(Path.Combine(ReferenceCheckpoint.Write(DecoderTests.Golden("gemma2").GetProperty("config")), "config.json"))
            with { Width = 2304, FeedForward = 9216, Layers = 26, Heads = 8, KeyValueHeads = 4, HeadWidth = 256, Vocabulary = 256_000 };
        var tuning = new Tuning(16, 32, ["q_proj", "k_proj", "v_proj", "o_proj"], 0) { BFloat16 = true };
        var plan = MemoryPlan.Of(config, tuning, 1024, 128, 32, copies: 2, onCard: true);

        var refusal = Assert.Throws<MemoryPlanException>(() => plan.CheckOn("cuda:1", 24_000_000_000, long.MaxValue)).Message;
        Assert.StartsWith("The run needs about ", refusal, StringComparison.Ordinal);
        Assert.Contains(" of the memory of cuda:1 (weights 5.23 GB, ", refusal, StringComparison.Ordinal);
        Assert.Contains("of which 24.00 GB are free: use LoRA", refusal, StringComparison.Ordinal);
        Assert.Contains("of the processor's memory, but there are 1.00 GB", Assert.Throws<MemoryPlanException>(() => plan.CheckOn("cuda:1", long.MaxValue, 1_000_000_000)).Message, StringComparison.Ordinal);
        plan.CheckOn("cuda:1", 80_000_000_000, 32_000_000_000);
        // A card whose memory nobody can tell is not refused.
        plan.CheckOn("cuda:1", null, 32_000_000_000);
        // What only a card holds, and what only the processor holds, stand in one plan each.
        Assert.Equal(0, MemoryPlan.Of(config, tuning, 1024, 128, 32, copies: 2).HostBytes);
        Assert.DoesNotContain(plan.Parts, p => p.What == "while loading");
    }
}
