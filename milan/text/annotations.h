#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/file.h"

namespace milan {

/// One text that an annotator wrote for a unit.
struct Annotation {
  std::string layer;
  int64_t unit = 0;
  std::string split;      ///< "train", "val", "test"; empty when the file has no such column.
  std::string annotator;  ///< "a1", ...; empty when not said.
  std::string certainty;  ///< "clear", "partly", "unclear"; empty when not said.
  std::string text;
};

/// Reads annotations: columns layer, unit and description (or summary, as MILANNOTATIONS names it);
/// split, annotator and certainty where present. Throws kInput naming file, line and column.
std::vector<Annotation> ReadAnnotations(const Path& path);

}  // namespace milan
