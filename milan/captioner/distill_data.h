#pragma once

// Private to this module (libtorch).

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include "milan/captioner/distill.h"
#include "milan/image/photo_set.h"
#include "milan/image/preprocess.h"
#include "milan/network/engine.h"

namespace milan {

/// Pictures with what the teacher makes of them.
struct DistillBatch {
  torch::Tensor inputs;                ///< [batch, 3, size, size]
  std::vector<torch::Tensor> targets;  ///< Per level [batch, units, height, width].
  std::vector<std::string> failures;   ///< Photos that could not be read and are left out.

  bool IsEmpty() const { return !inputs.defined(); }
};

/// The photos that a teacher is imitated on. Which crop a photo gives follows from seed, epoch and
/// photo alone, so batches do not depend on threads. Thread-safe.
class DistillData {
 public:
  /// Throws kInput when a file is missing or broken, kUsage when a level is not the teacher's or
  /// there are too few photos.
  explicit DistillData(const DistillOptions& options);

  /// Indices of the photos trained on, and of those held out (every 40th) to measure on.
  const std::vector<size_t>& training() const { return training_; }
  const std::vector<size_t>& held_out() const { return held_out_; }
  const Preprocessing& preprocessing() const { return preprocessing_; }

  /// Random crops of size x size, some mirrored, at scales around those of the whole picture.
  DistillBatch RandomCrops(std::span<const size_t> photos, int size, uint64_t seed) const;
  /// The pictures as the teacher's preprocessing makes them.
  DistillBatch WholePictures(std::span<const size_t> photos) const;

 private:
  DecodeResult Load(size_t photo) const;
  /// Adds what the teacher makes of the pictures.
  DistillBatch Teach(const std::vector<Image>& pictures, std::vector<std::string> failures) const;

  std::vector<PhotoSet> sets_;
  std::vector<std::pair<size_t, size_t>> photos_;  ///< (set, id)
  std::vector<size_t> training_;
  std::vector<size_t> held_out_;
  Preprocessing preprocessing_;
  std::unique_ptr<Engine> teacher_;
};

}  // namespace milan
