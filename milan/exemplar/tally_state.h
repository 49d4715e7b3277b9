#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/exemplar/layer_statistics.h"
#include "milan/exemplar/run.h"
#include "milan/network/layer.h"

namespace milan {

/// What a tally knows after some of the photos of a set: a function of which photos these are, not
/// of their order or how they were divided. Checkpoints, shards and messages between machines are
/// such states.
struct TallyState {
  std::vector<std::string> names;                  ///< Of the layers.
  std::vector<LayerStatistics> layers;             ///< Parallel to the names.
  std::vector<std::optional<PhotoRecord>> photos;  ///< One per photo; nothing where not seen yet.

  int64_t Seen() const;
};

TallyState EmptyState(const std::vector<Layer>& layers, size_t photo_count, const KeptPhotos& kept);

/// Adds what the other state knows. Throws kInput when it is of other layers or another number of
/// photos, or when both have seen the same photo.
void Merge(TallyState& state, TallyState other);

/// Writes a state to one file, atomically (docs/formats.md, `milan-tally`). Counts what waits.
void SaveState(const Path& path, TallyState& state);
/// Throws kInput naming the file when it is damaged, of another kind or of a newer version.
TallyState LoadState(const Path& path);

/// The content of that file, for a message to another process.
std::vector<std::byte> StateToBytes(TallyState& state);
/// Throws as LoadState; `name` stands for the file.
TallyState StateFromBytes(const std::string& name, std::vector<std::byte> bytes);

}  // namespace milan
