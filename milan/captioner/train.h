#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/base/progress.h"
#include "milan/captioner/decoder_sizes.h"
#include "milan/network/engine.h"

namespace milan {

/// Annotations of one network with the run that holds the exemplars they describe.
struct TrainingSource {
  Path annotations;  ///< CSV (text/annotations.h).
  /// Run folder with the exemplars of every annotated layer, or a folder in the original's layout
  /// with images.npy, which is read where it is.
  Path run;
};

struct TrainOptions {
  std::vector<TrainingSource> sources;
  Path encoder;  ///< ONNX network; its sidecar names "levels" (region features) and preprocessing.
  Path output;   ///< Bundle folder to write.
  std::string name = "captioner";
  /// Texts for the language model only: files with one text per line.
  std::vector<Path> language_texts;

  // Affects results.
  uint64_t seed = 1;
  /// Of the decoder: "set" (SetDecoder, decision record 0012) or "milan" (the paper's).
  std::string architecture = "set";
  SetDecoderSizes set_sizes;        ///< Vocabulary and features are those of the data.
  SetDecoderTraining set_training;  ///< Of the architecture "set".
  // Of the language model, and of the decoder of the architecture "milan":
  int embedding_size = 128;  ///< method.md 4.
  int hidden_size = 512;
  int attention_size = 512;
  double dropout = 0.5;
  double learning_rate = 1e-3;
  double weight_decay = 0.01;
  double attention_regularizer = 1.0;  ///< Weight of mean (1 - sum_t attention)^2 (method.md 6).
  int max_epochs = 100;
  int patience = 4;  ///< Epochs without a better validation score before stopping.
  // Of all:
  int batch_size = 64;
  std::vector<std::string> certainties = {"clear", "partly"};  ///< Annotations trained on.
  /// Part of the units that validate, of annotations that do not say their split.
  double hold_out = 0.1;

  EngineOptions engine = {};  ///< Of the encoder; another device changes last bits.

  // Affects speed only.
  int workers = 0;
  /// Folder in which region features are kept for other trainings; empty: <output>.training.
  Path feature_cache;
};
void Validate(const TrainOptions& options);

/// Trains language model and decoder on the `train` split, stops and chooses by the `val` split
/// (never reads `test`), and writes a bundle. Best weights are restored. Every epoch leaves a
/// checkpoint in <output>.training/, and the same call after a kill continues from it; a checkpoint
/// of other options, data or encoder is refused by hash with the difference named.
void Train(const TrainOptions& options, Progress& progress);

}  // namespace milan
