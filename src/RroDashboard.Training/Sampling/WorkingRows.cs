using RroDashboard.Training.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Sampling;

/// <summary>Keys and values of some histories side by side, one row each: what a pass through the model works on.</summary>
/// <param name="whole">Of the width in which pages were laid side by side.</param>
/// <param name="width">Positions that the model gets to see; what lies beyond in the last page is air.</param>
internal sealed class WorkingRows(CacheRows whole, long width)
{
    /// <summary>All positions.</summary>
    public CacheRows Whole => whole;

    /// <summary>What <see cref="LanguageModel.Continue"/> works on: the same memory, cut.</summary>
    public CacheRows Cut { get; } = whole.Cut(whole.Rows, width);

    /// <summary>A copy of some of the rows.</summary>
    /// <param name="rows">Row numbers, int64.</param>
    public WorkingRows Keep(Tensor rows) => new(whole.Take(rows), width);

    /// <summary>Keeps all tensors alive past the current dispose scope.</summary>
    public WorkingRows MoveToOuterDisposeScope()
    {
        whole.MoveToOuterDisposeScope();
        if (Cut != whole)
        {
            Cut.MoveToOuterDisposeScope();
        }

        return this;
    }

    /// <summary>Frees the memory.</summary>
    public void Free()
    {
        if (Cut != whole)
        {
            Cut.Free();
        }

        whole.Free();
    }
}
