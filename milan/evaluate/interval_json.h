#pragma once

// For .cc files that write JSON only.

#include "milan/base/json.h"
#include "milan/evaluate/interval.h"

namespace milan {

/// As all files of milan write intervals.
inline Json ToJson(const Interval& interval) {
  return {{"value", interval.value}, {"low", interval.low}, {"high", interval.high}};
}

}  // namespace milan
