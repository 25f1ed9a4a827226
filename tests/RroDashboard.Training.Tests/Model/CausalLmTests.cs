using RroDashboard.Core.Plans;
using RroDashboard.Core.Statistics;
using RroDashboard.Training.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Tests.Model;

public sealed class CausalLmTests
{
    private const int Vocabulary = 50;

    private static ModelOptions Small(bool shift = true) => new() { Width = 32, Layers = 2, Heads = 4, Context = 40, TokenShift = shift };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Continue_RowsOfDifferentLength_GivesTheLogitsOfForward(bool shift)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = new CausalLm(Small(shift), Vocabulary, new SeededRandom(1));
        var random = new SeededRandom(2);
        int[] firsts = [7, 3, 12], seconds = [4, 9, 1];
        var rows = firsts.Zip(seconds, (a, b) => Enumerable.Range(0, a + b).Select(_ => (long)random.Next(Vocabulary)).ToArray()).ToArray();
        var cache = CacheRows.Allocate(model, 3, 40);

        model.Continue(Padded(rows, [0, 0, 0], firsts), [0, 0, 0], firsts, cache);
        var logits = model.Continue(Padded(rows, firsts, seconds), firsts, seconds, cache);
        var next = model.Continue(tensor(new long[] { 1, 2, 3 }, [3, 1]), [.. rows.Select(r => r.Length)], [1, 1, 1], cache);

        for (var b = 0; b < 3; b++)
        {
            Close(Full(model, rows[b]), logits[b]);
            Close(Full(model, [.. rows[b], b + 1]), next[b]);
        }

        cache.Free();
    }

    [Fact]
    public void Forward_PaddingAtTheEnd_DoesNotChangeEarlierPositions()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = new CausalLm(Small(), Vocabulary, new SeededRandom(1));

        var alone = model.forward(tensor(new long[] { 4, 5, 6 }, [1, 3]));
        var padded = model.forward(tensor(new long[] { 4, 5, 6, 0, 0 }, [1, 5])).narrow(1, 0, 3);

        Close(alone, padded);
    }

    [Fact]
    public void Forward_LongerThanTheContext_SaysSo()
    {
        using var scope = NewDisposeScope();
        using var model = new CausalLm(Small(), Vocabulary, new SeededRandom(1));

        var exception = Assert.Throws<ArgumentException>(() => model.forward(zeros([1, 41], int64)));

        Assert.StartsWith("A sequence of 41 tokens does not fit the context of 40.", exception.Message, StringComparison.Ordinal);
    }

    // learning.md 3: V d + L (10 d^2 + 5 d) + d.
    [Fact]
    public void ParameterCount_DefaultSizes_IsTheFormula()
    {
        using var model = new CausalLm(new ModelOptions(), 164, new SeededRandom(1));

        Assert.Equal(201_120, model.ParameterCount);
    }

    [Fact]
    public void Constructor_SameSeed_SameWeights()
    {
        using var scope = NewDisposeScope();
        using var a = new CausalLm(Small(), Vocabulary, new SeededRandom(1));
        using var b = new CausalLm(Small(), Vocabulary, new SeededRandom(1));
        using var c = new CausalLm(Small(), Vocabulary, new SeededRandom(2));

        Assert.Equal(Weights(a), Weights(b));
        Assert.NotEqual(Weights(a), Weights(c));
    }

    private static float[] Weights(CausalLm model) => [.. model.parameters().SelectMany(p => p.detach().data<float>().ToArray())];

    private static Tensor Full(CausalLm model, long[] row) => model.Logits(model.forward(tensor(row, [1, row.Length])))[0][-1];

    private static Tensor Padded(long[][] rows, int[] from, int[] count)
    {
        var width = count.Max();
        var ids = new long[rows.Length * width];
        for (var b = 0; b < rows.Length; b++)
        {
            Array.Copy(rows[b], from[b], ids, b * width, count[b]);
        }

        return tensor(ids, [rows.Length, width]);
    }

    private static void Close(Tensor expected, Tensor actual) => Assert.InRange((expected - actual).abs().max().ToDouble(), 0, 2e-4);
}
