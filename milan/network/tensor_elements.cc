#include "milan/network/tensor_elements.h"

#include <cstring>
#include <string>

#include <onnx/onnx_pb.h>

#include "milan/base/array.h"

namespace milan {
namespace {

size_t BytesPerElement(int type) {
  if (type == onnx::TensorProto::FLOAT) return sizeof(float);
  if (type == onnx::TensorProto::FLOAT16 || type == onnx::TensorProto::BFLOAT16) return 2;
  if (type == onnx::TensorProto::DOUBLE) return sizeof(double);
  return 0;
}

}  // namespace

int64_t CountElements(const onnx::TensorProto& tensor) {
  int64_t count = 1;
  for (const int64_t size : tensor.dims()) {
    if (size < 0 || __builtin_mul_overflow(count, size, &count)) return -1;
  }
  return count;
}

int64_t StoredElements(const onnx::TensorProto& tensor) {
  const size_t size = BytesPerElement(tensor.data_type());
  if (size == 0 || tensor.data_location() == onnx::TensorProto::EXTERNAL) return -1;
  if (!tensor.raw_data().empty()) return static_cast<int64_t>(tensor.raw_data().size() / size);
  if (tensor.data_type() == onnx::TensorProto::FLOAT) return tensor.float_data_size();
  if (tensor.data_type() == onnx::TensorProto::DOUBLE) return tensor.double_data_size();
  return tensor.int32_data_size();
}

void ZeroElements(const std::vector<int64_t>& elements, onnx::TensorProto* tensor) {
  const size_t size = BytesPerElement(tensor->data_type());
  std::string* raw = tensor->raw_data().empty() ? nullptr : tensor->mutable_raw_data();
  for (const int64_t element : elements) {
    if (raw != nullptr) {
      std::memset(raw->data() + static_cast<size_t>(element) * size, 0, size);
    } else if (tensor->data_type() == onnx::TensorProto::FLOAT) {
      tensor->set_float_data(static_cast<int>(element), 0);
    } else if (tensor->data_type() == onnx::TensorProto::DOUBLE) {
      tensor->set_double_data(static_cast<int>(element), 0);
    } else {
      tensor->set_int32_data(static_cast<int>(element), 0);
    }
  }
}

std::optional<float> ReadScalar(const onnx::TensorProto& tensor) {
  if (CountElements(tensor) != 1 || StoredElements(tensor) != 1) return std::nullopt;
  const char* raw = tensor.raw_data().empty() ? nullptr : tensor.raw_data().data();
  if (tensor.data_type() == onnx::TensorProto::FLOAT) {
    if (raw == nullptr) return tensor.float_data(0);
    float value = 0;
    std::memcpy(&value, raw, sizeof(value));
    return value;
  }
  if (tensor.data_type() == onnx::TensorProto::FLOAT16) {
    uint16_t half = raw == nullptr ? static_cast<uint16_t>(tensor.int32_data(0)) : 0;
    if (raw != nullptr) std::memcpy(&half, raw, sizeof(half));
    return FromHalf(half);
  }
  return std::nullopt;
}

}  // namespace milan
