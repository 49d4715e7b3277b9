#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/progress.h"
#include "milan/image/image.h"
#include "milan/image/preprocess.h"

namespace milan {

/// Where pictures and their labels come from.
struct LabelledSource {
  Path photos;
  Path labels;               ///< CSV with columns photo, label; empty: the folders' names.
  bool multi_label = false;  ///< A label is any number of names, separated by ';'.
};

/// Photos as a network sees them, with the classes that each has.
struct LabelledPictures {
  std::vector<Image> pictures;
  std::vector<std::vector<int32_t>> classes;  ///< Per picture; exactly one without multi_label.
};

/// Reads all photos of the source once, as Picture makes them. Names of `classes` are the ones that
/// there are; when it is empty it receives those of the source, sorted. Photos that a CSV does not
/// list are left out, broken ones with a warning. Throws kInput: a label that is no class, no photo
/// with a label.
LabelledPictures ReadLabelledPictures(const LabelledSource& source,
                                      const Preprocessing& preprocessing, int workers,
                                      std::vector<std::string>& classes, Progress& progress);

}  // namespace milan
