#pragma once

// Private to this module: values of ONNX Runtime.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <onnxruntime_cxx_api.h>

#include "milan/base/array.h"

namespace milan {

/// A tensor of the type that the network takes, and the memory behind it.
struct InputTensor {
  std::vector<std::byte> integers;
  std::vector<uint16_t> halves;
  std::vector<double> doubles;
  Ort::Value value{nullptr};
};

/// The array as a tensor of this type. A float32 tensor points to the array's own elements.
InputTensor TensorOf(const ArrayView& array, const std::string& type);

/// An output as float32; `storage` holds the elements when they had to be converted.
ArrayView ViewOf(const Ort::Value& value, std::vector<float>* storage);

}  // namespace milan
