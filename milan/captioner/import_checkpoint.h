#pragma once

#include <string>

#include "milan/base/file.h"
#include "milan/base/progress.h"

namespace milan {

struct CheckpointOptions {
  std::string name;      ///< Of the bundle; empty: the file's, without .pth.
  Path language_model;   ///< A language model's own file, for a decoder that was saved without one.
  bool as_half = false;  ///< Weights in half precision: half the size, nearly the same scores.
  bool overwrite = false;  ///< Replace a bundle that is in the folder.
  int workers = 0;         ///< 0: one per processor.
};

/// Makes a bundle of a decoder that the original MILAN saved (docs/formats.md): decoder, language
/// model, vocabulary and ResNet encoder. Nothing in the file is executed. The self-test's pictures
/// are drawn, because the file has none.
/// Throws kInput naming file and member or tensor; kUsage when `folder` holds a bundle (without
/// `overwrite`) or anything else.
void ImportCheckpoint(const Path& checkpoint, const Path& folder, const CheckpointOptions& options,
                      Progress& progress);

}  // namespace milan
