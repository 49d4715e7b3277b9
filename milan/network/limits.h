#pragma once

// Private to this module: what a file may ask of milan. A hostile file is refused before memory is
// taken for it; docs/formats.md ("Limits") states the same numbers.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "milan/base/file.h"
#include "milan/network/network.h"

namespace onnx {
class ModelProto;
}

namespace milan::limits {

inline constexpr int kDeepestMessages = 100;  ///< A graph in a graph takes three: 32 of them.
inline constexpr uint64_t kMostNodes = 1'000'000;
inline constexpr uint64_t kMostMemory = uint64_t{4} << 30;     ///< Of the file as messages.
inline constexpr uint64_t kMostListing = uint64_t{1} << 30;    ///< Of the list of its values.
inline constexpr uint64_t kMostExternal = uint64_t{16} << 30;  ///< Of weights beside the file.
inline constexpr uint64_t kMostInput = uint64_t{1} << 28;  ///< Numbers of an input: 16384 x 16384.
inline constexpr size_t kLongestName = 65'536;
inline constexpr int kDeepestCalls = 64;  ///< Of functions by functions.

}  // namespace milan::limits

namespace milan {

/// What a file's bytes would become as messages.
enum class WireVerdict { kFits, kBroken, kTooDeep, kTooManyNodes, kTooMuchMemory };

/// Reads the bytes of a model field by field, in constant memory. kBroken: they are not a model's
/// up to their end.
WireVerdict ScanWire(std::string_view bytes);

/// Throws kInput, beginning with `name`, unless names are of a length that names have, and listing
/// the values takes no more than kMostListing.
void CheckNames(const onnx::ModelProto& model, const std::string& name);

/// Throws kInput when an input, its open sizes taken as 1, has more than kMostInput numbers.
void CheckInputs(const std::vector<NetworkValue>& inputs, const std::string& name);

/// Throws kInput unless every tensor, wherever it is, has sizes whose product is a number, as many
/// bytes as they say, and, where these lie in another file, a place that can only be below the
/// model's folder.
void CheckTensors(const onnx::ModelProto& model, const std::string& name);

/// Throws kInput unless the files that tensors name lie, links followed, below the folder of the
/// model's file, and hold the bytes.
void CheckExternalFiles(const onnx::ModelProto& model, const Path& file, const std::string& name);

/// The same for a model that has no folder: its tensors must name no files.
void RefuseExternalFiles(const onnx::ModelProto& model, const std::string& name);

/// Throws kInput when a function calls itself, directly or not, or when calling them gives more
/// than kMostNodes nodes: functions that call others twice double at every level.
void CheckFunctions(const onnx::ModelProto& model, const std::string& name);

}  // namespace milan
