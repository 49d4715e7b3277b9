#include "milan/captioner/language_model.h"

#include <map>
#include <utility>

namespace milan {
namespace {

namespace nn = torch::nn;

/// The tokens of sequences at one position, each once per different beginning.
struct PrefixLevel {
  std::vector<int64_t> tokens;   ///< The last token of each beginning.
  std::vector<int64_t> parents;  ///< The beginning in the level before that it extends.
};

/// All beginnings of `sequences`, the shared ones once. Level 0 is the empty beginning.
struct PrefixTree {
  std::vector<PrefixLevel> levels;
  /// Of each sequence, its beginnings' places in levels 1, 2, ...
  std::vector<std::vector<size_t>> places;
};

PrefixTree MakePrefixTree(const std::vector<std::vector<int>>& sequences, int start) {
  PrefixTree tree{{{{start}, {0}}}, std::vector<std::vector<size_t>>(sequences.size())};
  bool any = true;
  for (size_t t = 0; any; ++t) {
    any = false;
    PrefixLevel level;
    std::map<std::pair<size_t, int>, size_t> known;
    for (size_t i = 0; i < sequences.size(); ++i) {
      if (sequences[i].size() <= t) continue;
      any = true;
      const size_t parent = t == 0 ? 0 : tree.places[i][t - 1];
      const int token = sequences[i][t];
      const auto [place, is_new] = known.try_emplace({parent, token}, level.tokens.size());
      if (is_new) {
        level.tokens.push_back(token);
        level.parents.push_back(static_cast<int64_t>(parent));
      }
      tree.places[i].push_back(place->second);
    }
    if (any) tree.levels.push_back(std::move(level));
  }
  return tree;
}

}  // namespace

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
