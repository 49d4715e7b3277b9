#include <algorithm>
#include <cstdint>
#include <optional>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "milan/base/array.h"
#include "milan/base/error.h"
#include "milan/network/external_data.h"
#include "milan/network/graph.h"
#include "milan/network/limits.h"
#include "milan/network/tensor_walk.h"

namespace milan {
namespace {

template <typename Sizes>
std::string SizesText(const Sizes& sizes) {
  Shape shape(sizes.begin(), sizes.begin() + std::min(sizes.size(), 16));
  return ToString(shape) + (sizes.size() > 16 ? " ..." : "");
}

/// Elements of a tensor of these sizes.
template <typename Sizes>
uint64_t CountOf(const Sizes& sizes, const std::string& place) {
  uint64_t count = 1;
  bool is_empty = false;
  bool overflows = false;
  for (const int64_t size : sizes) {
    if (size < 0) {
      throw InputError(fmt::format("{} has sizes {}: one is negative", place, SizesText(sizes)));
    }
    is_empty = is_empty || size == 0;
    overflows = overflows || __builtin_mul_overflow(count, static_cast<uint64_t>(size), &count);
  }
  if (is_empty) return 0;
  // Bytes of the widest type must be a number, too.
  if (overflows || count > static_cast<uint64_t>(INT64_MAX) / 16) {
    throw InputError(
        fmt::format("{} has sizes {}: their product is too large", place, SizesText(sizes)));
  }
  return count;
}

/// Elements in the field that a type is kept in when it is not raw bytes; nothing for types that
/// milan does not know.
std::optional<int64_t> TypedCount(const onnx::TensorProto& tensor) {
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT:
      return tensor.float_data_size();
    case onnx::TensorProto::COMPLEX64:
      return tensor.float_data_size() / 2;
    case onnx::TensorProto::DOUBLE:
      return tensor.double_data_size();
    case onnx::TensorProto::COMPLEX128:
      return tensor.double_data_size() / 2;
    case onnx::TensorProto::INT64:
      return tensor.int64_data_size();
    case onnx::TensorProto::UINT32:
    case onnx::TensorProto::UINT64:
      return tensor.uint64_data_size();
    case onnx::TensorProto::STRING:
      return tensor.string_data_size();
    case onnx::TensorProto::INT32:
    case onnx::TensorProto::INT16:
    case onnx::TensorProto::INT8:
    case onnx::TensorProto::UINT16:
    case onnx::TensorProto::UINT8:
    case onnx::TensorProto::BOOL:
    case onnx::TensorProto::FLOAT16:
    case onnx::TensorProto::BFLOAT16:
      return tensor.int32_data_size();
    default:
      return std::nullopt;
  }
}

void CheckTensor(const onnx::TensorProto& tensor, const std::string& place) {
  const uint64_t count = CountOf(tensor.dims(), place);
  const uint64_t bytes = count * ElementBytes(tensor.data_type());  // 0: of no known size
  if (IsExternal(tensor)) {
    if (tensor.data_type() == onnx::TensorProto::STRING) {
      throw InputError(place + " holds texts, which cannot lie in another file");
    }
    const ExternalPlace external = ReadExternalPlace(tensor, place);
    if (bytes > 0 && external.length && *external.length != bytes) {
      throw InputError(fmt::format("{} of {} takes {} bytes but the file {} is to give {}", place,
                                   SizesText(tensor.dims()), bytes, Quoted(external.location),
                                   *external.length));
    }
    return;
  }
  if (tensor.has_raw_data()) {
    if (ElementBytes(tensor.data_type()) > 0 && tensor.raw_data().size() != bytes) {
      throw InputError(fmt::format("{} of {} takes {} bytes but has {}", place,
                                   SizesText(tensor.dims()), bytes, tensor.raw_data().size()));
    }
    return;
  }
  const std::optional<int64_t> typed = TypedCount(tensor);
  if (typed && static_cast<uint64_t>(*typed) != count) {
    throw InputError(fmt::format("{} of {} has {} elements instead of {}", place,
                                 SizesText(tensor.dims()), *typed, count));
  }
}

/// ONNX Runtime makes it dense.
void CheckSparse(const onnx::SparseTensorProto& sparse, const std::string& place) {
  const uint64_t count = CountOf(sparse.dims(), place);
  const uint64_t bytes = count * std::max<uint64_t>(1, ElementBytes(sparse.values().data_type()));
  if (bytes > limits::kMostMemory) {
    throw InputError(
        fmt::format("{} of {} takes {} bytes when its zeros are written out; milan's "
                    "limit is {} GiB",
                    place, SizesText(sparse.dims()), bytes, limits::kMostMemory >> 30));
  }
  CheckTensor(sparse.values(), place + " (values)");
  CheckTensor(sparse.indices(), place + " (indices)");
}

}  // namespace

uint64_t ElementBytes(int type) {
  switch (type) {
    case onnx::TensorProto::BOOL:
    case onnx::TensorProto::INT8:
    case onnx::TensorProto::UINT8:
      return 1;
    case onnx::TensorProto::BFLOAT16:
    case onnx::TensorProto::FLOAT16:
    case onnx::TensorProto::INT16:
    case onnx::TensorProto::UINT16:
      return 2;
    case onnx::TensorProto::FLOAT:
    case onnx::TensorProto::INT32:
    case onnx::TensorProto::UINT32:
      return 4;
    case onnx::TensorProto::COMPLEX64:
    case onnx::TensorProto::DOUBLE:
    case onnx::TensorProto::INT64:
    case onnx::TensorProto::UINT64:
      return 8;
    case onnx::TensorProto::COMPLEX128:
      return 16;
    default:
      return 0;
  }
}

void CheckTensors(const onnx::ModelProto& model, const std::string& name) {
  uint64_t dense = 0;
  ForEachTensor(model, {[&](const auto& tensor, const std::string& where) {
                          CheckTensor(tensor, name + ": " + where);
                        },
                        [&](const auto& sparse, const std::string& where) {
                          CheckSparse(sparse, name + ": " + where);
                          dense += CountOf(sparse.dims(), name) *
                                   ElementBytes(sparse.values().data_type());
                          if (dense <= limits::kMostMemory) return;
                          throw InputError(fmt::format(
                              "{}: its sparse weights take more than {} GiB when their zeros are "
                              "written out, milan's limit (at {})",
                              name, limits::kMostMemory >> 30, where));
                        }});
}

}  // namespace milan
