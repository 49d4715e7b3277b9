#pragma once

// Private to this module (libtorch).

#include <cstdint>

#include <torch/torch.h>

#include "milan/captioner/decoder_sizes.h"
#include "milan/captioner/text_decoder.h"

namespace milan {

/// What the decoder attends to, prepared once per unit.
struct RegionMemory {
  torch::Tensor features;  ///< [units, k, features]
  torch::Tensor keys;      ///< [units, k, attention], the features' projections.
};

struct DecoderState {
  torch::Tensor hidden;  ///< [rows, hidden]
  torch::Tensor cell;    ///< [rows, hidden]
};

/// Additive attention over a unit's exemplars:
///   a = softmax_i(w . tanh(W_q h + b_q + W_k v_i + b_k) + b).
struct AttentionImpl : torch::nn::Module {
  explicit AttentionImpl(const DecoderSizes& sizes);
  /// hidden [units, rows per unit, hidden], keys [units, k, attention]; result [units, rows per
  /// unit, k].
  torch::Tensor forward(const torch::Tensor& hidden, const torch::Tensor& keys);

  torch::nn::Linear query_to_hidden{nullptr};
  torch::nn::Linear key_to_hidden{nullptr};
  torch::nn::Sequential output{nullptr};
};
TORCH_MODULE(Attention);

/// log p(description | exemplars) as in the paper: an LSTM that attends to the exemplars' region
/// features. Module and parameter names are the reference implementation's, so that its weights
/// load.
///
/// Step: a from the attention with the old h, context = sum_i a_i v_i, gate = sigmoid(W_g h + b_g),
/// x = [embedding(token), gate * context], (h, c) = LSTMCell(x), log p = logsoftmax(W_o h + b_o).
struct DecoderImpl : TextDecoder {
  /// The training loss is MeanLoss plus `regularizer` times the mean over units and exemplars of
  /// (1 - sum over the text's own steps of the attention)^2, which asks that every exemplar is
  /// looked at (method.md 6). (The reference sums over the padding too, so that its loss depends on
  /// the batch.)
  DecoderImpl(const DecoderSizes& sizes, double dropout, double regularizer = 1);

  Tensors Encode(const torch::Tensor& features) override;
  Tensors Start(const Tensors& memory) override;
  Prediction Next(const Tensors& memory, const torch::Tensor& tokens,
                  const Tensors& state) override;
  torch::Tensor Loss(const torch::Tensor& features, const TextBatch& texts,
                     const Vocabulary& vocabulary) override;

  /// `features` [units, k, features].
  RegionMemory Prepare(const torch::Tensor& features);
  /// tanh of a linear map of the mean feature; one row per unit.
  DecoderState InitialState(const RegionMemory& memory);

  struct Step {
    DecoderState state;
    torch::Tensor attention;  ///< [rows, k]
  };
  /// Consumes one token per row. Rows are grouped by unit, equally many each.
  Step Advance(const RegionMemory& memory, const torch::Tensor& tokens, const DecoderState& state);
  /// log-probabilities [..., vocabulary] of the next token.
  torch::Tensor LogProbabilities(const torch::Tensor& hidden);

  struct Forced {
    torch::Tensor log_probabilities;  ///< [units, steps, vocabulary]
    torch::Tensor attention;          ///< [units, steps, k]
  };
  /// Teacher forcing: `inputs` [units, steps] are the tokens consumed, one text per unit.
  Forced Force(const RegionMemory& memory, const torch::Tensor& inputs);

  torch::nn::Sequential init_h{nullptr};
  torch::nn::Sequential init_c{nullptr};
  torch::nn::Embedding embedding{nullptr};
  Attention attend{nullptr};
  torch::nn::Sequential feature_gate{nullptr};
  torch::nn::LSTMCell lstm{nullptr};
  torch::nn::Sequential output{nullptr};
  double regularizer = 1;
};
TORCH_MODULE(Decoder);

}  // namespace milan
