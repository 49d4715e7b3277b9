#include "milan/exemplar/checkpoints.h"

#include <algorithm>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/hash.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuffix = ".safetensors";

/// Whether both have seen some photo. A state of another rank that was gathered already, and not
/// removed because the process was killed in between, lies wholly in the main one.
bool Overlap(const TallyState& a, const TallyState& b) {
  for (size_t id = 0; id < a.photos.size(); ++id) {
    if (a.photos[id] && b.photos[id]) return true;
  }
  return false;
}

}  // namespace

Checkpoints::Checkpoints(const Path& run, const std::vector<Layer>& pass, size_t photo_count,
                         const KeptPhotos& kept)
    : folder_(run / "state"), pass_(pass), photo_count_(photo_count), kept_(kept) {
  // Named after its layers: with another memory limit, another division into passes.
  std::string names;
  for (const Layer& layer : pass) names += layer.name + '\n';
  name_ = HashText(names);
}

Path Checkpoints::PathOf(int rank) const {
  return folder_ / (name_ + (rank == 0 ? "" : ".rank" + std::to_string(rank)) + kSuffix);
}

std::vector<Path> Checkpoints::Others() const {
  std::vector<Path> paths;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(name_ + ".rank") && name.ends_with(kSuffix)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

TallyState Checkpoints::Load(const Path& path) const {
  TallyState state = LoadState(path);
  const TallyState empty = EmptyState(pass_, 0, kept_);
  if (state.photos.size() != photo_count_ || state.names != empty.names) {
    throw InputError(path.string() +
                     ": is not the checkpoint of this run; --overwrite begins anew");
  }
  return state;
}

TallyState Checkpoints::Gather() const {
  TallyState state =
      fs::exists(PathOf(0)) ? Load(PathOf(0)) : EmptyState(pass_, photo_count_, kept_);
  const std::vector<Path> others = Others();
  for (const Path& path : others) {
    TallyState other = Load(path);
    if (!Overlap(state, other)) Merge(state, std::move(other));
  }
  if (!others.empty()) {
    SaveState(PathOf(0), state);
    RemoveOthers();
  }
  return state;
}

void Checkpoints::RemoveOthers() const {
  for (const Path& path : Others()) {
    std::error_code error;
    fs::remove(path, error);
    if (error) throw ResourceError(path.string() + ": cannot remove: " + error.message());
  }
}

}  // namespace milan
