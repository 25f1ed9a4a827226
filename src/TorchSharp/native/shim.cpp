// One generic door into libtorch: every operator is called through the boxed dispatcher by name, so the binding needs one line
// per operator and no generated code. Compiles against libtorch 1.13 and 2.x: optional types are never spelled, dtype, layout and
// memory format are plain numbers, `Tensor?[]` is built as a generic list.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <torch/cuda.h>
#include <torch/utils.h>
#include <torch/version.h>

#include <dlfcn.h>
#include <malloc.h>

#include <cstring>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#define RRO_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

enum Tag : int32_t { None, TensorTag, Int, Double, Bool, IntList, TensorList, DoubleList, OptionalTensorList, String, DeviceTag };

struct Arg {
  int32_t tag;
  int32_t n;
  union {
    int64_t i;
    double d;
    void* p;
  } v;
};

thread_local std::string error_text;

// A handle is a TensorImpl* that holds one reference.
at::Tensor borrow(void* handle) {
  auto* impl = static_cast<c10::TensorImpl*>(handle);
  c10::raw::intrusive_ptr::incref(impl);
  return at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(impl));
}

void* release(at::Tensor tensor) { return tensor.defined() ? tensor.unsafeReleaseTensorImpl() : nullptr; }

template <typename F>
auto guarded(F body) -> decltype(body()) {
  try {
    return body();
  } catch (const c10::Error& e) {
    error_text = e.what_without_backtrace();
  } catch (const std::exception& e) {
    error_text = e.what();
  } catch (...) {
    error_text = "unknown native error";
  }
  return static_cast<decltype(body())>(-1);
}

c10::IValue value_of(const Arg& arg, const c10::Argument& expected) {
  switch (arg.tag) {
    case None:
      return {};
    case TensorTag:
      return borrow(arg.v.p);
    case Int:
      return expected.type()->kind() == c10::TypeKind::FloatType ? c10::IValue(static_cast<double>(arg.v.i)) : c10::IValue(arg.v.i);
    case Double:
      return arg.v.d;
    case Bool:
      return arg.v.i != 0;
    case IntList: {
      auto* data = static_cast<int64_t*>(arg.v.p);
      return c10::List<int64_t>(c10::ArrayRef<int64_t>(data, arg.n));
    }
    case DoubleList: {
      auto* data = static_cast<double*>(arg.v.p);
      return c10::List<double>(c10::ArrayRef<double>(data, arg.n));
    }
    case TensorList: {
      c10::List<at::Tensor> list;
      list.reserve(arg.n);
      for (int32_t i = 0; i < arg.n; i++) list.push_back(borrow(static_cast<void**>(arg.v.p)[i]));
      return list;
    }
    case OptionalTensorList: {
      c10::impl::GenericList list(c10::OptionalType::ofTensor());
      for (int32_t i = 0; i < arg.n; i++) {
        void* handle = static_cast<void**>(arg.v.p)[i];
        list.push_back(handle == nullptr ? c10::IValue() : c10::IValue(borrow(handle)));
      }
      return list;
    }
    case String:
      return std::string(static_cast<const char*>(arg.v.p), arg.n);
    case DeviceTag:
      return c10::Device(static_cast<c10::DeviceType>(arg.v.i), static_cast<c10::DeviceIndex>(arg.n));
    default:
      throw std::runtime_error("argument with an unknown tag");
  }
}

int32_t put(c10::IValue& value, Arg* out, int32_t at, int32_t max) {
  if (value.isTensorList()) {
    for (const at::Tensor& tensor : value.toTensorVector()) {
      if (at >= max) throw std::runtime_error("more results than expected");
      out[at++] = Arg{TensorTag, 0, {.p = release(tensor)}};
    }
    return at;
  }
  if (at >= max) throw std::runtime_error("more results than expected");
  if (value.isTensor()) {
    out[at] = Arg{TensorTag, 0, {.p = release(std::move(value).toTensor())}};
  } else if (value.isInt()) {
    out[at] = Arg{Int, 0, {.i = value.toInt()}};
  } else if (value.isDouble()) {
    out[at] = Arg{Double, 0, {.d = value.toDouble()}};
  } else if (value.isBool()) {
    out[at] = Arg{Bool, 0, {.i = value.toBool()}};
  } else {
    throw std::runtime_error("result of a kind that the binding does not know");
  }
  return at + 1;
}

// Newer versions fill every new tensor while algorithms are deterministic, which costs time and helps only programs that read what they never wrote.
template <typename C>
auto without_filling(C& context, int) -> decltype(context.setDeterministicFillUninitializedMemory(false)) {
  context.setDeterministicFillUninitializedMemory(false);
}

template <typename C>
void without_filling(C&, long) {}

template <typename F>
F cuda_function(const char* name) {
  if (void* found = dlsym(RTLD_DEFAULT, name)) return reinterpret_cast<F>(found);
  for (const char* library : {"libcudart.so", "libcudart.so.13", "libcudart.so.12", "libcudart.so.11.0"})
    if (void* loaded = dlopen(library, RTLD_LAZY | RTLD_LOCAL))
      if (void* found = dlsym(loaded, name)) return reinterpret_cast<F>(found);
  throw std::runtime_error(std::string("the CUDA runtime (libcudart) is not loaded, or has no ") + name);
}

void cuda_call(const char* name, int code) {
  if (code != 0) throw std::runtime_error(std::string(name) + " failed with CUDA error " + std::to_string(code));
}

}  // namespace

RRO_EXPORT const char* rro_error() { return error_text.c_str(); }

RRO_EXPORT const char* rro_version() { return TORCH_VERSION; }

// Looks an operator up by name and overload; null with an error text when there is none. Handles live as long as the process.
RRO_EXPORT const c10::OperatorHandle* rro_operator(const char* name, const char* overload) {
  try {
    return new c10::OperatorHandle(c10::Dispatcher::singleton().findSchemaOrThrow(name, overload));
  } catch (const c10::Error& e) {
    error_text = e.what_without_backtrace();
  } catch (const std::exception& e) {
    error_text = e.what();
  }
  return nullptr;
}

// Calls an operator. Arguments that are left out at the end take the defaults of its schema. Returns the number of results.
RRO_EXPORT int32_t rro_call(const c10::OperatorHandle* op, const Arg* args, int32_t n, Arg* out, int32_t max) {
  return guarded([&]() -> int32_t {
    const auto& schema = op->schema();
    const auto& expected = schema.arguments();
    if (static_cast<size_t>(n) > expected.size())
      throw std::runtime_error(schema.name() + " takes at most " + std::to_string(expected.size()) + " arguments, " + std::to_string(n) + " were given");
    torch::jit::Stack stack;
    stack.reserve(expected.size());
    for (int32_t i = 0; i < n; i++) stack.push_back(value_of(args[i], expected[i]));
    for (size_t i = n; i < expected.size(); i++) {
      const auto& fallback = expected[i].default_value();
      if (!fallback) throw std::runtime_error(schema.name() + " is missing its argument '" + expected[i].name() + "'");
      stack.push_back(*fallback);
    }
    op->callBoxed(&stack);
    int32_t count = 0;
    for (auto& value : stack) count = put(value, out, count, max);
    return count;
  });
}

RRO_EXPORT void rro_free(void* handle) {
  if (handle) c10::raw::intrusive_ptr::decref(static_cast<c10::TensorImpl*>(handle));
}

RRO_EXPORT void* rro_alias(void* handle) { return release(borrow(handle)); }

RRO_EXPORT int32_t rro_dim(void* handle) { return static_cast<int32_t>(borrow(handle).dim()); }

RRO_EXPORT void rro_sizes(void* handle, int64_t* sizes) {
  auto tensor = borrow(handle);
  for (int64_t i = 0; i < tensor.dim(); i++) sizes[i] = tensor.size(i);
}

RRO_EXPORT int64_t rro_numel(void* handle) { return borrow(handle).numel(); }

RRO_EXPORT int32_t rro_dtype(void* handle) { return static_cast<int32_t>(borrow(handle).scalar_type()); }

RRO_EXPORT int32_t rro_device(void* handle, int32_t* index) {
  auto device = borrow(handle).device();
  *index = device.index();
  return static_cast<int32_t>(device.type());
}

RRO_EXPORT void* rro_data(void* handle) { return borrow(handle).data_ptr(); }

RRO_EXPORT int32_t rro_is_contiguous(void* handle) { return borrow(handle).is_contiguous(); }

RRO_EXPORT int32_t rro_requires_grad(void* handle) { return borrow(handle).requires_grad(); }

RRO_EXPORT int32_t rro_is_leaf(void* handle) { return borrow(handle).is_leaf(); }

RRO_EXPORT int32_t rro_set_requires_grad(void* handle, int32_t on) {
  return guarded([&]() -> int32_t {
    borrow(handle).set_requires_grad(on != 0);
    return 0;
  });
}

RRO_EXPORT void* rro_grad(void* handle) { return release(borrow(handle).grad()); }

RRO_EXPORT int32_t rro_set_grad(void* handle, void* gradient) {
  return guarded([&]() -> int32_t {
    borrow(handle).mutable_grad() = gradient ? borrow(gradient) : at::Tensor();
    return 0;
  });
}

RRO_EXPORT int32_t rro_backward(void* handle, void* gradient, int32_t retain_graph) {
  return guarded([&]() -> int32_t {
    borrow(handle).backward(gradient ? borrow(gradient) : at::Tensor(), retain_graph != 0);
    return 0;
  });
}

RRO_EXPORT int32_t rro_grad_enabled() { return c10::GradMode::is_enabled(); }

RRO_EXPORT void rro_set_grad_enabled(int32_t on) { c10::GradMode::set_enabled(on != 0); }

RRO_EXPORT int32_t rro_manual_seed(int64_t seed) {
  return guarded([&]() -> int32_t {
    torch::manual_seed(static_cast<uint64_t>(seed));
    return 0;
  });
}

RRO_EXPORT int32_t rro_cuda_devices() {
  return guarded([]() -> int32_t { return torch::cuda::is_available() ? static_cast<int32_t>(torch::cuda::device_count()) : 0; });
}

RRO_EXPORT int32_t rro_cuda_synchronize(int32_t device) {
  return guarded([&]() -> int32_t {
    torch::cuda::synchronize(device);
    return 0;
  });
}

// Algorithms that give the same digits again where libtorch has them; where it has none it warns and goes on.
RRO_EXPORT int32_t rro_deterministic(int32_t on) {
  return guarded([&]() -> int32_t {
    at::globalContext().setDeterministicAlgorithms(on != 0, /*warn_only=*/true);
    without_filling(at::globalContext(), 0);
    return 0;
  });
}

// The CUDA runtime that libtorch brought along, asked by name: no headers of CUDA are needed to compile this, and no card to load it.
// what: 0 free and total memory, 1 compute capability, 2 multiprocessors and width of the memory bus (bits), 3 clock of the memory (kHz) and nothing,
// 4 versions of runtime and driver.
RRO_EXPORT int32_t rro_cuda_card(int32_t device, int32_t what, int64_t* first, int64_t* second) {
  return guarded([&]() -> int32_t {
    *first = *second = 0;
    auto attribute = [&](int number) -> int64_t {
      int value = 0;
      cuda_call("cudaDeviceGetAttribute", cuda_function<int (*)(int*, int, int)>("cudaDeviceGetAttribute")(&value, number, device));
      return value;
    };
    switch (what) {
      case 0: {
        int before = 0;
        auto set = cuda_function<int (*)(int)>("cudaSetDevice");
        cuda_call("cudaGetDevice", cuda_function<int (*)(int*)>("cudaGetDevice")(&before));
        cuda_call("cudaSetDevice", set(device));
        size_t free_bytes = 0, total_bytes = 0;
        const int code = cuda_function<int (*)(size_t*, size_t*)>("cudaMemGetInfo")(&free_bytes, &total_bytes);
        set(before);
        cuda_call("cudaMemGetInfo", code);
        *first = static_cast<int64_t>(free_bytes);
        *second = static_cast<int64_t>(total_bytes);
        return 0;
      }
      // Numbers of cudaDeviceAttr, the same since CUDA 8.
      case 1:
        *first = attribute(75);
        *second = attribute(76);
        return 0;
      case 2:
        *first = attribute(16);
        *second = attribute(37);
        return 0;
      case 3:
        *first = attribute(36);
        return 0;
      case 4: {
        int runtime = 0, driver = 0;
        cuda_call("cudaRuntimeGetVersion", cuda_function<int (*)(int*)>("cudaRuntimeGetVersion")(&runtime));
        cuda_call("cudaDriverGetVersion", cuda_function<int (*)(int*)>("cudaDriverGetVersion")(&driver));
        *first = runtime;
        *second = driver;
        return 0;
      }
      default:
        throw std::runtime_error("the card was asked for something unknown");
    }
  });
}

// The card's name. It stands first in cudaDeviceProp of every version, whatever follows; the room is more than any of them takes.
RRO_EXPORT int32_t rro_cuda_name(int32_t device, char* name, int32_t room) {
  return guarded([&]() -> int32_t {
    alignas(16) static thread_local char properties[16384];
    cuda_call("cudaGetDeviceProperties", cuda_function<int (*)(void*, int)>("cudaGetDeviceProperties")(properties, device));
    std::strncpy(name, properties, room - 1);
    name[room - 1] = 0;
    return 0;
  });
}

RRO_EXPORT int32_t rro_threads() { return at::get_num_threads(); }

// libtorch's own pool and OpenBLAS' (which does not listen to it) get the same number.
RRO_EXPORT void rro_set_threads(int32_t threads) {
  at::set_num_threads(threads);
  using setter = void (*)(int);
  if (auto set = reinterpret_cast<setter>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) set(threads);
}

// The name of the linear algebra library that answers, or an empty text when it is the reference one.
RRO_EXPORT const char* rro_blas() {
  using getter = const char* (*)();
  if (auto get = reinterpret_cast<getter>(dlsym(RTLD_DEFAULT, "openblas_get_config"))) return get();
  return "";
}

// Activations live longer under a garbage collector than under reference counts. Without these glibc gives every large block back
// to the kernel and takes page faults to get it again: 1.4 times slower training (measured).
RRO_EXPORT void rro_keep_memory() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}
