using RroDashboard.Engine;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>
    /// A tensor: one reference to a native one. Freed by Dispose or by the scope it was made in; the finalizer is only a safety
    /// net, because native memory does not make the collector run.
    /// </summary>
    public partial class Tensor : IDisposable
    {
        private nint _handle;

        internal Tensor(nint handle)
        {
            _handle = handle;
            EngineSetup.Born();
            DisposeScope.Current?.Add(this);
        }

        /// <summary>Safety net.</summary>
        ~Tensor() => Free();

        internal DisposeScope? Scope { get; set; }

        internal int Slot { get; set; }

        internal nint Handle => _handle != 0 ? _handle : throw new InvalidOperationException("Tensor invalid -- empty handle.");

        /// <summary>The native tensor is gone.</summary>
        public bool IsInvalid => _handle == 0;

        /// <summary>Sizes of all dimensions.</summary>
        public unsafe long[] shape
        {
            get
            {
                var sizes = new long[Native.rro_dim(Handle)];
                fixed (long* p = sizes)
                {
                    Native.rro_sizes(Handle, p);
                }

                GC.KeepAlive(this);
                return sizes;
            }
        }

        /// <summary>Number of dimensions.</summary>
        public long ndim => dim();

        /// <summary>Number of elements.</summary>
        public long NumberOfElements => numel();

        /// <summary>Element type.</summary>
        public ScalarType dtype
        {
            get
            {
                var type = (ScalarType)Native.rro_dtype(Handle);
                GC.KeepAlive(this);
                return type;
            }
        }

        /// <summary>Where it lives.</summary>
        public Device device
        {
            get
            {
                var type = (DeviceType)Native.rro_device(Handle, out var index);
                GC.KeepAlive(this);
                return new Device(type, index);
            }
        }

        /// <summary>Operations on it are recorded for gradients.</summary>
        public bool requires_grad
        {
            get
            {
                var on = Native.rro_requires_grad(Handle) != 0;
                GC.KeepAlive(this);
                return on;
            }

            set
            {
                Native.Check(Native.rro_set_requires_grad(Handle, value ? 1 : 0));
                GC.KeepAlive(this);
            }
        }

        /// <summary>Not the result of a recorded operation.</summary>
        public bool is_leaf
        {
            get
            {
                var leaf = Native.rro_is_leaf(Handle) != 0;
                GC.KeepAlive(this);
                return leaf;
            }
        }

        /// <summary>Its gradient; null when there is none.</summary>
        public Tensor? grad
        {
            get
            {
                var gradient = Native.rro_grad(Handle);
                GC.KeepAlive(this);
                return gradient == 0 ? null : new Tensor(gradient);
            }

            set
            {
                Native.Check(Native.rro_set_grad(Handle, value?.Handle ?? 0));
                GC.KeepAlive(this);
                GC.KeepAlive(value);
            }
        }

        /// <summary>Number of dimensions.</summary>
        public long dim()
        {
            var dimensions = Native.rro_dim(Handle);
            GC.KeepAlive(this);
            return dimensions;
        }

        /// <summary>Size of one dimension.</summary>
        public long size(int dim)
        {
            var sizes = shape;
            return sizes[dim < 0 ? dim + sizes.Length : dim];
        }

        /// <summary>Number of elements.</summary>
        public long numel()
        {
            var count = Native.rro_numel(Handle);
            GC.KeepAlive(this);
            return count;
        }

        /// <summary>Its elements lie in memory in order.</summary>
        public bool is_contiguous()
        {
            var contiguous = Native.rro_is_contiguous(Handle) != 0;
            GC.KeepAlive(this);
            return contiguous;
        }

        /// <summary>Computes the gradients of everything that led to this scalar.</summary>
        public void backward()
        {
            Native.Check(Native.rro_backward(Handle, 0, 0));
            GC.KeepAlive(this);
        }

        /// <summary>The only element. The tensor must be on the processor; ToSingle and its like fetch it from anywhere.</summary>
        public unsafe T item<T>()
            where T : unmanaged
        {
            if (numel() != 1)
            {
                throw new ArgumentException("Only tensors with one element can be converted to a scalar.");
            }

            return data<T>().ToArray()[0];
        }

        /// <summary>Its elements, in row order. The tensor must be on the processor.</summary>
        /// <exception cref="ArgumentException">T is not the element type.</exception>
        public Utils.TensorAccessor<T> data<T>()
            where T : unmanaged => new(this);

        /// <summary>Hands it to the scope around the current one.</summary>
        public Tensor MoveToOuterDisposeScope()
        {
            Scope?.MoveToOuter(this);
            return this;
        }

        /// <summary>Takes it out of all scopes: the caller has to dispose it.</summary>
        public Tensor DetachFromDisposeScope()
        {
            Scope?.Detach(this);
            return this;
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        /// <summary>Frees the native tensor.</summary>
        protected virtual void Dispose(bool disposing)
        {
            Scope?.Remove(this);
            Free();
        }

        /// <inheritdoc/>
        public override string ToString() => IsInvalid ? "(disposed tensor)" : $"[{string.Join("x", shape)}], type = {dtype}, device = {device}";

        internal void Forget() => Scope = null;

        private void Free()
        {
            var handle = Interlocked.Exchange(ref _handle, 0);
            if (handle != 0)
            {
                Native.rro_free(handle);
                EngineSetup.Died();
            }
        }
    }

    /// <summary>A processor or a card.</summary>
    public sealed class Device
    {
        /// <summary>A kind and a number.</summary>
        public Device(DeviceType deviceType, int index = -1) => (type, this.index) = (deviceType, index);

        /// <summary>As PyTorch writes it: cpu, cuda, or cuda:N.</summary>
        /// <exception cref="ArgumentException">Anything else.</exception>
        public Device(string description)
        {
            ArgumentNullException.ThrowIfNull(description);
            var parts = description.Split(':');
            if (parts is not (["cpu" or "cuda"] or ["cpu" or "cuda", _])
                || (parts.Length == 2 && (!int.TryParse(parts[1], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) || (parts[0] == "cpu" && number != 0))))
            {
                throw new ArgumentException($"'{description}' is no device: cpu, cuda and cuda:N are.", nameof(description));
            }

            type = parts[0] == "cpu" ? DeviceType.CPU : DeviceType.CUDA;
            index = parts.Length == 2 ? int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) : -1;
        }

        /// <summary>Kind.</summary>
        public DeviceType type { get; }

        /// <summary>Number of the card; -1 for the current one.</summary>
        public int index { get; }

        /// <inheritdoc/>
        public override string ToString() => index < 0 ? Name : $"{Name}:{index}";

        private string Name => type switch
        {
            DeviceType.CPU => "cpu",
            DeviceType.CUDA => "cuda",
            _ => $"device of kind {(int)type}",
        };
    }
}
