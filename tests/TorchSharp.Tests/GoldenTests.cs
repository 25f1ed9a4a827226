using System.Text.Json;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>Numbers against PyTorch 1.13's own, stored by Golden/make_golden.py. Inputs are the same formulas here and there.</summary>
public sealed class GoldenTests
{
    private static readonly Dictionary<string, float[]> s_golden = Read();

    public static TheoryData<string> Operators => [.. s_operators.Keys];

    private static readonly Dictionary<string, Func<Tensor>> s_operators = new()
    {
        ["matmul"] = () => Values([3, 4]).matmul(Values([4, 5], phase: 1)),
        ["softmax"] = () => Values([3, 4]).softmax(-1),
        ["log_softmax"] = () => Values([3, 4]).log_softmax(-1),
        ["gelu"] = () => nn.functional.gelu(Values([3, 4])),
        ["rsqrt"] = () => (Values([3, 4]).square() + 0.5).rsqrt(),
        ["layer_norm"] = () => nn.functional.layer_norm(Values([3, 4]), [4], Values([4], phase: 2), Values([4], phase: 3)),
        ["cross_entropy"] = () => nn.functional.cross_entropy(Values([3, 4]), tensor(new long[] { 1, 0, 3 })),
        ["logsigmoid"] = () => nn.functional.logsigmoid(Values([3, 4]) * 5),
        ["gather"] = () => Values([3, 4]).gather(1, tensor(new long[] { 1, 0, 2, 2, 3, 1 }, [3, 2])),
        ["scatter"] = () => zeros(3, 4).scatter_(1, tensor(new long[] { 1, 0, 2, 3, 3, 1 }, [3, 2]), Values([3, 2], phase: 4)),
        ["index_select"] = () => Values([3, 4]).index_select(0, tensor(new long[] { 2, 0, 2 })),
        ["index_add"] = () => zeros(2, 4).index_add(0, tensor(new long[] { 1, 0, 1 }), Values([3, 4]), 2),
        ["index_copy"] = () => zeros(4, 4).index_copy_(0, tensor(new long[] { 3, 0, 1 }), Values([3, 4])),
        ["masked_fill"] = () => Values([3, 4]).masked_fill(Values([3, 4]).gt(0), -1),
        ["triu"] = () => Values([4, 4]).triu(1),
        ["sum_dim"] = () => Values([3, 4]).sum(1),
        ["mean_dim"] = () => Values([3, 4]).mean([0], keepdim: true),
        ["argmax"] = () => Values([3, 4]).argmax(1).to(float32),
        ["cat_narrow"] = () => cat([Values([3, 4]), Values([3, 4]).narrow(0, 1, 2) * 3], 0),
        ["permute"] = () => Values([2, 3, 4]).permute(2, 0, 1),
        ["chunk"] = () => Values([6, 2]).chunk(3)[1],
        ["topk"] = () => Values([3, 4]).topk(2).values,
    };

    [Theory]
    [MemberData(nameof(Operators))]
    public void Call_Operator_GivesPyTorchsNumbers(string name)
    {
        using var scope = NewDisposeScope();

        Close(s_golden[name], s_operators[name](), 1e-6);
    }

    [Fact]
    public void Backward_AttentionBlock_GivesPyTorchsGradients()
    {
        using var scope = NewDisposeScope();
        var block = new TinyBlock();

        var logits = block.Forward();
        var loss = block.Loss(logits);
        loss.backward();

        Close(s_golden["block_logits"], logits, 1e-5);
        Close(s_golden["block_loss"], loss, 1e-6);
        foreach (var (name, parameter) in block.Parameters)
        {
            Close(s_golden["grad_" + name], parameter.grad!, 1e-5);
        }
    }

    [Fact]
    public void AdamWSteps_WrittenWithPlainOperations_GivePyTorchsWeights()
    {
        using var scope = NewDisposeScope();
        var block = new TinyBlock();
        var moments = block.Parameters.ToDictionary(p => p.Name, p => (First: zeros_like(p.Value).detach(), Second: zeros_like(p.Value).detach()));
        const double LearningRate = 0.01, Beta1 = 0.9, Beta2 = 0.98, Epsilon = 1e-8, Decay = 0.01;
        for (var step = 1; step <= 3; step++)
        {
            foreach (var (_, parameter) in block.Parameters)
            {
                parameter.grad = null;
            }

            var loss = block.Loss(block.Forward());
            loss.backward();
            Assert.Equal(s_golden["adamw_losses"][step - 1], loss.ToSingle(), 1e-5);

            using var noGrad = no_grad();
            foreach (var (name, parameter) in block.Parameters)
            {
                var (first, second) = moments[name];
                var gradient = parameter.grad!;
                parameter.mul_(1 - (LearningRate * Decay));
                first.mul_(Beta1).add_(gradient, 1 - Beta1);
                second.mul_(Beta2).addcmul_(gradient, gradient, 1 - Beta2);
                var denominator = second.sqrt().div_(Math.Sqrt(1 - Math.Pow(Beta2, step))).add_(Epsilon);
                parameter.addcdiv_(first, denominator, -LearningRate / (1 - Math.Pow(Beta1, step)));
            }
        }

        foreach (var (name, parameter) in block.Parameters)
        {
            Close(s_golden["adamw_" + name], parameter, 1e-5);
        }
    }

    internal static Tensor Values(long[] shape, double scale = 1, double phase = 0)
    {
        var count = shape.Aggregate(1L, (a, b) => a * b);
        return tensor([.. Enumerable.Range(0, (int)count).Select(i => (float)(Math.Sin((0.7 * i) + phase) * scale))], shape);
    }

    private static void Close(float[] expected, Tensor actual, double tolerance)
    {
        var values = actual.detach().data<float>().ToArray();
        Assert.Equal(expected.Length, values.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - values[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i])), $"element {i}: {expected[i]} expected, {values[i]} found");
        }
    }

    private static Dictionary<string, float[]> Read() =>
        JsonSerializer.Deserialize<Dictionary<string, float[]>>(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "golden.json")))!;

    private sealed class TinyBlock
    {
        private const int V = 11, D = 8, T = 6;
        private readonly Tensor _ids = tensor(new long[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1 }, [2, T]);
        private readonly Tensor _mask = full([T, T], float.NegativeInfinity).triu(1);

        public (string Name, Parameter Value)[] Parameters { get; } =
        [
            ("embedding", nn.Parameter(Values([V, D], 0.5))),
            ("qkv", nn.Parameter(Values([D, 3 * D], 0.3, 5))),
            ("out", nn.Parameter(Values([D, D], 0.3, 6))),
            ("gain", nn.Parameter(ones(D))),
        ];

        public Tensor Forward()
        {
            var (embedding, qkv, output, gain) = (Parameters[0].Value, Parameters[1].Value, Parameters[2].Value, Parameters[3].Value);
            var x = embedding.index_select(0, _ids.view(-1)).view(2, T, D);
            var normed = x * (x.square().mean([-1], keepdim: true) + 1e-5).rsqrt() * gain;
            var parts = normed.matmul(qkv).split(D, -1);
            var attention = ((parts[0].matmul(parts[1].transpose(-2, -1)) / Math.Sqrt(D)) + _mask).softmax(-1).matmul(parts[2]);
            x = x + nn.functional.gelu(attention.matmul(output));
            return x.matmul(embedding.t());
        }

        public Tensor Loss(Tensor logits)
        {
            var logProbs = logits.narrow(1, 0, T - 1).log_softmax(-1).reshape(-1, V);
            return -logProbs.gather(1, _ids.narrow(1, 1, T - 1).reshape(-1, 1)).mean();
        }
    }
}
