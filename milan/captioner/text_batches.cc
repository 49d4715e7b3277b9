#include "milan/captioner/text_batches.h"

#include <algorithm>

#include "milan/base/random.h"

namespace milan {
namespace {

/// Batches among which texts are sorted by length: more of them pad less, fewer mix better.
constexpr size_t kBatchesSorted = 16;

}  // namespace

torch::Tensor IsCounted(const torch::Tensor& targets, const Vocabulary& vocabulary) {
  return (targets != vocabulary.pad()).logical_and(targets != vocabulary.unknown());
}

TextBatch MakeTextBatch(std::span<const std::vector<int>* const> texts,
                        const Vocabulary& vocabulary) {
  size_t longest = 0;
  for (const std::vector<int>* text : texts) longest = std::max(longest, text->size());
  const auto rows = static_cast<int64_t>(texts.size());
  const auto steps = static_cast<int64_t>(longest) + 1;
  TextBatch batch;
  batch.inputs = torch::full({rows, steps}, vocabulary.pad(), torch::kLong);
  batch.targets = torch::full({rows, steps}, vocabulary.pad(), torch::kLong);
  batch.counts = torch::zeros({rows, steps}, torch::kFloat);
  auto inputs = batch.inputs.accessor<int64_t, 2>();
  auto targets = batch.targets.accessor<int64_t, 2>();
  auto counts = batch.counts.accessor<float, 2>();
  for (int64_t row = 0; row < rows; ++row) {
    const std::vector<int>& text = *texts[static_cast<size_t>(row)];
    const auto length = static_cast<int64_t>(text.size());
    for (int64_t t = 0; t <= length; ++t) {
      inputs[row][t] = t == 0 ? vocabulary.start() : text[static_cast<size_t>(t - 1)];
      targets[row][t] = t == length ? vocabulary.stop() : text[static_cast<size_t>(t)];
      counts[row][t] = 1;
    }
  }
  return batch;
}

torch::Tensor MeanLoss(const torch::Tensor& log_probabilities, const torch::Tensor& targets,
                       const Vocabulary& vocabulary) {
  const torch::Tensor chosen = log_probabilities.gather(2, targets.unsqueeze(2)).squeeze(2);
  const torch::Tensor counted = IsCounted(targets, vocabulary);
  return -(chosen * counted).sum() / counted.sum().clamp_min(1);
}

int64_t CountTargets(const torch::Tensor& targets, const Vocabulary& vocabulary) {
  return IsCounted(targets, vocabulary).sum().item<int64_t>();
}

std::vector<std::vector<size_t>> BatchesByLength(std::span<const std::vector<int>> texts,
                                                 size_t batch_size, uint64_t seed) {
  Random random(seed);
  std::vector<size_t> order = random.Permutation(texts.size());
  const size_t region = batch_size * kBatchesSorted;
  for (size_t first = 0; first < order.size(); first += region) {
    const size_t end = std::min(first + region, order.size());
    std::stable_sort(order.begin() + static_cast<ptrdiff_t>(first),
                     order.begin() + static_cast<ptrdiff_t>(end),
                     [&](size_t a, size_t b) { return texts[a].size() < texts[b].size(); });
  }
  std::vector<std::vector<size_t>> batches;
  for (size_t first = 0; first < order.size(); first += batch_size) {
    const size_t end = std::min(first + batch_size, order.size());
    batches.emplace_back(order.begin() + static_cast<ptrdiff_t>(first),
                         order.begin() + static_cast<ptrdiff_t>(end));
  }
  random.Shuffle(batches);
  return batches;
}

std::vector<std::vector<int>> EncodeAll(const std::vector<std::string>& texts,
                                        const Vocabulary& vocabulary) {
  std::vector<std::vector<int>> encoded;
  for (const std::string& text : texts) encoded.push_back(vocabulary.Encode(text));
  return encoded;
}

}  // namespace milan
