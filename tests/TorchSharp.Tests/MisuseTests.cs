using System.Runtime.InteropServices;
using RroDashboard.Engine;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

/// <summary>Every misuse is an exception with PyTorch's own text: the real package dies of some of them.</summary>
public sealed class MisuseTests
{
    public static TheoryData<string> Cases => [.. s_cases.Keys];

    private static readonly Dictionary<string, (Action Misuse, string Text)> s_cases = new()
    {
        ["matmul of shapes that do not fit"] = (() => ones(2, 3).matmul(ones(2, 3)), "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"),
        ["view in a shape that does not fit"] = (() => ones(2, 3).view(4, 2), "shape '[4, 2]' is invalid for input of size 6"),
        ["index out of range"] = (() => ones(2, 3).index_select(0, tensor(new long[] { 5 })), "index out of range in self"),
        ["select out of range"] = (() => ones(2, 3).select(0, 2), "out of range for tensor of size [2, 3]"),
        ["backward without gradients"] = (() => ones(1).backward(), "does not require grad"),
        ["backward of a vector"] = (() => (ones([3], requires_grad: true) * 2).backward(), "grad can be implicitly created only for scalar outputs"),
        ["float index"] = (() => ones(2, 3).index_select(0, ones(1)), "Expected dtype int32 or int64 for index"),
        ["in place on a leaf"] = (() => ones([3], requires_grad: true).add_(1), "a leaf Variable that requires grad is being used in an in-place operation"),
        ["sum of shapes that do not fit"] = (() => _ = ones(2, 3) + ones(2, 4), "must match the size of tensor b (4)"),
        ["dimension out of range"] = (() => ones(2, 3).softmax(2), "Dimension out of range"),
        ["gradients of whole numbers"] = (() => zeros([2], int64, requires_grad: true), "can require gradients"),
    };

    [Fact]
    public void ScaledDotProductAttention_WhereLibtorchHasIt_IsTheFormula_ElsewhereSaysSo()
    {
        using var scope = NewDisposeScope();
        var (q, k, v) = (Numbers(4), Numbers(5), Numbers(5) * 2);
        var mask = zeros([2, 1, 4, 5]).masked_fill(tensor(new[] { false, false, false, true, false }).view(1, 1, 1, 5), float.NegativeInfinity);
        if (!EngineSetup.HasFusedAttention)
        {
            Assert.Contains("scaled_dot_product_attention", Assert.Throws<ExternalException>(() => nn.functional.scaled_dot_product_attention(q, k, v, mask)).Message, StringComparison.Ordinal);
            // Nobody has to miss what has another way.
            Assert.Empty(EngineSetup.MissingOperators());
            return;
        }

        var expected = ((q.matmul(k.transpose(-2, -1)) / Math.Sqrt(8)) + mask).softmax(-1).matmul(v);
        Assert.True((nn.functional.scaled_dot_product_attention(q, k, v, mask) - expected).abs().max().ToSingle() < 1e-5);

        static Tensor Numbers(int length) => tensor([.. Enumerable.Range(0, 2 * 3 * length * 8).Select(i => (float)Math.Sin(i * i))], [2, 3, length, 8]);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Call_Misuse_ThrowsPyTorchsText(string name)
    {
        using var scope = NewDisposeScope();
        var (misuse, text) = s_cases[name];

        var exception = Assert.Throws<ExternalException>(misuse);

        Assert.Contains(text, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("frame #", exception.Message, StringComparison.Ordinal);
        Assert.Equal(6, (ones(2, 3) + 0).sum().ToSingle());
    }

    [Fact]
    public void Call_DisposedTensor_Throws()
    {
        var gone = ones(2);
        gone.Dispose();

        Assert.Throws<InvalidOperationException>(() => gone.add(1));
        Assert.Throws<InvalidOperationException>(() => gone.shape);
        gone.Dispose();
    }

    [Fact]
    public void Call_UnknownOperator_NamesIt()
    {
        using var scope = NewDisposeScope();

        Assert.Contains("aten::no_such_thing", Assert.Throws<ExternalException>(() => new Op("aten::no_such_thing").Call(ones(1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Call_TooFewArguments_NamesTheMissingOne()
    {
        using var scope = NewDisposeScope();

        Assert.Equal("aten::mm is missing its argument 'mat2'", Assert.Throws<ExternalException>(() => new Op("aten::mm").Call(ones(1, 1))).Message);
    }

    [Fact]
    public void Call_TooManyArguments_SaysHowMany()
    {
        using var scope = NewDisposeScope();

        Assert.Equal("aten::neg takes at most 1 arguments, 2 were given", Assert.Throws<ExternalException>(() => new Op("aten::neg").Call(ones(1), 3)).Message);
    }

    [Fact]
    public void Call_WrongKindOfArgument_Throws()
    {
        using var scope = NewDisposeScope();

        Assert.Throws<ExternalException>(() => new Op("aten::mm").Call(ones(1, 1), 3));
    }

    [Fact]
    public void Tensor_ValuesThatDoNotFitTheShape_Throws() => Assert.Throws<ArgumentException>(() => tensor(new float[] { 1, 2, 3 }, [2, 2]));

    [Fact]
    public void Data_OtherType_Throws()
    {
        using var scope = NewDisposeScope();

        Assert.Throws<ArgumentException>(() => ones(2).data<long>());
    }

    [Fact]
    public void RefuseReferenceBlas_ItsSpeed_NamesThePackage()
    {
        var exception = Assert.Throws<EngineUnavailableException>(() => EngineSetup.RefuseReferenceBlas(4.6));

        Assert.Contains("apt install libopenblas0-pthread", exception.Message, StringComparison.Ordinal);
        EngineSetup.RefuseReferenceBlas(100);
    }

    [Fact]
    public void Describe_LoadedEngine_NamesLibtorchAndItsThreads()
    {
        Assert.True(EngineSetup.TryLoad(out var reason), reason);
        Assert.Matches(@"^libtorch \d+\.\d+.*, .+, \d+ threads?$", EngineSetup.Describe());
        Assert.True(EngineSetup.Gigaflops > EngineSetup.MinGigaflops);
    }
}
