#pragma once

// Private to this module (libtorch).

#include <string>
#include <vector>

#include <torch/torch.h>

#include "milan/base/array.h"
#include "milan/base/safetensors.h"

namespace milan {

/// A tensor with a copy of the values.
torch::Tensor ToTensor(const ArrayView& array);
/// A copy of a float tensor's values.
Array ToArray(const torch::Tensor& tensor);

/// The square root of the size, with the sign: a few very strong features count less.
torch::Tensor SignedRoot(const torch::Tensor& x);
/// (x - mean) / deviation, kept within 4 deviations: a feature of another network or kind of photo
/// may lie anywhere.
torch::Tensor Standardized(const torch::Tensor& x, const torch::Tensor& mean,
                           const torch::Tensor& deviation);

/// Adds a module's parameters and buffers as `prefix` + their torch names (float32, or half).
void AddModule(SafetensorsWriter& writer, const std::string& prefix,
               const torch::nn::Module& module, bool as_half = false);
/// Loads what AddModule stored. Throws kInput naming the file and the tensor that is missing or of
/// another shape.
void LoadModule(const SafetensorsFile& file, const std::string& prefix, torch::nn::Module& module);

/// Adds / loads the state of an AdamW optimizer whose parameters are in the order of construction.
void AddOptimizer(SafetensorsWriter& writer, const std::string& prefix,
                  const torch::optim::AdamW& optimizer);
void LoadOptimizer(const SafetensorsFile& file, const std::string& prefix,
                   torch::optim::AdamW& optimizer);

}  // namespace milan
