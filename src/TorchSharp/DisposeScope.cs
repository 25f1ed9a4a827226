using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>
/// Owns the tensors made while it is the innermost scope of its thread, and frees them at its end unless they were moved out.
/// A list with a slot number in every tensor instead of a set: entering and leaving are a few instructions.
/// </summary>
public sealed class DisposeScope : IDisposable
{
    [ThreadStatic]
    private static DisposeScope? s_current;

    private readonly DisposeScope? _outer;
    private readonly List<Tensor?> _tensors = [];
    private bool _disposed;

    internal DisposeScope()
    {
        _outer = s_current;
        s_current = this;
    }

    internal static DisposeScope? Current => s_current;

    /// <summary>Tensors that this scope would free now.</summary>
    public int DisposablesCount => _tensors.Count(t => t is not null);

    /// <summary>Hands a tensor to the scope around this one; without one it belongs to nobody.</summary>
    public T MoveToOuter<T>(T disposable)
        where T : IDisposable
    {
        if (disposable is Tensor tensor)
        {
            Remove(tensor);
            _outer?.Add(tensor);
        }

        return disposable;
    }

    /// <summary>Takes a tensor out of all scopes: the caller has to dispose it.</summary>
    public T Detach<T>(T disposable)
        where T : IDisposable
    {
        if (disposable is Tensor tensor)
        {
            Remove(tensor);
        }

        return disposable;
    }

    /// <summary>Takes over a tensor.</summary>
    public void Attach(IDisposable disposable)
    {
        if (disposable is Tensor tensor)
        {
            tensor.Scope?.Remove(tensor);
            Add(tensor);
        }
    }

    /// <summary>Frees everything but one tensor now.</summary>
    public T DisposeEverythingBut<T>(T keep)
        where T : IDisposable
    {
        var kept = keep as Tensor;
        foreach (var tensor in _tensors.Where(t => t is not null && !ReferenceEquals(t, kept)).ToArray())
        {
            tensor!.Dispose();
        }

        return keep;
    }

    /// <summary>Frees everything now; the scope stays open.</summary>
    public void DisposeEverything()
    {
        foreach (var tensor in _tensors)
        {
            tensor?.Forget();
            tensor?.Dispose();
        }

        _tensors.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        DisposeEverything();
        // Scopes end in the reverse order of their beginning; one that is not the innermost only loses its tensors.
        if (ReferenceEquals(s_current, this))
        {
            s_current = _outer;
            while (s_current is { _disposed: true })
            {
                s_current = s_current._outer;
            }
        }
    }

    internal void Add(Tensor tensor)
    {
        tensor.Scope = this;
        tensor.Slot = _tensors.Count;
        _tensors.Add(tensor);
    }

    internal void Remove(Tensor tensor)
    {
        if (!ReferenceEquals(tensor.Scope, this))
        {
            return;
        }

        _tensors[tensor.Slot] = null;
        tensor.Scope = null;
        // Slots at the end are reused, so that a long scope with short-lived tensors stays small.
        while (_tensors.Count > 0 && _tensors[^1] is null)
        {
            _tensors.RemoveAt(_tensors.Count - 1);
        }
    }
}
