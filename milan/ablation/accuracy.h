#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace milan {

/// What a classifier says of one photo.
struct Verdict {
  int32_t best = -1;  ///< Class with the largest output, the first of equals; -1: all are NaN.
  /// How many classes come before the photo's own: 0 when it is top-1, less than 5 when it is
  /// top-5. Of classes with equal outputs the first comes first; NaN comes last.
  int32_t rank = -1;
  float output =
      0;  ///< Of the photo's own class: logit or probability, whatever the network gives.

  bool operator==(const Verdict&) const = default;
};

/// REQUIRES: label is a class.
Verdict Judge(std::span<const float> outputs, int32_t label);

/// How many of some photos were classified right.
struct Accuracy {
  int64_t photos = 0;
  int64_t top1 = 0;
  int64_t top5 = 0;

  void Add(const Verdict& verdict);
  double Top1() const;  ///< Share; 0 without photos.
  double Top5() const;

  bool operator==(const Accuracy&) const = default;
};

/// Of all photos. `verdicts` of photos that were not judged (rank -1) do not count.
Accuracy AccuracyOf(std::span<const Verdict> verdicts);
/// Per class of the photos' labels.
std::map<int32_t, Accuracy> AccuracyPerClass(std::span<const Verdict> verdicts,
                                             std::span<const int32_t> labels);

}  // namespace milan
