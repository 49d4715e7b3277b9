#include "milan/captioner/sequence_scores.h"

#include <algorithm>
#include <cmath>

#include "milan/captioner/prefix_tree.h"

namespace milan {
namespace {

/// Rows are sets times beginnings: the rows of the step before that those of `level` extend.
torch::Tensor RowsExtended(const PrefixLevel& level, int64_t sets, int64_t beginnings_before) {
  const torch::Tensor parents = torch::tensor(level.parents, torch::kLong).unsqueeze(0);
  return (torch::arange(sets).unsqueeze(1) * beginnings_before + parents).view({-1});
}

}  // namespace

std::vector<std::vector<double>> ScoreUnder(TextDecoder& decoder, const Tensors& memory,
                                            const std::vector<std::vector<int>>& sequences,
                                            int start) {
  const torch::NoGradGuard no_gradient;
  const int64_t sets = memory.at(0).size(0);
  const PrefixTree tree = MakePrefixTree(sequences, start);
  std::vector<std::vector<double>> scores(sequences.size(),
                                          std::vector<double>(static_cast<size_t>(sets)));
  Tensors state = decoder.Start(memory);
  int64_t beginnings = 1;
  for (size_t t = 0; t + 1 < tree.levels.size(); ++t) {
    const PrefixLevel& level = tree.levels[t];
    const PrefixLevel& next = tree.levels[t + 1];
    const torch::Tensor rows = RowsExtended(level, sets, beginnings);
    for (torch::Tensor& part : state) part = part.index_select(0, rows);
    const torch::Tensor tokens = torch::tensor(level.tokens, torch::kLong).repeat({sets});
    auto prediction = decoder.Next(memory, tokens, state);
    state = std::move(prediction.state);
    beginnings = static_cast<int64_t>(level.tokens.size());
    const torch::Tensor chosen =
        prediction.log_probabilities.view({sets, beginnings, -1})
            .index({torch::indexing::Slice(), torch::tensor(next.parents, torch::kLong),
                    torch::tensor(next.tokens, torch::kLong)})
            .to(torch::kDouble)
            .contiguous();
    const auto values = chosen.accessor<double, 2>();
    for (size_t i = 0; i < sequences.size(); ++i) {
      if (sequences[i].size() <= t) continue;
      const auto place = static_cast<int64_t>(tree.places[i][t]);
      for (int64_t set = 0; set < sets; ++set) {
        scores[i][static_cast<size_t>(set)] += values[set][place];
      }
    }
  }
  return scores;
}

double LogMeanExp(const std::vector<double>& values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += std::exp(value - largest);
  return largest + std::log(sum / static_cast<double>(values.size()));
}

}  // namespace milan
