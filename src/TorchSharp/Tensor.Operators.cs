namespace TorchSharp;

// One line per operator. What each does is PyTorch's documentation of the operator named.
public static partial class torch
{
    public partial class Tensor
    {
        private static readonly Op s_view = new("aten::view");
        private static readonly Op s_reshape = new("aten::reshape");
        private static readonly Op s_expand = new("aten::expand");
        private static readonly Op s_permute = new("aten::permute");
        private static readonly Op s_transpose_int = new("aten::transpose", "int");
        private static readonly Op s_t = new("aten::t");
        private static readonly Op s_unsqueeze = new("aten::unsqueeze");
        private static readonly Op s_squeeze_dim = new("aten::squeeze", "dim");
        private static readonly Op s_squeeze = new("aten::squeeze");
        private static readonly Op s_flatten_using_ints = new("aten::flatten", "using_ints");
        private static readonly Op s_contiguous = new("aten::contiguous");
        private static readonly Op s_clone = new("aten::clone");
        private static readonly Op s_detach = new("aten::detach");
        private static readonly Op s_alias = new("aten::alias");
        private static readonly Op s_repeat = new("aten::repeat");
        private static readonly Op s_select_int = new("aten::select", "int");
        private static readonly Op s_narrow = new("aten::narrow");
        private static readonly Op s_slice_Tensor = new("aten::slice", "Tensor");
        private static readonly Op s_index_select = new("aten::index_select");
        private static readonly Op s_gather = new("aten::gather");
        private static readonly Op s_scatter_src = new("aten::scatter", "src");
        private static readonly Op s_index_add = new("aten::index_add");
        private static readonly Op s_index_copy = new("aten::index_copy");
        private static readonly Op s_masked_fill_Scalar = new("aten::masked_fill", "Scalar");
        private static readonly Op s_where_self = new("aten::where", "self");
        private static readonly Op s_triu = new("aten::triu");
        private static readonly Op s_tril = new("aten::tril");
        private static readonly Op s_add_Tensor = new("aten::add", "Tensor");
        private static readonly Op s_add_Scalar = new("aten::add", "Scalar");
        private static readonly Op s_sub_Tensor = new("aten::sub", "Tensor");
        private static readonly Op s_sub_Scalar = new("aten::sub", "Scalar");
        private static readonly Op s_mul_Tensor = new("aten::mul", "Tensor");
        private static readonly Op s_mul_Scalar = new("aten::mul", "Scalar");
        private static readonly Op s_div_Tensor = new("aten::div", "Tensor");
        private static readonly Op s_div_Scalar = new("aten::div", "Scalar");
        private static readonly Op s_neg = new("aten::neg");
        private static readonly Op s_pow_Tensor_Scalar = new("aten::pow", "Tensor_Scalar");
        private static readonly Op s_square = new("aten::square");
        private static readonly Op s_abs = new("aten::abs");
        private static readonly Op s_exp = new("aten::exp");
        private static readonly Op s_log = new("aten::log");
        private static readonly Op s_sqrt = new("aten::sqrt");
        private static readonly Op s_rsqrt = new("aten::rsqrt");
        private static readonly Op s_sigmoid = new("aten::sigmoid");
        private static readonly Op s_tanh = new("aten::tanh");
        private static readonly Op s_relu = new("aten::relu");
        private static readonly Op s_erf = new("aten::erf");
        private static readonly Op s_sin = new("aten::sin");
        private static readonly Op s_cos = new("aten::cos");
        private static readonly Op s_floor = new("aten::floor");
        private static readonly Op s_ceil = new("aten::ceil");
        private static readonly Op s_round = new("aten::round");
        private static readonly Op s_isnan = new("aten::isnan");
        private static readonly Op s_isfinite = new("aten::isfinite");
        private static readonly Op s_logical_not = new("aten::logical_not");
        private static readonly Op s_sign = new("aten::sign");
        private static readonly Op s_reciprocal = new("aten::reciprocal");
        private static readonly Op s_silu = new("aten::silu");
        private static readonly Op s_clamp_max = new("aten::clamp_max");
        private static readonly Op s_clamp_min = new("aten::clamp_min");
        private static readonly Op s_maximum = new("aten::maximum");
        private static readonly Op s_minimum = new("aten::minimum");
        private static readonly Op s_eq_Tensor = new("aten::eq", "Tensor");
        private static readonly Op s_eq_Scalar = new("aten::eq", "Scalar");
        private static readonly Op s_ne_Tensor = new("aten::ne", "Tensor");
        private static readonly Op s_ne_Scalar = new("aten::ne", "Scalar");
        private static readonly Op s_lt_Tensor = new("aten::lt", "Tensor");
        private static readonly Op s_lt_Scalar = new("aten::lt", "Scalar");
        private static readonly Op s_gt_Tensor = new("aten::gt", "Tensor");
        private static readonly Op s_gt_Scalar = new("aten::gt", "Scalar");
        private static readonly Op s_le_Tensor = new("aten::le", "Tensor");
        private static readonly Op s_le_Scalar = new("aten::le", "Scalar");
        private static readonly Op s_ge_Tensor = new("aten::ge", "Tensor");
        private static readonly Op s_ge_Scalar = new("aten::ge", "Scalar");
        private static readonly Op s_logical_and = new("aten::logical_and");
        private static readonly Op s_logical_or = new("aten::logical_or");
        private static readonly Op s_matmul = new("aten::matmul");
        private static readonly Op s_mm = new("aten::mm");
        private static readonly Op s_bmm = new("aten::bmm");
        private static readonly Op s_sum = new("aten::sum");
        private static readonly Op s_sum_dim_IntList = new("aten::sum", "dim_IntList");
        private static readonly Op s_mean = new("aten::mean");
        private static readonly Op s_mean_dim = new("aten::mean", "dim");
        private static readonly Op s_var_dim = new("aten::var", "dim");
        private static readonly Op s_max = new("aten::max");
        private static readonly Op s_min = new("aten::min");
        private static readonly Op s_argmax = new("aten::argmax");
        private static readonly Op s_all = new("aten::all");
        private static readonly Op s_any = new("aten::any");
        private static readonly Op s_argmin = new("aten::argmin");
        private static readonly Op s_amax = new("aten::amax");
        private static readonly Op s_amin = new("aten::amin");
        private static readonly Op s_norm_Scalar = new("aten::norm", "Scalar");
        private static readonly Op s_cumsum = new("aten::cumsum");
        private static readonly Op s_softmax_int = new("aten::softmax", "int");
        private static readonly Op s_log_softmax_int = new("aten::log_softmax", "int");
        private static readonly Op s_logsumexp = new("aten::logsumexp");
        private static readonly Op s_add__Tensor = new("aten::add_", "Tensor");
        private static readonly Op s_add__Scalar = new("aten::add_", "Scalar");
        private static readonly Op s_sub__Tensor = new("aten::sub_", "Tensor");
        private static readonly Op s_sub__Scalar = new("aten::sub_", "Scalar");
        private static readonly Op s_mul__Tensor = new("aten::mul_", "Tensor");
        private static readonly Op s_mul__Scalar = new("aten::mul_", "Scalar");
        private static readonly Op s_div__Tensor = new("aten::div_", "Tensor");
        private static readonly Op s_div__Scalar = new("aten::div_", "Scalar");
        private static readonly Op s_addcmul_ = new("aten::addcmul_");
        private static readonly Op s_addcdiv_ = new("aten::addcdiv_");
        private static readonly Op s_copy_ = new("aten::copy_");
        private static readonly Op s_zero_ = new("aten::zero_");
        private static readonly Op s_fill__Scalar = new("aten::fill_", "Scalar");
        private static readonly Op s_scatter__src = new("aten::scatter_", "src");
        private static readonly Op s_index_copy_ = new("aten::index_copy_");
        private static readonly Op s_index_add_ = new("aten::index_add_");
        private static readonly Op s_masked_fill__Scalar = new("aten::masked_fill_", "Scalar");
        private static readonly Op s_clamp_ = new("aten::clamp_");
        private static readonly Op s_sqrt_ = new("aten::sqrt_");
        private static readonly Op s_exp_ = new("aten::exp_");
        private static readonly Op s_div_Tensor_mode = new("aten::div", "Tensor_mode");
        private static readonly Op s_div_Scalar_mode = new("aten::div", "Scalar_mode");
        private static readonly Op s_div__Tensor_mode = new("aten::div_", "Tensor_mode");
        private static readonly Op s_div__Scalar_mode = new("aten::div_", "Scalar_mode");
        private static readonly Op s_round_decimals = new("aten::round", "decimals");
        private static readonly Op s_to_dtype = new("aten::to", "dtype");
        private static readonly Op s_to_device = new("aten::to", "device");
        private static readonly Op s_chunk = new("aten::chunk");
        private static readonly Op s_split = new("aten::split", "Tensor");
        private static readonly Op s_topk = new("aten::topk");
        private static readonly Op s_sort = new("aten::sort", "stable");
        private static readonly Op s_max_dim = new("aten::max", "dim");
        private static readonly Op s_clamp = new("aten::clamp");
        private static readonly Op s_rsub = new("aten::rsub", "Scalar");
        private static readonly Op s_index_put_ = new("aten::index_put_");
        private static readonly Op s_index = new("aten::index", "Tensor");

        /// <summary>aten::view.</summary>
        public Tensor view(params long[] shape) => s_view.Call(this, shape);

        /// <summary>aten::reshape.</summary>
        public Tensor reshape(params long[] shape) => s_reshape.Call(this, shape);

        /// <summary>aten::expand.</summary>
        public Tensor expand(params long[] sizes) => s_expand.Call(this, sizes);

        /// <summary>aten::permute.</summary>
        public Tensor permute(params long[] permutation) => s_permute.Call(this, permutation);

        /// <summary>aten::transpose.int.</summary>
        public Tensor transpose(long dim0, long dim1) => s_transpose_int.Call(this, dim0, dim1);

        /// <summary>aten::t.</summary>
        public Tensor t() => s_t.Call(this);

        /// <summary>aten::unsqueeze.</summary>
        public Tensor unsqueeze(long dim) => s_unsqueeze.Call(this, dim);

        /// <summary>aten::squeeze.</summary>
        public Tensor squeeze(long? dim = null) => dim is { } d ? s_squeeze_dim.Call(this, d) : s_squeeze.Call(this);

        /// <summary>aten::flatten.using_ints.</summary>
        public Tensor flatten(long start_dim = 0, long end_dim = -1) => s_flatten_using_ints.Call(this, start_dim, end_dim);

        /// <summary>aten::contiguous.</summary>
        public Tensor contiguous() => s_contiguous.Call(this);

        /// <summary>aten::clone.</summary>
        public Tensor clone() => s_clone.Call(this);

        /// <summary>aten::detach.</summary>
        public Tensor detach() => s_detach.Call(this);

        /// <summary>aten::alias.</summary>
        public Tensor alias() => s_alias.Call(this);

        /// <summary>aten::repeat.</summary>
        public Tensor repeat(params long[] sizes) => s_repeat.Call(this, sizes);

        /// <summary>aten::select.int.</summary>
        public Tensor select(long dim, long index) => s_select_int.Call(this, dim, index);

        /// <summary>aten::narrow.</summary>
        public Tensor narrow(long dim, long start, long length) => s_narrow.Call(this, dim, start, length);

        /// <summary>aten::slice.Tensor.</summary>
        public Tensor slice(long dim, long start, long finish, long step) => s_slice_Tensor.Call(this, dim, start, finish, step);

        /// <summary>aten::index_select.</summary>
        public Tensor index_select(long dim, Tensor index) => s_index_select.Call(this, dim, index);

        /// <summary>aten::gather.</summary>
        public Tensor gather(long dim, Tensor index) => s_gather.Call(this, dim, index);

        /// <summary>aten::scatter.src.</summary>
        public Tensor scatter(long dim, Tensor index, Tensor src) => s_scatter_src.Call(this, dim, index, src);

        /// <summary>aten::index_add.</summary>
        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha) => s_index_add.Call(this, dim, index, source, alpha);

        /// <summary>aten::index_copy.</summary>
        public Tensor index_copy(long dim, Tensor index, Tensor source) => s_index_copy.Call(this, dim, index, source);

        /// <summary>aten::masked_fill.Scalar.</summary>
        public Tensor masked_fill(Tensor mask, Scalar value) => s_masked_fill_Scalar.Call(this, mask, value);

        /// <summary>aten::where.self.</summary>
        public Tensor where(Tensor condition, Tensor y) => s_where_self.Call(condition, this, y);

        /// <summary>aten::triu.</summary>
        public Tensor triu(long diagonal = 0) => s_triu.Call(this, diagonal);

        /// <summary>aten::tril.</summary>
        public Tensor tril(long diagonal = 0) => s_tril.Call(this, diagonal);

        /// <summary>aten::add.Tensor.</summary>
        public Tensor add(Tensor target) => s_add_Tensor.Call(this, target);

        /// <summary>aten::add.Scalar.</summary>
        public Tensor add(Scalar scalar) => s_add_Scalar.Call(this, scalar);

        /// <summary>aten::sub.Tensor.</summary>
        public Tensor sub(Tensor target) => s_sub_Tensor.Call(this, target);

        /// <summary>aten::sub.Scalar.</summary>
        public Tensor sub(Scalar target) => s_sub_Scalar.Call(this, target);

        /// <summary>aten::mul.Tensor.</summary>
        public Tensor mul(Tensor target) => s_mul_Tensor.Call(this, target);

        /// <summary>aten::mul.Scalar.</summary>
        public Tensor mul(Scalar target) => s_mul_Scalar.Call(this, target);

        /// <summary>aten::div.Tensor.</summary>
        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            rounding_mode == RoundingMode.None ? s_div_Tensor.Call(this, target) : s_div_Tensor_mode.Call(this, target, rounding_mode.ToString());

        /// <summary>aten::div.Scalar.</summary>
        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            rounding_mode == RoundingMode.None ? s_div_Scalar.Call(this, target) : s_div_Scalar_mode.Call(this, target, rounding_mode.ToString());

        /// <summary>aten::add.Tensor.</summary>
        public Tensor add(Tensor target, Scalar alpha) => s_add_Tensor.Call(this, target, alpha);

        /// <summary>aten::neg.</summary>
        public Tensor neg() => s_neg.Call(this);

        /// <summary>aten::pow.Tensor_Scalar.</summary>
        public Tensor pow(Scalar exponent) => s_pow_Tensor_Scalar.Call(this, exponent);

        /// <summary>aten::square.</summary>
        public Tensor square() => s_square.Call(this);

        /// <summary>aten::abs.</summary>
        public Tensor abs() => s_abs.Call(this);

        /// <summary>aten::exp.</summary>
        public Tensor exp() => s_exp.Call(this);

        /// <summary>aten::log.</summary>
        public Tensor log() => s_log.Call(this);

        /// <summary>aten::sqrt.</summary>
        public Tensor sqrt() => s_sqrt.Call(this);

        /// <summary>aten::rsqrt.</summary>
        public Tensor rsqrt() => s_rsqrt.Call(this);

        /// <summary>aten::sigmoid.</summary>
        public Tensor sigmoid() => s_sigmoid.Call(this);

        /// <summary>aten::tanh.</summary>
        public Tensor tanh() => s_tanh.Call(this);

        /// <summary>aten::relu.</summary>
        public Tensor relu() => s_relu.Call(this);

        /// <summary>aten::erf.</summary>
        public Tensor erf() => s_erf.Call(this);

        /// <summary>aten::sin.</summary>
        public Tensor sin() => s_sin.Call(this);

        /// <summary>aten::cos.</summary>
        public Tensor cos() => s_cos.Call(this);

        /// <summary>aten::floor.</summary>
        public Tensor floor() => s_floor.Call(this);

        /// <summary>aten::ceil.</summary>
        public Tensor ceil() => s_ceil.Call(this);

        /// <summary>aten::round.</summary>
        public Tensor round(long decimals = 0) => decimals == 0 ? s_round.Call(this) : s_round_decimals.Call(this, decimals);

        /// <summary>aten::isnan.</summary>
        public Tensor isnan() => s_isnan.Call(this);

        /// <summary>aten::isfinite.</summary>
        public Tensor isfinite() => s_isfinite.Call(this);

        /// <summary>aten::logical_not.</summary>
        public Tensor logical_not() => s_logical_not.Call(this);

        /// <summary>aten::sign.</summary>
        public Tensor sign() => s_sign.Call(this);

        /// <summary>aten::reciprocal.</summary>
        public Tensor reciprocal() => s_reciprocal.Call(this);

        /// <summary>aten::silu.</summary>
        public Tensor silu() => s_silu.Call(this);

        /// <summary>aten::clamp_max.</summary>
        public Tensor clamp_max(Scalar max) => s_clamp_max.Call(this, max);

        /// <summary>aten::clamp_min.</summary>
        public Tensor clamp_min(Scalar min) => s_clamp_min.Call(this, min);

        /// <summary>aten::maximum.</summary>
        public Tensor maximum(Tensor other) => s_maximum.Call(this, other);

        /// <summary>aten::minimum.</summary>
        public Tensor minimum(Tensor other) => s_minimum.Call(this, other);

        /// <summary>aten::eq.Tensor.</summary>
        public Tensor eq(Tensor target) => s_eq_Tensor.Call(this, target);

        /// <summary>aten::eq.Scalar.</summary>
        public Tensor eq(Scalar target) => s_eq_Scalar.Call(this, target);

        /// <summary>aten::ne.Tensor.</summary>
        public Tensor ne(Tensor target) => s_ne_Tensor.Call(this, target);

        /// <summary>aten::ne.Scalar.</summary>
        public Tensor ne(Scalar target) => s_ne_Scalar.Call(this, target);

        /// <summary>aten::lt.Tensor.</summary>
        public Tensor lt(Tensor target) => s_lt_Tensor.Call(this, target);

        /// <summary>aten::lt.Scalar.</summary>
        public Tensor lt(Scalar target) => s_lt_Scalar.Call(this, target);

        /// <summary>aten::gt.Tensor.</summary>
        public Tensor gt(Tensor target) => s_gt_Tensor.Call(this, target);

        /// <summary>aten::gt.Scalar.</summary>
        public Tensor gt(Scalar target) => s_gt_Scalar.Call(this, target);

        /// <summary>aten::le.Tensor.</summary>
        public Tensor le(Tensor target) => s_le_Tensor.Call(this, target);

        /// <summary>aten::le.Scalar.</summary>
        public Tensor le(Scalar target) => s_le_Scalar.Call(this, target);

        /// <summary>aten::ge.Tensor.</summary>
        public Tensor ge(Tensor target) => s_ge_Tensor.Call(this, target);

        /// <summary>aten::ge.Scalar.</summary>
        public Tensor ge(Scalar target) => s_ge_Scalar.Call(this, target);

        /// <summary>aten::logical_and.</summary>
        public Tensor logical_and(Tensor other) => s_logical_and.Call(this, other);

        /// <summary>aten::logical_or.</summary>
        public Tensor logical_or(Tensor other) => s_logical_or.Call(this, other);

        /// <summary>aten::matmul.</summary>
        public Tensor matmul(Tensor target) => s_matmul.Call(this, target);

        /// <summary>aten::mm.</summary>
        public Tensor mm(Tensor target) => s_mm.Call(this, target);

        /// <summary>aten::bmm.</summary>
        public Tensor bmm(Tensor batch2) => s_bmm.Call(this, batch2);

        /// <summary>aten::sum.</summary>
        public Tensor sum(ScalarType? type = null) => s_sum.Call(this, type is { } t ? t : Value.None);

        /// <summary>aten::sum.dim_IntList.</summary>
        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => s_sum_dim_IntList.Call(this, new long[] { dim }, keepdim, type is { } t ? t : Value.None);

        /// <summary>aten::mean.</summary>
        public Tensor mean() => s_mean.Call(this);

        /// <summary>aten::mean.dim.</summary>
        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) => s_mean_dim.Call(this, dimensions, keepdim, type is { } t ? t : Value.None);

        /// <summary>aten::var.dim.</summary>
        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) =>
            (type is { } t ? to(t) : this) is var source ? s_var_dim.Call(source, new long[] { dim }, unbiased, keepdim) : this;

        /// <summary>aten::max.</summary>
        public Tensor max() => s_max.Call(this);

        /// <summary>aten::min.</summary>
        public Tensor min() => s_min.Call(this);

        /// <summary>aten::argmax.</summary>
        public Tensor argmax() => s_argmax.Call(this);

        /// <summary>aten::all.</summary>
        public Tensor all() => s_all.Call(this);

        /// <summary>aten::any.</summary>
        public Tensor any() => s_any.Call(this);

        /// <summary>aten::argmax.</summary>
        public Tensor argmax(long dim, bool keepdim = false) => s_argmax.Call(this, dim, keepdim);

        /// <summary>aten::argmin.</summary>
        public Tensor argmin(long dim, bool keepdim = false) => s_argmin.Call(this, dim, keepdim);

        /// <summary>aten::amax.</summary>
        public Tensor amax(params long[] dims) => s_amax.Call(this, dims);

        /// <summary>aten::amin.</summary>
        public Tensor amin(params long[] dims) => s_amin.Call(this, dims);

        /// <summary>aten::norm.Scalar.</summary>
        public Tensor norm(float p = 2.0f) => s_norm_Scalar.Call(this, (double)p);

        /// <summary>aten::cumsum.</summary>
        public Tensor cumsum(long dim, ScalarType? type = null) => s_cumsum.Call(this, dim, type is { } t ? t : Value.None);

        /// <summary>aten::softmax.int.</summary>
        public Tensor softmax(long dim, ScalarType? dtype = null) => s_softmax_int.Call(this, dim, dtype is { } t ? t : Value.None);

        /// <summary>aten::log_softmax.int.</summary>
        public Tensor log_softmax(long dim, ScalarType? dtype = null) => s_log_softmax_int.Call(this, dim, dtype is { } t ? t : Value.None);

        /// <summary>aten::logsumexp.</summary>
        public Tensor logsumexp(long dim, bool keepdim = false) => s_logsumexp.Call(this, new long[] { dim }, keepdim);

        /// <summary>aten::add_.Tensor, in place; gives this tensor back.</summary>
        public Tensor add_(Tensor target)
        {
            s_add__Tensor.Run(this, target);
            return this;
        }

        /// <summary>aten::add_.Tensor, in place; gives this tensor back.</summary>
        public Tensor add_(Tensor target, Scalar alpha)
        {
            s_add__Tensor.Run(this, target, alpha);
            return this;
        }

        /// <summary>aten::add_.Scalar, in place; gives this tensor back.</summary>
        public Tensor add_(Scalar scalar)
        {
            s_add__Scalar.Run(this, scalar);
            return this;
        }

        /// <summary>aten::sub_.Tensor, in place; gives this tensor back.</summary>
        public Tensor sub_(Tensor target)
        {
            s_sub__Tensor.Run(this, target);
            return this;
        }

        /// <summary>aten::sub_.Scalar, in place; gives this tensor back.</summary>
        public Tensor sub_(Scalar target)
        {
            s_sub__Scalar.Run(this, target);
            return this;
        }

        /// <summary>aten::mul_.Tensor, in place; gives this tensor back.</summary>
        public Tensor mul_(Tensor target)
        {
            s_mul__Tensor.Run(this, target);
            return this;
        }

        /// <summary>aten::mul_.Scalar, in place; gives this tensor back.</summary>
        public Tensor mul_(Scalar target)
        {
            s_mul__Scalar.Run(this, target);
            return this;
        }

        /// <summary>aten::div_.Tensor, in place; gives this tensor back.</summary>
        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None)
        {
            if (rounding_mode == RoundingMode.None)
            {
                s_div__Tensor.Run(this, target);
            }
            else
            {
                s_div__Tensor_mode.Run(this, target, rounding_mode.ToString());
            }

            return this;
        }

        /// <summary>aten::div_.Scalar, in place; gives this tensor back.</summary>
        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None)
        {
            if (rounding_mode == RoundingMode.None)
            {
                s_div__Scalar.Run(this, target);
            }
            else
            {
                s_div__Scalar_mode.Run(this, target, rounding_mode.ToString());
            }

            return this;
        }

        /// <summary>aten::addcmul_, in place; gives this tensor back.</summary>
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value)
        {
            s_addcmul_.Run(this, tensor1, tensor2, value);
            return this;
        }

        /// <summary>aten::addcdiv_, in place; gives this tensor back.</summary>
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value)
        {
            s_addcdiv_.Run(this, tensor1, tensor2, value);
            return this;
        }

        /// <summary>aten::copy_, in place; gives this tensor back.</summary>
        public Tensor copy_(Tensor source, bool nonBlocking = false)
        {
            s_copy_.Run(this, source, nonBlocking);
            return this;
        }

        /// <summary>aten::zero_, in place; gives this tensor back.</summary>
        public Tensor zero_()
        {
            s_zero_.Run(this);
            return this;
        }

        /// <summary>aten::fill_.Scalar, in place; gives this tensor back.</summary>
        public Tensor fill_(Scalar value)
        {
            s_fill__Scalar.Run(this, value);
            return this;
        }

        /// <summary>aten::scatter_.src, in place; gives this tensor back.</summary>
        public Tensor scatter_(long dim, Tensor index, Tensor src)
        {
            s_scatter__src.Run(this, dim, index, src);
            return this;
        }

        /// <summary>aten::index_copy_, in place; gives this tensor back.</summary>
        public Tensor index_copy_(long dim, Tensor index, Tensor source)
        {
            s_index_copy_.Run(this, dim, index, source);
            return this;
        }

        /// <summary>aten::index_add_, in place; gives this tensor back.</summary>
        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha)
        {
            s_index_add_.Run(this, dim, index, source, alpha);
            return this;
        }

        /// <summary>aten::masked_fill_.Scalar, in place; gives this tensor back.</summary>
        public Tensor masked_fill_(Tensor mask, Scalar value)
        {
            s_masked_fill__Scalar.Run(this, mask, value);
            return this;
        }

        /// <summary>aten::clamp_, in place; gives this tensor back.</summary>
        public Tensor clamp_(Scalar? min = null, Scalar? max = null)
        {
            s_clamp_.Run(this, min is { } low ? low : Value.None, max is { } high ? high : Value.None);
            return this;
        }

        /// <summary>aten::sqrt_, in place; gives this tensor back.</summary>
        public Tensor sqrt_()
        {
            s_sqrt_.Run(this);
            return this;
        }

        /// <summary>aten::exp_, in place; gives this tensor back.</summary>
        public Tensor exp_()
        {
            s_exp_.Run(this);
            return this;
        }

        /// <summary>aten::clamp.</summary>
        public Tensor clamp(Scalar? min = null, Scalar? max = null) => s_clamp.Call(this, min is { } low ? low : Value.None, max is { } high ? high : Value.None);

        /// <summary>In another element type.</summary>
        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            After(s_to_dtype.Call(this, type, non_blocking, copy), disposeAfter);

        /// <summary>On another device.</summary>
        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            After(s_to_device.Call(this, device, dtype, non_blocking, copy), disposeAfter);

        /// <summary>On the processor.</summary>
        public Tensor cpu() => to(CPU);

        /// <summary>On a card, the current one unless another is named.</summary>
        public Tensor cuda(Device? device = null, bool non_blocking = false) => to(device ?? CUDA, non_blocking: non_blocking);

        /// <summary>aten::chunk.</summary>
        public Tensor[] chunk(long chunks, long dim = 0L) => s_chunk.CallMany(this, chunks, dim);

        /// <summary>aten::split.Tensor.</summary>
        public Tensor[] split(long size, int dim = 0) => s_split.CallMany(this, size, dim);

        /// <summary>aten::topk.</summary>
        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true)
        {
            var both = s_topk.CallMany(this, k, dim, largest, sorted);
            return (both[0], both[1]);
        }

        /// <summary>aten::sort.</summary>
        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false)
        {
            var both = s_sort.CallMany(this, stable, dim, descending);
            return (both[0], both[1]);
        }

        /// <summary>aten::max.dim.</summary>
        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false)
        {
            var both = s_max_dim.CallMany(this, dim, keepdim);
            return (both[0], both[1]);
        }

        /// <summary>Picks along the first dimensions.</summary>
        [System.Runtime.CompilerServices.IndexerName("TensorItems")]
        public Tensor this[params TensorIndex[] indices]
        {
            get => Pick(indices);
            set
            {
                using var place = Pick(indices);
                place.copy_(value);
            }
        }

        /// <summary>aten::index.Tensor.</summary>
        public Tensor index(params Tensor[] indices) => s_index.Call(this, Value.OptionalTensors(indices));

        /// <summary>aten::index_put_.</summary>
        public Tensor index_put_(Tensor value, params Tensor[] indices)
        {
            s_index_put_.Run(this, Value.OptionalTensors(indices), value);
            return this;
        }

        /// <summary>Sum.</summary>
        public static Tensor operator +(Tensor left, Tensor right) => left.add(right);

        /// <summary>Sum.</summary>
        public static Tensor operator +(Tensor left, Scalar right) => left.add(right);

        /// <summary>Sum.</summary>
        public static Tensor operator +(Scalar left, Tensor right) => right.add(left);

        /// <summary>Difference.</summary>
        public static Tensor operator -(Tensor left, Tensor right) => left.sub(right);

        /// <summary>Difference.</summary>
        public static Tensor operator -(Tensor left, Scalar right) => left.sub(right);

        /// <summary>Difference.</summary>
        public static Tensor operator -(Scalar left, Tensor right) => s_rsub.Call(right, left);

        /// <summary>Negation.</summary>
        public static Tensor operator -(Tensor tensor) => tensor.neg();

        /// <summary>Product, element by element.</summary>
        public static Tensor operator *(Tensor left, Tensor right) => left.mul(right);

        /// <summary>Product.</summary>
        public static Tensor operator *(Tensor left, Scalar right) => left.mul(right);

        /// <summary>Product.</summary>
        public static Tensor operator *(Scalar left, Tensor right) => right.mul(left);

        /// <summary>Quotient, element by element.</summary>
        public static Tensor operator /(Tensor left, Tensor right) => left.div(right);

        /// <summary>Quotient.</summary>
        public static Tensor operator /(Tensor left, Scalar right) => left.div(right);

        private Tensor After(Tensor result, bool disposeThis)
        {
            if (disposeThis)
            {
                Dispose();
            }

            return result;
        }

        private Tensor Pick(TensorIndex[] indices)
        {
            var result = this;
            var dimension = 0;
            for (var i = 0; i < indices.Length; i++)
            {
                var index = indices[i];
                switch (index.Kind)
                {
                    case TensorIndex.IndexKind.Single:
                        result = result.select(dimension, index.Start ?? 0);
                        break;
                    case TensorIndex.IndexKind.New:
                        result = result.unsqueeze(dimension++);
                        break;
                    case TensorIndex.IndexKind.Rest:
                        dimension = (int)result.dim() - indices.Skip(i + 1).Count(later => later.Kind is TensorIndex.IndexKind.Single or TensorIndex.IndexKind.Range);
                        break;
                    default:
                        result = index.Start is null && index.Stop is null && index.Step is null
                            ? result
                            : result.slice(dimension, index.Start ?? 0, index.Stop ?? long.MaxValue, index.Step ?? 1);
                        dimension++;
                        break;
                }
            }

            return ReferenceEquals(result, this) ? alias() : result;
        }
    }
}
