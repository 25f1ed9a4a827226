// A card for machines without one: a device of its own kind (PrivateUse1) whose memory is the processor's and whose operators the processor computes,
// on the very bytes. It treats tensors as CUDA does: an operator whose tensors lie on different devices is refused (numbers without dimensions may stay
// on the processor), and nothing is readable before it was copied. So whatever forgets to put a tensor on the model's device fails here too, and
// numbers can be compared. It says nothing about CUDA's kernels, their rounding or their speed.
#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/native/CPUFallback.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <atomic>

namespace {

constexpr auto kKind = c10::DeviceType::PrivateUse1;
const c10::Device card(kKind, 0);
std::atomic<int64_t> copies_to_host{0};

bool on_card(const at::Tensor& tensor) { return tensor.defined() && tensor.device().type() == kKind; }

// Another tensor over the same bytes; keeps the first one alive.
at::Tensor over(const at::Tensor& from, c10::Device device, c10::DispatchKey key) {
  c10::DataPtr bytes(from.storage().data_ptr().get(), new at::Tensor(from), [](void* kept) { delete static_cast<at::Tensor*>(kept); }, device);
  c10::Storage storage(c10::Storage::use_byte_size_t(), from.storage().nbytes(), std::move(bytes), nullptr, false);
  auto tensor = at::detail::make_tensor<c10::TensorImpl>(std::move(storage), c10::DispatchKeySet(key), from.dtype());
  tensor.unsafeGetTensorImpl()->set_sizes_and_strides(from.sizes(), from.strides());
  tensor.unsafeGetTensorImpl()->set_storage_offset(from.storage_offset());
  return tensor;
}

at::Tensor as_host(const at::Tensor& tensor) { return on_card(tensor) ? over(tensor, c10::kCPU, c10::DispatchKey::CPU) : tensor; }

at::Tensor as_card(const at::Tensor& tensor) { return tensor.defined() && !on_card(tensor) ? over(tensor, card, c10::DispatchKey::PrivateUse1) : tensor; }

// What a result without room yet was given by the operator.
void take_over(const at::Tensor& written, const at::Tensor& host) {
  auto other = as_card(host);
  written.unsafeGetTensorImpl()->set_storage_keep_dtype(other.storage());
  written.unsafeGetTensorImpl()->set_sizes_and_strides(host.sizes(), host.strides());
  written.unsafeGetTensorImpl()->set_storage_offset(host.storage_offset());
}

struct Host {
  const c10::FunctionSchema& schema;
  std::vector<std::pair<at::Tensor, at::Tensor>> grown;

  at::Tensor of(const at::Tensor& tensor, bool written) {
    if (!tensor.defined()) return tensor;
    if (!on_card(tensor)) {
      if (tensor.dim() > 0 || written) {
        TORCH_CHECK(false, "Expected all tensors to be on the same device, but found at least two devices, privateuseone:0 and ", tensor.device(), "! (", schema.name(), ")");
      }
      return tensor;
    }
    if (written && tensor.numel() == 0) {
      auto room = at::empty(tensor.sizes(), tensor.options().device(c10::kCPU));
      grown.emplace_back(tensor, room);
      return room;
    }
    return as_host(tensor);
  }
};

void run(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto& schema = op.schema();
  const auto count = schema.arguments().size();
  const auto begin = stack->size() - count;
  std::vector<c10::IValue> given(stack->begin() + begin, stack->end());
  Host host{schema, {}};
  for (size_t i = 0; i < count; i++) {
    auto& value = (*stack)[begin + i];
    const auto* alias = schema.arguments()[i].alias_info();
    const bool written = alias != nullptr && alias->isWrite();
    if (value.isTensor()) {
      value = host.of(value.toTensor(), written);
    } else if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(host.of(tensor, written));
      value = list;
    } else if (value.isOptionalTensorList()) {
      c10::List<c10::optional<at::Tensor>> list;
      for (const auto& tensor : value.toOptionalTensorVector())
        list.push_back(tensor.has_value() && tensor->defined() ? c10::optional<at::Tensor>(host.of(*tensor, written)) : tensor);
      value = list;
    } else if (value.isDevice() && value.toDevice().type() == kKind) {
      value = c10::Device(c10::kCPU);
    }
  }

  op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
  for (auto& pair : host.grown)
    if (pair.second.numel() > 0) take_over(pair.first, pair.second);

  const auto results = schema.returns().size();
  const auto first = stack->size() - results;
  for (size_t r = 0; r < results; r++) {
    auto& value = (*stack)[first + r];
    const auto* alias = schema.returns()[r].alias_info();
    if (alias != nullptr && alias->isWrite()) {
      // In place: the tensor that was given is the result.
      for (size_t i = 0; i < count; i++) {
        const auto* mine = schema.arguments()[i].alias_info();
        if (mine != nullptr && *mine == *alias) value = given[i];
      }
    } else if (value.isTensor()) {
      value = as_card(value.toTensor());
    } else if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(as_card(tensor));
      value = list;
    }
  }
}

at::Tensor empty_memory_format(at::IntArrayRef size, c10::optional<at::ScalarType> type, c10::optional<at::Layout>, c10::optional<at::Device>, c10::optional<bool>, c10::optional<at::MemoryFormat> format) {
  return as_card(at::empty(size, at::TensorOptions().dtype(type).device(c10::kCPU), format));
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, c10::optional<at::ScalarType> type, c10::optional<at::Layout>, c10::optional<at::Device>, c10::optional<bool>) {
  return as_card(at::empty_strided(size, stride, at::TensorOptions().dtype(type).device(c10::kCPU)));
}

at::Tensor as_strided(const at::Tensor& self, at::IntArrayRef size, at::IntArrayRef stride, c10::optional<int64_t> offset) {
  return at::native::as_strided_tensorimpl(self, size, stride, offset);
}

at::Tensor& copy_(at::Tensor& self, const at::Tensor& source, bool) {
  if (on_card(source) && !on_card(self)) copies_to_host++;
  as_host(self).copy_(as_host(source));
  return self;
}

at::Tensor copy_from(const at::Tensor& self, const at::Tensor& to, bool) {
  if (on_card(self) && !on_card(to)) copies_to_host++;
  as_host(to).copy_(as_host(self));
  return to;
}

const at::Tensor& resize_(const at::Tensor& self, at::IntArrayRef size, c10::optional<at::MemoryFormat>) {
  if (self.sizes() != size) take_over(self, at::empty(size, self.options().device(c10::kCPU)));
  return self;
}

at::Scalar local_scalar_dense(const at::Tensor& self) {
  copies_to_host++;
  return as_host(self).item();
}

// There is one card and one stream. Libtorch's own guard for devices without streams has no default stream, which autograd of 2.x asks for.
struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kKind; }
  c10::Device exchangeDevice(c10::Device) const override { return card; }
  c10::Device getDevice() const override { return card; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const noexcept override { return stream(); }
  c10::Stream getDefaultStream(c10::Device) const override { return stream(); }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return stream(); }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }

 private:
  static c10::Stream stream() { return c10::Stream(c10::Stream::DEFAULT, card); }
};

}  // namespace

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&run>()); }

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", &empty_memory_format);
  m.impl("empty_strided", &empty_strided);
  m.impl("as_strided", &as_strided);
  m.impl("view", &at::native::view);
  m.impl("_reshape_alias", &at::native::_reshape_alias);
  m.impl("copy_", &copy_);
  m.impl("_copy_from", &copy_from);
  m.impl("resize_", &resize_);
  m.impl("_local_scalar_dense", &local_scalar_dense);
}

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

extern "C" __attribute__((visibility("default"))) int32_t rro_card_kind() { return static_cast<int32_t>(kKind); }

// Transfers from the card to the processor since the program began.
extern "C" __attribute__((visibility("default"))) int64_t rro_card_copies() { return copies_to_host; }
