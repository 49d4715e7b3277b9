#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/network/device.h"
#include "milan/network/network.h"

namespace milan {

struct EngineOptions {
  /// Threads inside one operator. 1: parallelism comes from several calls of Run at once.
  int intra_op_threads = 1;
  /// As ChooseDevice gave it. What the device has no kernel for runs on the CPU.
  Device device = {};
};

/// Executes a network. The seam behind which ONNX Runtime lives; tests script activations with
/// `FakeEngine` (tests/support).
class Engine {
 public:
  virtual ~Engine() = default;

  /// Receives the outputs, in the order of the network's outputs, as float32 (half precision and
  /// float64 are converted). The views are valid only during the call.
  using Receiver = std::function<void(std::span<const ArrayView> outputs)>;

  /// Runs the network on float32 `inputs`, in the order of the network's inputs; what it takes as
  /// integers is rounded to the nearest that there is. Blocks; may be called from several threads
  /// at once. Throws kInput naming the input with the shape expected and given, or the node that
  /// failed; whatever `receiver` throws passes through.
  virtual void Run(std::span<const ArrayView> inputs, const Receiver& receiver) = 0;
};

/// ONNX Runtime: spinning off, warnings off. Throws kInput naming the network and the node that
/// ONNX Runtime refuses.
std::unique_ptr<Engine> CreateEngine(const Network& network, const EngineOptions& options = {});

/// Version of the ONNX Runtime in use ("1.30.0"), for manifests.
std::string EngineVersion();

}  // namespace milan
