#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/base/progress.h"
#include "milan/network/engine.h"

namespace milan {

struct DistillOptions {
  Path teacher;                             ///< ONNX network with its sidecar.
  std::vector<std::string> teacher_levels;  ///< Its values to imitate, finest first.
  std::vector<Path> photos;                 ///< Photo folders or lists.
  Path output;                              ///< ENCODER.onnx; the sidecar is written beside it.
  std::string dataset = "not stated";       ///< Said of the photos in the sidecar.
  std::string licence = "not stated";       ///< Of the encoder, said in the sidecar.

  // Affects results.
  uint64_t seed = 1;
  int epochs = 20;
  int batch_size = 16;
  double learning_rate = 2e-3;
  EngineOptions engine = {};  ///< Of the teacher; another device changes last bits.
  // Affects speed only.
  int workers = 0;
};
void Validate(const DistillOptions& options);

/// Trains a compact convolutional network so that linear maps of its levels reproduce the teacher's
/// (distillation), and writes it as ONNX (half precision storage, batch norm folded) with a sidecar
/// that names its levels. Every epoch leaves a checkpoint beside the output and the same call
/// continues.
void Distill(const DistillOptions& options, Progress& progress);

}  // namespace milan
