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

/// How far ONNX Runtime may rewrite a network before it runs it.
enum class Optimization {
  kAll,    ///< Operators fused, layouts changed: the fastest.
  kFused,  ///< Operators fused, layouts kept: what `Optimize` does.
  kNone    ///< Node by node as the graph says: a node's result depends on its inputs only.
};

struct EngineOptions {
  /// Threads inside one operator. 1: parallelism comes from several calls of Run at once.
  int intra_op_threads = 1;
  /// As ChooseDevice gave it. What the device has no kernel for runs on the CPU.
  Device device = {};
  Optimization optimization = Optimization::kAll;
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

/// The network as ONNX Runtime would run it with Optimization::kFused: constants folded, operators
/// fused, but not across the network's outputs. Run with Optimization::kNone the result gives the
/// same bits as the network run with kFused, and it may be cut and gated at its outputs without
/// changing a bit (decision record 0010). For this ONNX Runtime only: it may hold operators of its
/// own. Throws as CreateEngine; kResource when the temporary file that it passes through fails.
Network Optimize(const Network& network);

/// Version of the ONNX Runtime in use ("1.30.0"), for manifests.
std::string EngineVersion();

}  // namespace milan
