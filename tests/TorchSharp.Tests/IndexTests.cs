using static TorchSharp.torch;

namespace TorchSharp.Tests;

public sealed class IndexTests
{
    [Fact]
    public void Indexer_NumbersAndRanges_PickLikePyTorch()
    {
        using var scope = NewDisposeScope();
        var x = arange(24, float32).view(2, 3, 4);

        Assert.Equal(23, x[1, 2, 3].ToSingle());
        Assert.Equal(23, x[-1, -1, -1].ToSingle());
        Assert.Equal([2, 2, 4], x[TensorIndex.Colon, TensorIndex.Slice(1, 3)].shape);
        Assert.Equal([2, 3], x[TensorIndex.Ellipsis, 0].shape);
        Assert.Equal([1, 2, 3, 4], x[TensorIndex.None].shape);
        Assert.Equal([0f, 2f], x[0, 0, TensorIndex.Slice(step: 2)].data<float>().ToArray());
    }

    [Fact]
    public void Indexer_Set_WritesInPlace()
    {
        using var scope = NewDisposeScope();
        var x = zeros(2, 2);

        x[1, 0] = ones(1).squeeze();

        Assert.Equal([0f, 0, 1, 0], x.data<float>().ToArray());
    }

    [Fact]
    public void IndexPut_Rows_WritesThem()
    {
        using var scope = NewDisposeScope();
        var x = zeros(3, 2).index_put_(ones(2), tensor(new long[] { 2 }));

        Assert.Equal([0f, 0, 0, 0, 1, 1], x.data<float>().ToArray());
        Assert.Equal([1f, 1], x.index(tensor(new long[] { 2 })).data<float>().ToArray());
    }

    [Fact]
    public void Data_TransposedTensor_IsInRowOrder()
    {
        using var scope = NewDisposeScope();

        Assert.Equal([0f, 3, 1, 4, 2, 5], arange(6, float32).view(2, 3).t().data<float>().ToArray());
    }

    [Fact]
    public void Arange_WholeNumbers_AreInt64()
    {
        using var scope = NewDisposeScope();

        Assert.Equal(int64, arange(3).dtype);
        Assert.Equal([0L, 1, 2], arange(3).data<long>().ToArray());
    }

    [Fact]
    public void Clamp_WholeNumbers_StayWholeNumbers()
    {
        using var scope = NewDisposeScope();

        Assert.Equal(int64, arange(5).clamp_max(2).dtype);
        Assert.Equal([1L, 1, 2, 3, 3], arange(5).clamp(1, 3).data<long>().ToArray());
    }
}
