#include "milan/captioner/language_model.h"

#include "milan/captioner/prefix_tree.h"

namespace milan {

namespace nn = torch::nn;
LanguageModelImpl::LanguageModelImpl(const LanguageModelSizes& sizes, double dropout) {
  embedding = register_module(
      "embedding",
      nn::Embedding(
          nn::EmbeddingOptions(sizes.vocabulary, sizes.embedding).padding_idx(sizes.pad)));
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
  const torch::NoGradGuard no_gradient;
  const PrefixTree tree = MakePrefixTree(sequences, start);
  std::vector<double> scores(sequences.size(), 0.0);
  torch::optional<std::tuple<torch::Tensor, torch::Tensor>> state;
  for (size_t t = 0; t + 1 < tree.levels.size(); ++t) {
    const PrefixLevel& level = tree.levels[t];
    const PrefixLevel& next = tree.levels[t + 1];
    if (state) {
      const torch::Tensor parents = torch::tensor(level.parents, torch::kLong);
      state = std::make_tuple(std::get<0>(*state).index_select(1, parents),
                              std::get<1>(*state).index_select(1, parents));
    }
    const torch::Tensor tokens = torch::tensor(level.tokens, torch::kLong).unsqueeze(1);
    const auto [hidden, new_state] = lstm->forward(embedding(tokens), state);
    state = new_state;
    const torch::Tensor log_probabilities =
        torch::log_softmax(output->forward(hidden.squeeze(1)), -1);
    const torch::Tensor chosen = log_probabilities
                                     .index({torch::tensor(next.parents, torch::kLong),
                                             torch::tensor(next.tokens, torch::kLong)})
                                     .contiguous();
    const auto* values = chosen.data_ptr<float>();
    for (size_t i = 0; i < sequences.size(); ++i) {
      if (sequences[i].size() > t) scores[i] += values[tree.places[i][t]];
    }
  }
  return scores;
}

}  // namespace milan
