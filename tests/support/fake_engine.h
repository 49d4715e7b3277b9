#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "milan/network/engine.h"

namespace milan {

/// An engine whose outputs a test scripts as a function of the input, so that everything above the
/// engine is tested without ONNX Runtime.
class FakeEngine final : public Engine {
 public:
  using Script = std::function<std::vector<Array>(std::span<const ArrayView> inputs)>;
  explicit FakeEngine(Script script) : script_(std::move(script)) {}

  void Run(std::span<const ArrayView> inputs, const Receiver& receiver) override {
    const std::vector<Array> outputs = script_(inputs);
    std::vector<ArrayView> views;
    views.reserve(outputs.size());
    for (const Array& output : outputs) views.push_back(output.View());
    receiver(views);
  }

 private:
  Script script_;
};

}  // namespace milan
