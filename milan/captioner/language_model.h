#pragma once

// Private to this module (libtorch).

#include <cstdint>
#include <vector>

#include <torch/torch.h>

namespace milan {

struct LanguageModelSizes {
  int64_t vocabulary = 0;
  int64_t pad = 0;  ///< Token whose embedding stays zero.
  int64_t embedding = 128;
  int64_t hidden = 512;
  int64_t layers = 2;
};

/// log p(description): an LSTM over the words alone. Module and parameter names are the reference
/// implementation's.
struct LanguageModelImpl : torch::nn::Module {
  LanguageModelImpl(const LanguageModelSizes& sizes, double dropout);

  /// log-probabilities [rows, steps, vocabulary] of the token after each of `inputs` [rows, steps].
  torch::Tensor forward(const torch::Tensor& inputs);

  /// log p of each sequence, the sum over all of its tokens; the first is preceded by `start`.
  /// A finished description ends with the stop token: nothing after it counts. Beginnings that
  /// several sequences share are computed once.
  std::vector<double> Score(const std::vector<std::vector<int>>& sequences, int start);

  torch::nn::Embedding embedding{nullptr};
  torch::nn::LSTM lstm{nullptr};
  torch::nn::Sequential output{nullptr};
};
TORCH_MODULE(LanguageModel);

}  // namespace milan
