#pragma once

// Private to this module (libtorch).

#include <vector>

#include <torch/torch.h>

#include "milan/captioner/text_batches.h"
#include "milan/text/vocabulary.h"

namespace milan {

/// Tensors whose first dimension counts the same things: units, or rows of a search.
using Tensors = std::vector<torch::Tensor>;

/// p(description | exemplars), token by token, whatever computes it. In evaluation mode nothing
/// changes a decoder, so that threads may share it.
struct TextDecoder : torch::nn::Module {
  /// What depends on the exemplars alone, per unit. `features` [units, k, features].
  virtual Tensors Encode(const torch::Tensor& features) = 0;
  /// The state before the first token, one row per unit.
  virtual Tensors Start(const Tensors& memory) = 0;

  struct Prediction {
    Tensors state;                    ///< After the tokens.
    torch::Tensor log_probabilities;  ///< [rows, vocabulary] of the token after them.
  };
  /// Consumes one of `tokens` [rows] per row. Rows are grouped by unit, equally many each.
  virtual Prediction Next(const Tensors& memory, const torch::Tensor& tokens,
                          const Tensors& state) = 0;

  /// Before training: learns what it needs of all training units' features [units, k, features] and
  /// returns them in the form that Loss takes.
  virtual torch::Tensor BeginTraining(const torch::Tensor& features) { return features; }
  /// What training minimises: `texts` are of the units of `features` as BeginTraining gave them,
  /// one each.
  virtual torch::Tensor Loss(const torch::Tensor& features, const TextBatch& texts,
                             const Vocabulary& vocabulary) = 0;
  /// Once training is over: what only training needs becomes part of the weights.
  virtual void FinishTraining() {}
};

}  // namespace milan
