#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/file.h"
#include "milan/network/engine.h"
#include "milan/network/network.h"

namespace milan {

/// A network that gives a vector for every token of a text, such as BERT exported to ONNX. Its
/// inputs are integers [1, tokens]: input_ids and, where it takes them, attention_mask (all 1 here)
/// and token_type_ids (all 0).
class TokenEncoder {
 public:
  /// `value`: the value of shape [1, tokens, size] to read; empty: the network's first output.
  /// Throws kInput naming the file and the input that it takes beyond these; kUsage when it
  /// computes no such value.
  static TokenEncoder Open(const Path& network, const std::string& value = "",
                           const EngineOptions& options = {});
  TokenEncoder(const Network& network, const std::string& value, const EngineOptions& options = {});

  /// Vectors [ids.size(), size] of a text's tokens. Throws kInput when the value that is read has
  /// another shape. REQUIRES: ids in [0, 2^24).
  Array Encode(std::span<const int64_t> ids) const;

 private:
  std::string name_;  ///< For errors.
  std::string value_;
  std::vector<std::string> inputs_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace milan
