#pragma once

// Private to this module: the files in a run's state/ (docs/formats.md).

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/exemplar/tally_state.h"
#include "milan/network/layer.h"

namespace milan {

/// The states of one pass of a run. Rank 0 keeps the main one, which in the end has seen all
/// photos; every other rank keeps one beside it. Any number of ranks, also one, continues from
/// what any other number left.
class Checkpoints {
 public:
  Checkpoints(const Path& run, const std::vector<Layer>& pass, size_t photo_count,
              const KeptPhotos& kept);

  /// Where a rank keeps its state.
  Path PathOf(int rank) const;
  /// What all ranks of earlier starts have seen, as one state, which is then the main one. Only by
  /// rank 0, while no rank works. Throws kInput when a file is damaged or of another run.
  TallyState Gather() const;
  /// Removes those of the other ranks. REQUIRES: the main one has all that they have.
  void RemoveOthers() const;

 private:
  std::vector<Path> Others() const;
  TallyState Load(const Path& path) const;

  Path folder_;
  std::string name_;
  std::vector<Layer> pass_;
  size_t photo_count_;
  KeptPhotos kept_;
};

}  // namespace milan
