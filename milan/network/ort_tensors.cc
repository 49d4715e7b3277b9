#include "milan/network/ort_tensors.h"

#include <algorithm>
#include <cmath>

#include "milan/network/photo_input.h"

namespace milan {
namespace {

template <typename T>
Ort::Value Wrap(T* values, size_t count, const Shape& shape, ONNXTensorElementDataType type) {
  static const Ort::MemoryInfo memory =
      Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  return Ort::Value::CreateTensor(memory, values, count * sizeof(T), shape.data(), shape.size(),
                                  type);
}

/// The elements as whole numbers of type T.
template <typename T>
Ort::Value WrapIntegers(const ArrayView& array, const IntegerRange& range,
                        ONNXTensorElementDataType type, std::vector<std::byte>* memory) {
  memory->resize(array.values.size() * sizeof(T));
  auto* integers = reinterpret_cast<T*>(memory->data());
  for (size_t i = 0; i < array.values.size(); ++i) {
    const double value = std::nearbyint(static_cast<double>(array.values[i]));
    // NaN compares with nothing: it becomes the lowest.
    integers[i] =
        static_cast<T>(value > range.lowest ? std::min(value, range.highest) : range.lowest);
  }
  return Wrap(integers, array.values.size(), array.shape, type);
}

Ort::Value IntegerTensor(const ArrayView& array, const std::string& type,
                         std::vector<std::byte>* memory) {
  const IntegerRange range = *RangeOf(type);
  const auto wrap = [&]<typename T>(T, ONNXTensorElementDataType element) {
    return WrapIntegers<T>(array, range, element, memory);
  };
  if (type == "bool") return wrap(uint8_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL);
  if (type == "uint8") return wrap(uint8_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8);
  if (type == "int8") return wrap(int8_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8);
  if (type == "uint16") return wrap(uint16_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16);
  if (type == "int16") return wrap(int16_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16);
  if (type == "uint32") return wrap(uint32_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32);
  if (type == "int32") return wrap(int32_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32);
  if (type == "uint64") return wrap(uint64_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64);
  return wrap(int64_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64);
}

}  // namespace

InputTensor TensorOf(const ArrayView& array, const std::string& type) {
  InputTensor tensor;
  const size_t count = array.values.size();
  if (type == "float16") {
    tensor.halves.resize(count);
    std::transform(array.values.begin(), array.values.end(), tensor.halves.begin(), ToHalf);
    tensor.value =
        Wrap(tensor.halves.data(), count, array.shape, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16);
  } else if (type == "float64") {
    tensor.doubles.assign(array.values.begin(), array.values.end());
    tensor.value =
        Wrap(tensor.doubles.data(), count, array.shape, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE);
  } else if (RangeOf(type)) {
    tensor.value = IntegerTensor(array, type, &tensor.integers);
  } else {
    // ONNX Runtime takes a pointer to non-const and does not write through it.
    auto* values = const_cast<float*>(array.values.data());
    tensor.value = Wrap(values, count, array.shape, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT);
  }
  return tensor;
}

ArrayView ViewOf(const Ort::Value& value, std::vector<float>* storage) {
  const auto info = value.GetTensorTypeAndShapeInfo();
  const size_t count = info.GetElementCount();
  switch (info.GetElementType()) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16: {
      const auto* halves = static_cast<const uint16_t*>(value.GetTensorRawData());
      storage->resize(count);
      std::transform(halves, halves + count, storage->begin(), FromHalf);
      break;
    }
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE: {
      const auto* doubles = value.GetTensorData<double>();
      storage->assign(doubles, doubles + count);
      break;
    }
    default:
      return {info.GetShape(), {value.GetTensorData<float>(), count}};
  }
  return {info.GetShape(), *storage};
}

}  // namespace milan
