using RroDashboard.Engine;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp.Tests;

public sealed class MemoryTests
{
    [Fact]
    public void Scope_Ends_NoTensorOfItIsAlive()
    {
        var before = EngineSetup.LiveTensors;
        using (NewDisposeScope())
        {
            var x = tensor(new float[] { 1, 2, 3 }, requires_grad: true);
            (x * 2 + 1).sum().backward();
            _ = x.grad!.chunk(3);
        }

        Assert.Equal(before, EngineSetup.LiveTensors);
    }

    [Fact]
    public void MoveToOuterDisposeScope_InnerEnds_LivesUntilTheOuterEnds()
    {
        Tensor moved;
        using (NewDisposeScope())
        {
            using (NewDisposeScope())
            {
                moved = ones(2) + 1;
                moved.MoveToOuterDisposeScope();
            }

            Assert.Equal(4, moved.sum().ToSingle());
        }

        Assert.True(moved.IsInvalid);
    }

    [Fact]
    public void DetachFromDisposeScope_AllEnd_BelongsToTheCaller()
    {
        Tensor kept;
        using (NewDisposeScope())
        {
            kept = ones(2).DetachFromDisposeScope();
        }

        Assert.Equal(2, kept.numel());
        kept.Dispose();
    }

    [Fact]
    public void DisposeEverythingBut_OneTensor_KeepsIt()
    {
        using var scope = NewDisposeScope();
        var kept = ones(2);
        var gone = ones(2);

        scope.DisposeEverythingBut(kept);

        Assert.False(kept.IsInvalid);
        Assert.True(gone.IsInvalid);
        Assert.Equal(1, scope.DisposablesCount);
    }

    [Fact]
    public void NewDisposeScope_OtherThread_IsNotShared()
    {
        using var scope = NewDisposeScope();
        Tensor? other = null;
        var thread = new Thread(() => other = ones(2));
        thread.Start();
        Assert.True(thread.Join(TimeSpan.FromSeconds(20)));

        Assert.Equal(0, scope.DisposablesCount);
        other!.Dispose();
    }

    [Fact]
    public void Finalizer_ForgottenTensor_IsFreedAtLast()
    {
        var before = EngineSetup.LiveTensors;
        Forget();
        for (var i = 0; i < 50 && EngineSetup.LiveTensors > before; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(before, EngineSetup.LiveTensors);

        static void Forget() => _ = ones(1000);
    }

    [Fact]
    public void Parameter_FromATensor_TakesItOver()
    {
        using var scope = NewDisposeScope();
        var data = ones(3);
        Parameter parameter = nn.Parameter(data);

        Assert.True(data.IsInvalid);
        Assert.True(parameter.requires_grad && parameter.is_leaf);
    }

    // A collection during a native call must not free its arguments. The real package dies of this (tensor-engine.md 3).
    [Fact]
    public void Call_CollectorRunsAllTheTime_ArgumentsSurvive()
    {
        using var stop = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        var sum = 0.0;
        for (var i = 0; i < 3_000; i++)
        {
            sum += (ones(16, 16) + ones(16, 16)).matmul(ones(16, 16)).select(0, 0).select(0, 0).ToDouble();
        }

        stop.Cancel();
        Assert.True(collector.Join(TimeSpan.FromSeconds(20)));
        Assert.Equal(3_000 * 32.0, sum);
    }

    [Fact]
    public void Call_TwoThreads_DoNotDisturbEachOther()
    {
        var results = new double[2];
        var threads = Enumerable.Range(0, 2).Select(t => new Thread(() =>
        {
            for (var i = 0; i < 500; i++)
            {
                using var scope = NewDisposeScope();
                using var grad = t == 0 ? no_grad() : enable_grad();
                var x = full([8, 8], t + 1.0, requires_grad: true);
                var y = x.matmul(x).sum();
                results[t] += y.ToDouble() + (y.requires_grad ? 1 : 0);
            }
        })).ToArray();
        Array.ForEach(threads, t => t.Start());
        Assert.All(threads, t => Assert.True(t.Join(TimeSpan.FromSeconds(30))));

        Assert.Equal([500 * 512.0, 500 * (2048.0 + 1)], results);
    }

    [Fact]
    public void NoGrad_Nested_IsRestored()
    {
        using (no_grad())
        {
            using (enable_grad())
            {
                Assert.True(is_grad_enabled());
            }

            Assert.False(is_grad_enabled());
        }

        Assert.True(is_grad_enabled());
    }
}
