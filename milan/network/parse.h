#pragma once

// Private to this module: bytes to protobuf messages.

#include <string>
#include <string_view>

#include "milan/base/file.h"

namespace onnx {
class ModelProto;
}

namespace milan {

/// What to do about a network beyond protobuf's limit.
inline constexpr const char* kExternalDataHint =
    "export it with its weights as external data (files beside the .onnx file)";

/// Throws kInput that tells apart, as far as the bytes allow: an empty file, a file of another
/// kind, a truncated file, one that is too large.
onnx::ModelProto ParseModel(std::string_view bytes, const std::string& name);
onnx::ModelProto ParseModel(const Path& path);

}  // namespace milan
