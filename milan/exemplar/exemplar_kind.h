#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace milan {

/// Which photos of a unit an exemplar set shows.
enum class ExemplarKind {
  kStrongest,  ///< Those that excite it most: the exemplars that descriptions are made from.
  kWeakest,    ///< Those whose peak is lowest.
  kMiddle,     ///< Of a sample, those whose peak is nearest to the sample's median.
  kRandom      ///< A sample without the strongest.
};
using ExemplarKinds = std::vector<ExemplarKind>;

std::string ToString(ExemplarKind kind);  ///< "strongest", "weakest", "middle", "random"
/// Throws kUsage.
ExemplarKind ParseExemplarKind(const std::string& text);

/// Folder of a run that holds the sets of a kind: "exemplars", "exemplars-weakest", ...
std::string ExemplarFolder(ExemplarKind kind);

/// How many photos a tally keeps of each unit.
struct KeptPhotos {
  int64_t strongest = 15;
  int64_t weakest = 0;
  int64_t sampled = 0;  ///< By chance, the same ones for all units: for kMiddle and kRandom.
  friend bool operator==(const KeptPhotos&, const KeptPhotos&) = default;
};
/// What a tally must keep for k strongest exemplars and, of other kinds, as many. Of a sample four
/// times as large, the middle ones lie within an eighth of the photos from the median.
KeptPhotos PhotosToKeep(int64_t k, const ExemplarKinds& also);

}  // namespace milan
