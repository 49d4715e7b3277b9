#pragma once

// Private to this module (libtorch).

#include <cstdint>
#include <vector>

#include <torch/torch.h>

#include "milan/captioner/decoder_sizes.h"
#include "milan/captioner/text_decoder.h"
#include "milan/captioner/transformer.h"

namespace milan {

/// Principal components along which features are read while training. A module of its own, because
/// a buffer cannot be taken off its module.
struct ComponentsImpl : torch::nn::Module {
  explicit ComponentsImpl(const torch::Tensor& orthonormal)
      : columns(register_buffer("columns", orthonormal)) {}
  torch::Tensor columns;  ///< [features, components]
};
TORCH_MODULE(Components);

/// log p(description | exemplars) by attention over the set of exemplars: a transformer whose
/// encoder sees the exemplars without order and whose decoder attends to them and to two summaries
/// of the set. Features are standardised (signed square root, mean, deviation) by statistics of the
/// training units, which are kept with the weights. Training reads them along their principal
/// components only; FinishTraining turns these weights into ones of the features. Decision record
/// 0012.
struct SetDecoderImpl : TextDecoder {
  explicit SetDecoderImpl(const SetDecoderSizes& sizes, const SetDecoderTraining& training = {});

  Tensors Encode(const torch::Tensor& features) override;
  Tensors Start(const Tensors& memory) override;
  Prediction Next(const Tensors& memory, const torch::Tensor& tokens,
                  const Tensors& state) override;
  /// Learns the features' mean, deviation and principal components; returns features along these.
  torch::Tensor BeginTraining(const torch::Tensor& features) override;
  torch::Tensor Loss(const torch::Tensor& features, const TextBatch& texts,
                     const Vocabulary& vocabulary) override;
  void FinishTraining() override;
  /// Teacher forcing: log-probabilities [units, steps, vocabulary] of the token after each of
  /// `inputs` [units, steps], one text per unit of the memory.
  torch::Tensor LogProbabilitiesOf(const Tensors& memory, const torch::Tensor& inputs);

 private:
  /// Features as the decoder reads them: standardised, along the principal components when
  /// training.
  torch::Tensor Standard(const torch::Tensor& features) const;
  /// Of standard features. [units, 2 + k, width]: summaries, then exemplars.
  torch::Tensor EncodeSet(const torch::Tensor& standard);
  /// Keys and values of a set, by block of the decoder.
  Tensors Remember(const torch::Tensor& set);

  SetDecoderSizes sizes_;
  SetDecoderTraining training_;
  torch::Tensor feature_mean_;
  torch::Tensor feature_deviation_;
  Components components_{nullptr};  ///< While training.
  torch::nn::Linear read_{nullptr};
  torch::nn::Linear project_{nullptr};
  torch::nn::Dropout drop_{nullptr};
  torch::Tensor summaries_;  ///< [1, 2, width]
  std::vector<SetBlock> set_blocks_;
  torch::nn::LayerNorm set_norm_{nullptr};
  torch::nn::Embedding embedding_{nullptr};
  torch::Tensor positions_;  ///< [length, width]
  std::vector<WordBlock> word_blocks_;
  torch::nn::LayerNorm word_norm_{nullptr};
  torch::nn::Linear output_{nullptr};
  torch::nn::Linear word_set_{nullptr};
};
TORCH_MODULE(SetDecoder);

}  // namespace milan
