using System.Reflection;
using TorchSharp.Modules;

namespace TorchSharp
{
    public static partial class torch
    {
        /// <summary>Neural network parts.</summary>
        public static partial class nn
        {
            /// <summary>A tensor that an optimiser changes. Takes the tensor over.</summary>
            public static Parameter Parameter(Tensor data, bool requires_grad = true) => new(data, requires_grad);

            /// <summary>Something with parameters.</summary>
            public abstract class Module(string name) : IDisposable
            {
                private readonly List<(string Name, Parameter Parameter)> _parameters = [];
                private readonly List<(string Name, Module Module)> _children = [];

                /// <summary>Its name.</summary>
                public string GetName() => name;

                /// <summary>Adds a parameter under a name.</summary>
                public virtual void register_parameter(string name, Parameter param)
                {
                    if (_parameters.Exists(p => p.Name == name))
                    {
                        throw new InvalidOperationException($"Tried to register a parameter with the name '{name}' twice.");
                    }

                    _parameters.Add((name, param));
                }

                /// <summary>Adds a part under a name.</summary>
                public virtual void register_module(string name, Module submodule) => _children.Add((name, submodule));

                /// <summary>All parameters, those of parts after its own.</summary>
                public virtual IEnumerable<Parameter> parameters(bool recurse = true) => named_parameters(recurse).Select(p => p.parameter);

                /// <summary>All parameters with their dotted names.</summary>
                public virtual IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) =>
                    _parameters.Concat(recurse ? _children.SelectMany(c => c.Module.named_parameters().Select(p => (c.Name + "." + p.name, p.parameter))) : []);

                /// <summary>Clears all gradients.</summary>
                public virtual void zero_grad(bool set_to_none = true)
                {
                    foreach (var parameter in parameters())
                    {
                        using var gradient = parameter.grad;
                        if (set_to_none)
                        {
                            parameter.grad = null;
                        }
                        else
                        {
                            gradient?.zero_();
                        }
                    }
                }

                /// <inheritdoc/>
                public void Dispose()
                {
                    Dispose(true);
                    GC.SuppressFinalize(this);
                }

                /// <summary>Frees its parameters and parts.</summary>
                protected virtual void Dispose(bool disposing)
                {
                    if (disposing)
                    {
                        _parameters.ForEach(p => p.Parameter.Dispose());
                        _children.ForEach(c => c.Module.Dispose());
                    }
                }

                /// <summary>Adds every field that is a parameter or a part and was not added by hand.</summary>
                protected virtual void RegisterComponents()
                {
                    foreach (var field in GetType().GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
                    {
                        var value = field.GetValue(this);
                        if (value is Parameter parameter && !_parameters.Exists(p => ReferenceEquals(p.Parameter, parameter)))
                        {
                            register_parameter(field.Name, parameter);
                        }
                        else if (value is Module module && !_children.Exists(c => ReferenceEquals(c.Module, module)))
                        {
                            register_module(field.Name, module);
                        }
                    }
                }
            }

            /// <summary>A part that maps one value to another.</summary>
            public abstract class Module<T, TResult>(string name) : Module(name)
            {
                /// <summary>What it computes.</summary>
                public abstract TResult forward(T input);

                /// <summary>Runs it.</summary>
                public TResult call(T input) => forward(input);
            }

            /// <summary>Functions without parameters of their own.</summary>
            public static class functional
            {
                private static readonly Op s_gelu = new("aten::gelu");
                private static readonly Op s_log_sigmoid = new("aten::log_sigmoid");
                private static readonly Op s_linear = new("aten::linear");
                private static readonly Op s_cross_entropy = new("aten::cross_entropy_loss");
                private static readonly Op s_layer_norm = new("aten::layer_norm");
                private static readonly Op s_scaled_dot_product_attention = new("aten::scaled_dot_product_attention", optional: true);

                internal static bool HasFusedAttention => s_scaled_dot_product_attention.Exists;

                /// <summary>Exact GELU, with erf.</summary>
                public static Tensor gelu(Tensor x) => s_gelu.Call(x);

                /// <summary>ln sigmoid, without overflow.</summary>
                public static Tensor logsigmoid(Tensor x) => s_log_sigmoid.Call(x);

                /// <summary>x W^T + b.</summary>
                public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) => s_linear.Call(input, weights, Value.Optional(bias));

                /// <summary>Cross-entropy of logits (N, C) and class numbers (N).</summary>
                public static Tensor cross_entropy(Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean, double label_smoothing = 0.0) =>
                    s_cross_entropy.Call(input, target, Value.Optional(weight), (long)reduction, ignore_index, label_smoothing);

                /// <summary>Layer norm over the last dimensions.</summary>
                public static Tensor layer_norm(Tensor input, long[] normalized_shape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-05) =>
                    s_layer_norm.Call(input, normalized_shape, Value.Optional(weight), Value.Optional(bias), eps);

                /// <summary>softmax(Q K^T / sqrt(hd) + mask) V, (.., N, hd), in one operator; libtorch 1.13 has none.</summary>
                public static Tensor scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask = null, double p = 0.0, bool is_casual = false) =>
                    s_scaled_dot_product_attention.Call(query, key, value, Value.Optional(attn_mask), p, is_casual);
            }
        }
    }
}

namespace TorchSharp.Modules
{
    using static TorchSharp.torch;

    /// <summary>A tensor that an optimiser changes.</summary>
    public class Parameter : Tensor
    {
        /// <summary>Takes a tensor over.</summary>
        public Parameter(Tensor data, bool requires_grad = true)
            : base(Native.rro_alias(data.Handle))
        {
            data.Dispose();
            this.requires_grad = requires_grad;
        }
    }

    /// <summary>A list of parts.</summary>
    public class ModuleList<T> : nn.Module, IReadOnlyList<T>
        where T : nn.Module
    {
        private readonly List<T> _modules = [];

        /// <summary>From parts, named by their position.</summary>
        public ModuleList(params T[] modules)
            : base(nameof(ModuleList<>))
        {
            foreach (var module in modules)
            {
                register_module(_modules.Count.ToString(System.Globalization.CultureInfo.InvariantCulture), module);
                _modules.Add(module);
            }
        }

        /// <inheritdoc/>
        public int Count => _modules.Count;

        /// <inheritdoc/>
        public T this[int index] => _modules[index];

        /// <inheritdoc/>
        public IEnumerator<T> GetEnumerator() => _modules.GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
