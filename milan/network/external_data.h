#pragma once

// Private to this module.

#include <cstdint>
#include <optional>
#include <string>

namespace onnx {
class TensorProto;
}

namespace milan {

/// Bytes of an element of ONNX's TensorProto.DataType; 0 for texts and types that are not known.
uint64_t ElementBytes(int type);

/// Where a tensor's data lies, when that is another file.
struct ExternalPlace {
  std::string location;  ///< Relative, without "..".
  uint64_t offset = 0;
  std::optional<uint64_t> length;  ///< As the tensor says.
};

bool IsExternal(const onnx::TensorProto& tensor);

/// Throws kInput, beginning with `place`, when the entries are not those of a file that can only
/// lie below the model's folder.
ExternalPlace ReadExternalPlace(const onnx::TensorProto& tensor, const std::string& place);

}  // namespace milan
