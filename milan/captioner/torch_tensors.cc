#include "milan/captioner/torch_tensors.h"

#include <memory>
#include <sstream>
#include <type_traits>
#include <utility>

#include "milan/base/error.h"

namespace milan {
namespace {

std::vector<float> Values(const torch::Tensor& tensor) {
  const torch::Tensor values = tensor.detach().to(torch::kFloat).contiguous();
  const auto* first = values.data_ptr<float>();
  return {first, first + values.numel()};
}

torch::Tensor ReadTensor(const SafetensorsFile& file, const std::string& name,
                         const torch::Tensor& like) {
  const TensorView& stored = file.At(name);
  if (stored.shape != like.sizes().vec()) {
    throw InputError(file.path().string() + ": tensor '" + name + "' has the shape " +
                     ToString(stored.shape) + ", expected " + ToString(like.sizes().vec()));
  }
  const std::vector<float> values = stored.AsFloats();
  return ToTensor({stored.shape, values}).to(like.dtype());
}

using AdamState = torch::optim::AdamWParamState;

using StateKey = std::decay_t<decltype(std::declval<torch::optim::AdamW>().state().begin()->first)>;

/// What the optimizer knows a parameter by: its address, which libtorch 1 keeps as text.
template <typename Key = StateKey>
Key KeyOf(const torch::Tensor& parameter) {
  if constexpr (std::is_pointer_v<Key>) {
    return parameter.unsafeGetTensorImpl();
  } else {
    std::ostringstream text;
    text << parameter.unsafeGetTensorImpl();
    return text.str();
  }
}

AdamState* StateOf(const torch::optim::AdamW& optimizer, const torch::Tensor& parameter) {
  const auto& states = const_cast<torch::optim::AdamW&>(optimizer).state();
  const auto found = states.find(KeyOf(parameter));
  return found == states.end() ? nullptr : static_cast<AdamState*>(found->second.get());
}

}  // namespace

torch::Tensor ToTensor(const ArrayView& array) {
  torch::Tensor tensor = torch::empty(array.shape, torch::kFloat);
  std::copy(array.values.begin(), array.values.end(), tensor.data_ptr<float>());
  return tensor;
}

torch::Tensor SignedRoot(const torch::Tensor& x) { return x.sign() * x.abs().sqrt(); }

torch::Tensor Standardized(const torch::Tensor& x, const torch::Tensor& mean,
                           const torch::Tensor& deviation) {
  constexpr double kFurthest = 4;
  return ((x - mean) / deviation).clamp(-kFurthest, kFurthest);
}

Array ToArray(const torch::Tensor& tensor) { return {tensor.sizes().vec(), Values(tensor)}; }

void AddModule(SafetensorsWriter& writer, const std::string& prefix,
               const torch::nn::Module& module, bool as_half) {
  const auto add = [&](const std::string& name, const torch::Tensor& tensor) {
    const Array array = ToArray(tensor);
    if (as_half) {
      writer.AddAsHalf(prefix + name, array.shape, array.values);
    } else {
      writer.Add<float>(prefix + name, array.shape, array.values);
    }
  };
  for (const auto& item : module.named_parameters()) add(item.key(), item.value());
  for (const auto& item : module.named_buffers()) add(item.key(), item.value());
}

void LoadModule(const SafetensorsFile& file, const std::string& prefix, torch::nn::Module& module) {
  const torch::NoGradGuard no_gradient;
  for (auto& item : module.named_parameters()) {
    item.value().copy_(ReadTensor(file, prefix + item.key(), item.value()));
  }
  for (auto& item : module.named_buffers()) {
    item.value().copy_(ReadTensor(file, prefix + item.key(), item.value()));
  }
}

void AddOptimizer(SafetensorsWriter& writer, const std::string& prefix,
                  const torch::optim::AdamW& optimizer) {
  size_t index = 0;
  for (const auto& group : optimizer.param_groups()) {
    for (const torch::Tensor& parameter : group.params()) {
      const std::string name = prefix + std::to_string(index++);
      const AdamState* state = StateOf(optimizer, parameter);
      if (state == nullptr) continue;  // a parameter that never had a gradient
      const int64_t step = state->step();
      writer.Add<int64_t>(name + ".step", {}, std::span(&step, 1));
      writer.Add<float>(name + ".mean", parameter.sizes().vec(), Values(state->exp_avg()));
      writer.Add<float>(name + ".square", parameter.sizes().vec(), Values(state->exp_avg_sq()));
    }
  }
}

void LoadOptimizer(const SafetensorsFile& file, const std::string& prefix,
                   torch::optim::AdamW& optimizer) {
  size_t index = 0;
  for (const auto& group : optimizer.param_groups()) {
    for (const torch::Tensor& parameter : group.params()) {
      const std::string name = prefix + std::to_string(index++);
      if (!file.Contains(name + ".step")) continue;
      auto state = std::make_unique<AdamState>();
      state->step(file.At(name + ".step").As<int64_t>().at(0));
      state->exp_avg(ReadTensor(file, name + ".mean", parameter));
      state->exp_avg_sq(ReadTensor(file, name + ".square", parameter));
      optimizer.state()[KeyOf(parameter)] = std::move(state);
    }
  }
}

}  // namespace milan
