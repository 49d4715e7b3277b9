#include "milan/captioner/language_model.h"

#include <algorithm>

#include "milan/base/error.h"

namespace milan {

namespace nn = torch::nn;
namespace rnn = torch::nn::utils::rnn;

LanguageModelImpl::LanguageModelImpl(const LanguageModelSizes& sizes, double dropout) {
  embedding = register_module(
      "embedding", nn::Embedding(nn::EmbeddingOptions(sizes.vocabulary, sizes.embedding)
                                     .padding_idx(sizes.pad)));
  lstm = register_module("lstm", nn::LSTM(nn::LSTMOptions(sizes.embedding, sizes.hidden)
                                              .num_layers(sizes.layers)
                                              .dropout(sizes.layers > 1 ? dropout : 0)
                                              .batch_first(true)));
  output = register_module("output", nn::Sequential(nn::Linear(sizes.hidden, sizes.vocabulary)));
}

torch::Tensor LanguageModelImpl::forward(const torch::Tensor& inputs) {
  const auto states = std::get<0>(lstm->forward(embedding(inputs)));
  return torch::log_softmax(output->forward(states), -1);
}

std::vector<double> LanguageModelImpl::Score(const std::vector<std::vector<int>>& sequences,
                                             int start) {
  if (sequences.empty()) return {};
  const torch::NoGradGuard no_gradient;
  const auto rows = static_cast<int64_t>(sequences.size());
  torch::Tensor lengths = torch::empty({rows}, torch::kLong);
  for (int64_t i = 0; i < rows; ++i) {
    const auto length = static_cast<int64_t>(sequences[static_cast<size_t>(i)].size());
    MILAN_CHECK(length > 0, "an empty sequence has no score");
    lengths[i] = length;
  }
  const auto steps = lengths.max().item<int64_t>();
  torch::Tensor inputs = torch::zeros({rows, steps}, torch::kLong);
  torch::Tensor targets = torch::zeros({rows, steps}, torch::kLong);
  auto input = inputs.accessor<int64_t, 2>();
  auto target = targets.accessor<int64_t, 2>();
  for (int64_t i = 0; i < rows; ++i) {
    const std::vector<int>& tokens = sequences[static_cast<size_t>(i)];
    for (size_t t = 0; t < tokens.size(); ++t) {
      input[i][static_cast<int64_t>(t)] = t == 0 ? start : tokens[t - 1];
      target[i][static_cast<int64_t>(t)] = tokens[t];
    }
  }
  // Packed: sequences differ much in length, and nothing is computed for what lies after their end.
  const auto packed = rnn::pack_padded_sequence(embedding(inputs), lengths, true, false);
  const auto states = std::get<0>(lstm->forward_with_packed_input(packed));
  const torch::Tensor log_probabilities = torch::log_softmax(output->forward(states.data()), -1);
  const auto packed_targets = rnn::pack_padded_sequence(targets, lengths, true, false);
  const torch::Tensor chosen =
      log_probabilities.gather(1, packed_targets.data().unsqueeze(1)).squeeze(1);
  const auto unpacked = rnn::PackedSequence(chosen, states.batch_sizes(), states.sorted_indices(),
                                            states.unsorted_indices());
  const torch::Tensor padded = std::get<0>(rnn::pad_packed_sequence(unpacked, true));
  const torch::Tensor sums = padded.to(torch::kDouble).sum(1).contiguous();
  const auto* first = sums.data_ptr<double>();
  return {first, first + rows};
}

}  // namespace milan
