#pragma once

// Private to this module (libtorch).

#include <cstdint>

#include <torch/torch.h>

namespace milan {

/// Sizes that the blocks of a transformer share.
struct TransformerSizes {
  int64_t width = 256;
  int64_t heads = 4;  ///< Divides width.
  double dropout = 0;
};

/// Attention of several heads. Keys and values are computed apart from the queries, so that what
/// does not change between the steps of a search is computed once.
struct MultiHeadAttentionImpl : torch::nn::Module {
  explicit MultiHeadAttentionImpl(const TransformerSizes& sizes);

  torch::Tensor Keys(const torch::Tensor& x) { return key(x); }
  torch::Tensor Values(const torch::Tensor& x) { return value(x); }
  /// softmax(query . key / sqrt(head width)) . value. `x` [n, a, width], `keys` and `values` [n, b,
  /// width]; result [n, a, width]. With `is_causal`, row i sees the first i + 1 keys only.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& keys,
                        const torch::Tensor& values, bool is_causal = false);

  int64_t heads = 1;
  torch::nn::Linear query{nullptr};
  torch::nn::Linear key{nullptr};
  torch::nn::Linear value{nullptr};
  torch::nn::Linear output{nullptr};
  torch::nn::Dropout drop{nullptr};
};
TORCH_MODULE(MultiHeadAttention);

/// x + what a hidden layer of twice the width makes of the normalised x.
struct FeedForwardImpl : torch::nn::Module {
  explicit FeedForwardImpl(const TransformerSizes& sizes);
  torch::Tensor forward(const torch::Tensor& x);

  torch::nn::LayerNorm norm{nullptr};
  torch::nn::Linear widen{nullptr};
  torch::nn::Linear narrow{nullptr};
  torch::nn::Dropout drop{nullptr};
};
TORCH_MODULE(FeedForward);

/// Members of a set look at one another, whatever their order.
struct SetBlockImpl : torch::nn::Module {
  explicit SetBlockImpl(const TransformerSizes& sizes);
  /// `x` [sets, members, width]
  torch::Tensor forward(const torch::Tensor& x);

  torch::nn::LayerNorm norm{nullptr};
  MultiHeadAttention attention{nullptr};
  FeedForward feed_forward{nullptr};
  torch::nn::Dropout drop{nullptr};
};
TORCH_MODULE(SetBlock);

/// Words look at the words before them and at a memory.
struct WordBlockImpl : torch::nn::Module {
  explicit WordBlockImpl(const TransformerSizes& sizes);

  struct Cache {
    torch::Tensor keys;    ///< [n, m, width]
    torch::Tensor values;  ///< [n, m, width]
  };
  /// Of a memory [units, m, width].
  Cache Remember(const torch::Tensor& memory);
  /// Whole texts, one per unit: `x` [units, words, width].
  torch::Tensor Whole(const torch::Tensor& x, const Cache& memory);
  /// One more word per row: `x` [rows, width], rows grouped by unit, equally many each. `past`
  /// [rows, words so far, width] grows by the word.
  torch::Tensor Step(const torch::Tensor& x, const Cache& memory, Cache& past);

  torch::nn::LayerNorm self_norm{nullptr};
  MultiHeadAttention self_attention{nullptr};
  torch::nn::LayerNorm memory_norm{nullptr};
  MultiHeadAttention memory_attention{nullptr};
  FeedForward feed_forward{nullptr};
  torch::nn::Dropout drop{nullptr};
};
TORCH_MODULE(WordBlock);

}  // namespace milan
