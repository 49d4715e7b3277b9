#pragma once

// Private to this module (libtorch): what a checkpoint of the original holds.

#include <string>
#include <vector>

#include "milan/base/torch_archive.h"
#include "milan/captioner/captioner.h"
#include "milan/captioner/decoder.h"

namespace milan {

/// The decoder's properties besides its sizes, as provenance.
struct CheckpointSettings {
  std::string encoder;   ///< "resnet101", ...
  std::string strategy;  ///< "rerank", ...
  int64_t beam_size = 0;
  int64_t length = 0;
  double temperature = 0;  ///< The pmi weight.
};

/// A decoder with its vocabulary.
struct ImportedDecoder {
  std::vector<std::string> words;
  DecoderSizes sizes;
  Decoder decoder{nullptr};
  CheckpointSettings settings;
};
ImportedDecoder ReadDecoder(const TorchArchive& archive, const StateDict& state);

/// A language model whose ids are those of `words`: where the file orders its words in another way,
/// its rows are reordered (the original would score the wrong words).
struct ImportedLanguageModel {
  LanguageModelSizes sizes;
  LanguageModel language_model{nullptr};
  bool was_reordered = false;
};
/// `properties` are the language model's; its tensors' names in `state` begin with `prefix`. Throws
/// kInput when it knows other words.
ImportedLanguageModel ReadLanguageModel(const PickleView& properties, const StateDict& state,
                                        const std::string& prefix,
                                        const std::vector<std::string>& words);

}  // namespace milan
