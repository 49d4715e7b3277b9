#pragma once

// Private to this module (libtorch).

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "milan/text/vocabulary.h"

namespace milan {

/// Texts as tokens for teacher forcing, padded to the longest of the batch.
struct TextBatch {
  torch::Tensor inputs;   ///< [texts, steps]: start, words, pads.
  torch::Tensor targets;  ///< [texts, steps]: words, stop, pads.
  torch::Tensor counts;   ///< [texts, steps]: 1 for steps before the padding, else 0.
};

/// `texts` are word ids without start or stop.
TextBatch MakeTextBatch(std::span<const std::vector<int>* const> texts,
                        const Vocabulary& vocabulary);

/// Mean of -log p of the targets, padding and unknown words left out (an unknown word says nothing
/// about the words of the vocabulary). `log_probabilities` [texts, steps, vocabulary].
torch::Tensor MeanLoss(const torch::Tensor& log_probabilities, const torch::Tensor& targets,
                       const Vocabulary& vocabulary);
/// [texts, steps]: whether MeanLoss counts a target.
torch::Tensor IsCounted(const torch::Tensor& targets, const Vocabulary& vocabulary);
/// The number of targets that MeanLoss counts.
int64_t CountTargets(const torch::Tensor& targets, const Vocabulary& vocabulary);

/// Every text once, in batches of texts of similar length, so that little is padding: in random
/// order, and texts of equal length shuffled, both by `seed`.
std::vector<std::vector<size_t>> BatchesByLength(std::span<const std::vector<int>> texts,
                                                 size_t batch_size, uint64_t seed);

std::vector<std::vector<int>> EncodeAll(const std::vector<std::string>& texts,
                                        const Vocabulary& vocabulary);

}  // namespace milan
