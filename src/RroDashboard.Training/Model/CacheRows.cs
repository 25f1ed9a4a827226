using static TorchSharp.torch;

namespace RroDashboard.Training.Model;

/// <summary>Keys, values and last projections of a set of rows, one tensor a layer.</summary>
/// <param name="Keys">Each (rows, H, W, hd), rotated.</param>
/// <param name="Values">Each (rows, H, W, hd).</param>
/// <param name="Projections">Each (rows, 3d): the projection of the last token before token shift.</param>
public sealed record CacheRows(Tensor[] Keys, Tensor[] Values, Tensor[] Projections)
{
    /// <summary>Positions there is room for, W.</summary>
    public long Width => Keys[0].shape[2];

    /// <summary>Number of rows.</summary>
    public long Rows => Keys[0].shape[0];

    /// <summary>Empty room that outlives the current dispose scope.</summary>
    public static CacheRows Allocate(LanguageModel model, int rows, int width)
    {
        ArgumentNullException.ThrowIfNull(model);
        Tensor[] Each(ScalarType type, params long[] shape) => [.. Enumerable.Range(0, model.Layers).Select(_ => zeros(shape, type, model.Device).DetachFromDisposeScope())];
        return new CacheRows(
            Each(model.CacheType, rows, model.CacheHeads, width, model.HeadWidth),
            Each(model.CacheType, rows, model.CacheHeads, width, model.HeadWidth),
            Each(float32, rows, model.ProjectionWidth));
    }

    /// <summary>A copy of some rows.</summary>
    /// <param name="rows">Row numbers, int64; may repeat.</param>
    public CacheRows Take(Tensor rows) => new(
        [.. Keys.Select(k => k.index_select(0, rows))],
        [.. Values.Select(v => v.index_select(0, rows))],
        [.. Projections.Select(p => p.index_select(0, rows))]);

    /// <summary>The first positions of the first rows, in the same memory; this itself where that is all of them.</summary>
    /// <param name="rows">At most <see cref="Rows"/>.</param>
    /// <param name="width">At most <see cref="Width"/>.</param>
    public CacheRows Cut(long rows, long width) => rows == Rows && width == Width
        ? this
        : new(
            [.. Keys.Select(k => k.narrow(0, 0, rows).narrow(2, 0, width))],
            [.. Values.Select(v => v.narrow(0, 0, rows).narrow(2, 0, width))],
            [.. Projections.Select(p => p.narrow(0, 0, rows))]);

    /// <summary>Keeps all tensors alive past the current dispose scope.</summary>
    public CacheRows MoveToOuterDisposeScope()
    {
        foreach (var t in Keys.Concat(Values).Concat(Projections))
        {
            t.MoveToOuterDisposeScope();
        }

        return this;
    }

    /// <summary>Frees the memory.</summary>
    public void Free()
    {
        foreach (var t in Keys.Concat(Values).Concat(Projections))
        {
            t.Dispose();
        }
    }
}
