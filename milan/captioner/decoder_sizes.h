#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace milan {

/// Of the paper's decoder.
struct DecoderSizes {
  int64_t vocabulary = 0;
  int64_t features = 0;  ///< Of one exemplar.
  int64_t embedding = 128;
  int64_t hidden = 512;
  int64_t attention = 512;
};

/// Of the decoder that attends over the set of exemplars.
struct SetDecoderSizes {
  int64_t vocabulary = 0;
  int64_t features = 0;  ///< Of one exemplar.
  int64_t hidden = 512;  ///< Of the layer that reads the features.
  int64_t width = 256;
  int64_t heads = 4;
  int64_t set_blocks = 1;
  int64_t word_blocks = 2;
  int64_t length = 32;  ///< Positions told apart; all tokens after them stand at the last.
};

/// What training adds so that a few thousand texts are not learnt by heart (docs/training.md).
struct SetDecoderTraining {
  double dropout = 0.3;
  /// Features are read along so many principal components of the training units' features, which
  /// hold nearly all of their variance and cost a third to learn from.
  int64_t components = 1024;
  /// Deviation of the noise added along each component; a standardised feature's own is 1.
  double feature_noise = 0.65;
  double word_dropout = 0.15;  ///< Words of the text so far that the decoder does not see.
  double label_smoothing = 0.1;
  double word_set_weight = 0.5;  ///< Of telling, from the exemplars alone, which words are said.
  int64_t fewest_exemplars = 6;  ///< Each step sees a random number of exemplars, from here to k.
  double learning_rate = 7e-4;   ///< The highest: reached after `warmup` steps, then falling as a
                                 ///< cosine to zero over all steps.
  int warmup = 200;
  double weight_decay = 0.05;
  /// How long to learn: so many batches, in whole epochs. 0: those of 60 epochs, at least 1,000 and
  /// at most 4,500. Never more than 200 epochs (records 0014 and 0016).
  int steps = 0;
  int epochs = 0;  ///< Instead of `steps` when not 0.
};

/// Sizes of a decoder; which they are says which decoder.
using AnyDecoderSizes = std::variant<DecoderSizes, SetDecoderSizes>;

inline constexpr const char* kPaperArchitecture = "milan";
inline constexpr const char* kSetArchitecture = "set";
/// One of these.
std::string ArchitectureOf(const AnyDecoderSizes& sizes);
int64_t FeaturesOf(const AnyDecoderSizes& sizes);

}  // namespace milan
