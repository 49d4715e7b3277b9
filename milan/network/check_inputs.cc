#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "milan/base/array.h"
#include "milan/base/error.h"
#include "milan/network/graph.h"
#include "milan/network/limits.h"

namespace milan {

void CheckInputs(const std::vector<NetworkValue>& inputs, const std::string& name) {
  for (const NetworkValue& input : inputs) {
    uint64_t count = 1;
    for (const int64_t size : input.shape) {
      if (size < 1) continue;  // left open
      if (__builtin_mul_overflow(count, static_cast<uint64_t>(size), &count) ||
          count > limits::kMostInput) {
        throw InputError(
            fmt::format("{}: input {} has sizes {}: more than {} numbers, milan's limit", name,
                        Quoted(input.name), ToString(input.shape), limits::kMostInput));
      }
    }
  }
}

}  // namespace milan
