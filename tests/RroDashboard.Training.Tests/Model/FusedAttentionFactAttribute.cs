namespace RroDashboard.Training.Tests.Model;

/// <summary>A test of attention in one operator of libtorch.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FusedAttentionFactAttribute : FactAttribute
{
    /// <inheritdoc/>
    public FusedAttentionFactAttribute() => Skip = TensorEngine.TryLoad(out var reason) ? TensorEngine.HasFusedAttention ? null : "skipped: this libtorch has no fused attention" : $"skipped: {reason}";
}
