#include "milan/network/batch_of_one.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/base/random.h"
#include "milan/network/graph.h"
#include "milan/network/output_types.h"

namespace milan {
namespace {

/// Of rounding, relative to the largest value: another batch is another order of sums.
constexpr float kTolerance = 1e-3F;

bool HasFixedBatch(const NetworkValue& input) {
  return input.shape.size() >= 2 && input.shape[0] > 1;
}

bool HasFixedBatch(const Network& network) { return FixedBatch(network) > 1; }

Network Rewritten(const Network& network) {
  onnx::ModelProto model = network.model();
  onnx::GraphProto* graph = model.mutable_graph();
  for (const NetworkValue& input : network.Inputs()) {
    if (!HasFixedBatch(input)) continue;
    for (auto& info : *graph->mutable_input()) {
      if (info.name() != input.name) continue;
      info.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_dim_value(1);
    }
  }
  // What the file says of other values holds for the old batch; ONNX Runtime infers it anew.
  graph->clear_value_info();
  for (auto& output : *graph->mutable_output()) output.clear_type();
  return Network(std::move(model), network.name(), network.folder());
}

/// The engine behind a network with a fixed batch.
class RepeatingEngine final : public Engine {
 public:
  RepeatingEngine(std::unique_ptr<Engine> engine, std::vector<NetworkValue> inputs)
      : engine_(std::move(engine)), inputs_(std::move(inputs)) {}

  void Run(std::span<const ArrayView> inputs, const Receiver& receiver) override {
    std::vector<Array> repeated(inputs.size());
    std::vector<ArrayView> views(inputs.begin(), inputs.end());
    int64_t batch = 1;
    for (size_t i = 0; i < std::min(views.size(), inputs_.size()); ++i) {
      const bool is_one = !views[i].shape.empty() && views[i].shape[0] == 1;
      if (!is_one || !HasFixedBatch(inputs_[i])) continue;
      batch = inputs_[i].shape[0];
      repeated[i] = Repeat(views[i], batch);
      views[i] = repeated[i].View();
    }
    engine_->Run(views, [&](std::span<const ArrayView> outputs) {
      std::vector<ArrayView> first;
      for (const ArrayView& output : outputs) first.push_back(FirstOf(output, batch));
      receiver(first);
    });
  }

 private:
  static Array Repeat(const ArrayView& one, int64_t batch) {
    Array array{one.shape, {}};
    array.shape[0] = batch;
    array.values.reserve(one.values.size() * static_cast<size_t>(batch));
    for (int64_t i = 0; i < batch; ++i) {
      array.values.insert(array.values.end(), one.values.begin(), one.values.end());
    }
    return array;
  }

  static ArrayView FirstOf(const ArrayView& all, int64_t batch) {
    if (all.shape.empty() || all.shape[0] != batch) return all;
    ArrayView first = all;
    first.shape[0] = 1;
    first.values = all.values.first(all.values.size() / static_cast<size_t>(batch));
    return first;
  }

  std::unique_ptr<Engine> engine_;
  std::vector<NetworkValue> inputs_;
};

std::vector<Array> RunOnce(Engine& engine, const std::vector<Array>& inputs) {
  std::vector<ArrayView> views;
  for (const Array& input : inputs) views.push_back(input.View());
  std::vector<Array> results;
  engine.Run(views, [&](std::span<const ArrayView> outputs) {
    for (const ArrayView& output : outputs) {
      results.push_back({output.shape, {output.values.begin(), output.values.end()}});
    }
  });
  return results;
}

bool AreAlike(const Array& a, const Array& b) {
  if (a.shape != b.shape) return false;
  float largest = 0;
  float difference = 0;
  for (size_t i = 0; i < a.values.size(); ++i) {
    if (std::isnan(a.values[i]) != std::isnan(b.values[i])) return false;
    largest = std::max(largest, std::abs(a.values[i]));
    difference = std::max(difference, std::abs(a.values[i] - b.values[i]));
  }
  return difference <= kTolerance * largest;
}

/// Something that looks like no other photo; sizes that are open are small.
std::vector<Array> TrialInputs(const Network& network) {
  constexpr int64_t kOpenSize = 64;
  Random random(1);
  std::vector<Array> inputs;
  for (const NetworkValue& input : network.Inputs()) {
    Shape shape = input.shape;
    for (size_t i = 0; i < shape.size(); ++i) {
      if (i == 0 && shape[i] != 1) shape[i] = 1;
      if (shape[i] < 0) shape[i] = kOpenSize;
    }
    Array array{shape, std::vector<float>(static_cast<size_t>(ElementCount(shape)))};
    for (float& value : array.values) value = static_cast<float>(random.Uniform());
    inputs.push_back(std::move(array));
  }
  return inputs;
}

/// The outputs that milan can compare.
std::vector<std::string> FloatOutputs(const Network& network) {
  std::vector<std::string> names;
  for (const NetworkValue& output : InferOutputTypes(network)) {
    if (IsFloatingPoint(output.type)) names.push_back(output.name);
  }
  return names;
}

/// Nothing when the network cannot run so.
std::optional<std::vector<Array>> TryRun(const Network& network, const std::vector<Array>& inputs,
                                         const std::vector<std::string>& outputs) {
  try {
    return RunOnce(*CreateEngineForOne(network.Tap(outputs)), inputs);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

int64_t FixedBatch(const Network& network) {
  for (const NetworkValue& input : network.Inputs()) {
    if (HasFixedBatch(input)) return input.shape[0];
  }
  return 1;
}

Network WithBatchOfOne(const Network& network) {
  if (!HasFixedBatch(network)) return network;
  const std::vector<std::string> outputs = FloatOutputs(network);
  if (outputs.empty()) return network;
  Network rewritten = Rewritten(network);
  const std::vector<Array> inputs = TrialInputs(rewritten);
  const auto one = TryRun(rewritten, inputs, outputs);
  const auto all = TryRun(network, inputs, outputs);
  if (!one || !all || !std::equal(one->begin(), one->end(), all->begin(), all->end(), AreAlike)) {
    return network;
  }
  return rewritten;
}

std::unique_ptr<Engine> CreateEngineForOne(const Network& network, const EngineOptions& options) {
  auto engine = CreateEngine(network, options);
  if (!HasFixedBatch(network)) return engine;
  return std::make_unique<RepeatingEngine>(std::move(engine), network.Inputs());
}

}  // namespace milan
