#pragma once

// Private to this module (libtorch).

#include <cstdint>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "milan/base/progress.h"
#include "milan/base/safetensors.h"
#include "milan/captioner/distill_data.h"
#include "milan/captioner/encoder_network.h"

namespace milan {

/// Mean and variance of every channel over all positions of maps that are added.
class ChannelMoments {
 public:
  void Add(const torch::Tensor& maps);  ///< [batch, channels, height, width]
  torch::Tensor Mean() const;           ///< [channels], double
  torch::Tensor Variance() const;

 private:
  torch::Tensor sum_;
  torch::Tensor square_sum_;
  double count_ = 0;
};

/// The encoder while it learns: with, per level, a linear map from its units to the teacher's,
/// which are standardised so that each counts alike.
class DistillStudent {
 public:
  /// `teacher` holds the moments of the teacher's units per level. Throws kUsage when there are not
  /// as many levels as the encoder has.
  DistillStudent(const EncoderSizes& sizes, const std::vector<ChannelMoments>& teacher,
                 uint64_t seed);

  EncoderNetwork& network() { return network_; }
  const EncoderNetwork& network() const { return network_; }
  /// Of the encoder, then of the linear maps.
  std::vector<torch::Tensor> Parameters() const;

  /// Mean squared error over the teacher's standardised units, deeper levels weighted more: 1 is
  /// what predicting each unit's mean costs.
  torch::Tensor Loss(const DistillBatch& batch);
  /// Per level, the mean over the teacher's units of 1 - squared error / variance on `photos`.
  std::vector<double> ExplainedVariance(const DistillData& data, const std::vector<size_t>& photos,
                                        Progress& progress);

  void AddTo(SafetensorsWriter& writer) const;
  void Load(const SafetensorsFile& file);

 private:
  struct Level {
    torch::Tensor mean;       ///< [1, channels, 1, 1]
    torch::Tensor deviation;  ///< [1, channels, 1, 1]
    torch::Tensor is_alive;   ///< [channels]
  };
  /// What is learned and what the linear map makes of the encoder's level.
  struct Comparison {
    torch::Tensor target;
    torch::Tensor guess;
  };
  std::vector<Comparison> Compare(const DistillBatch& batch);

  EncoderNetwork network_;
  torch::nn::ModuleList maps_;
  std::vector<Level> levels_;
};

}  // namespace milan
