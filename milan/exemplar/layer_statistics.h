#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/safetensors.h"
#include "milan/exemplar/activation_histogram.h"
#include "milan/exemplar/exemplar_kind.h"
#include "milan/exemplar/exemplar_set.h"
#include "milan/exemplar/top_k.h"

namespace milan {

/// What a tally knows of all units of one layer: exactly mergeable, so that any division of the
/// photos among workers gives the same exemplars. Not thread-safe: one per worker.
class LayerStatistics {
 public:
  LayerStatistics(int64_t units, int64_t height, int64_t width, const KeptPhotos& kept);

  /// Adds one photo's activations: [units, height, width] or, for vectors, [units], either with or
  /// without a leading dimension of 1. Throws kInput when the shape is another.
  void Add(int32_t photo_id, const ArrayView& activations);
  /// REQUIRES: the same sizes.
  void Merge(const LayerStatistics& other);
  void Clear();  ///< As new, but keeps the memory.

  /// The exemplars of everything added so far. REQUIRES: at least one photo was added; the photos
  /// that the kind needs are kept.
  ExemplarSet Finish(const std::string& layer, double quantile,
                     ExemplarKind kind = ExemplarKind::kStrongest);

  /// Counts what waits to be counted. REQUIRED before Store.
  void Flush();
  /// Adds the state to a file, as tensors whose names start with `prefix` (docs/formats.md). The
  /// statistics must live unchanged until it is written.
  void Store(SafetensorsWriter& writer, const std::string& prefix) const;
  /// Reads what Store wrote. Throws kInput naming the file and the tensor.
  static LayerStatistics Restore(const SafetensorsFile& file, const std::string& prefix);

  /// Adds the ids of all photos that some unit keeps.
  void AddKeptIds(std::set<int32_t>& ids) const;

  int64_t units() const { return units_; }
  int64_t height() const { return height_; }
  int64_t width() const { return width_; }
  const KeptPhotos& kept() const { return kept_; }

  /// An upper bound of the memory of statistics of these sizes.
  static uint64_t LargestBytes(int64_t units, int64_t height, int64_t width,
                               const KeptPhotos& kept);
  /// Memory held. It grows with the photos only until every unit has its k exemplars.
  size_t bytes() const;

 private:
  void CheckShape(const Shape& shape) const;
  std::vector<const TopK::Entry*> ExemplarsOf(int64_t unit, ExemplarKind kind) const;
  void SummarizeUnits(ExemplarSet& set, double quantile) const;
  void StorePhotos(SafetensorsWriter& writer, const std::string& prefix,
                   const std::vector<TopK>& units) const;
  void RestorePhotos(const SafetensorsFile& file, const std::string& prefix,
                     std::vector<TopK>& units);

  int64_t units_;
  int64_t height_;
  int64_t width_;
  KeptPhotos kept_;
  std::vector<ActivationHistogram> histograms_;
  std::vector<TopK> strongest_;
  std::vector<TopK> weakest_;  ///< Empty when none are kept.
  std::vector<TopK> sampled_;  ///< The same.
};

}  // namespace milan
