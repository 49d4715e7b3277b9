#include "milan/report/pages.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/report/page_data.h"
#include "milan/report/pictures.h"

namespace milan {
namespace {

/// Writes the data of all layers into the report and remembers what is needed beyond them.
class LayerWriter {
 public:
  LayerWriter(const Run& run, const DescriptionIndex& descriptions, const StagingFolder& folder,
              int workers)
      : run_(run),
        descriptions_(descriptions),
        folder_(folder),
        workers_(workers > 0 ? workers : DefaultWorkers()),
        is_shown_(run.photos.size(), 0) {}

  void Write(const ExemplarSet& set, Progress& progress) {
    LayerSummary summary = Summarize(set, descriptions_);
    summary.first_file = next_file_;
    summaries_.push_back(std::move(summary));
    MarkPhotos(set);
    const std::vector<UnitFacts> facts = FactsOf(set);
    const int64_t files = (set.units + kUnitsPerFile - 1) / kUnitsPerFile;
    std::mutex mutex;
    ParallelFor(workers_, files, [&](int, int64_t file) {
      ThrowIfCancelled(progress);
      const UnitRange range = {file * kUnitsPerFile,
                               std::min(set.units, (file + 1) * kUnitsPerFile)};
      const int64_t number = next_file_ + file;
      folder_.Write("data/exemplars-" + std::to_string(number) + ".js",
                    ExemplarsScript(number, set, facts, range, descriptions_));
      const std::lock_guard lock(mutex);
      progress.Update(units_done_ += range.last - range.first);
    });
    next_file_ += files;
  }

  const std::vector<LayerSummary>& summaries() const { return summaries_; }

  /// Photos that are an exemplar of any unit shown, ascending.
  std::vector<int32_t> ShownPhotos() const {
    std::vector<int32_t> ids;
    for (size_t id = 0; id < is_shown_.size(); ++id) {
      if (is_shown_[id] != 0) ids.push_back(static_cast<int32_t>(id));
    }
    return ids;
  }

 private:
  void MarkPhotos(const ExemplarSet& set) {
    for (int64_t unit = 0; unit < set.units; ++unit) {
      if (set.states[unit] != UnitState::kAlive) continue;
      for (int64_t rank = 0; rank < set.CountOf(unit); ++rank) {
        const int32_t id = set.PhotoId(unit, rank);
        if (id < 0 || static_cast<size_t>(id) >= is_shown_.size()) {
          throw InputError(run_.folder.string() + ": layer '" + set.layer + "' has photo " +
                           std::to_string(id) + " as an exemplar, but photos.csv lists only " +
                           std::to_string(is_shown_.size()) + ": make the exemplars again");
        }
        is_shown_[static_cast<size_t>(id)] = 1;
      }
    }
  }

  const Run& run_;
  const DescriptionIndex& descriptions_;
  const StagingFolder& folder_;
  int workers_;
  std::vector<uint8_t> is_shown_;  ///< By photo id.
  std::vector<LayerSummary> summaries_;
  int64_t next_file_ = 0;
  int64_t units_done_ = 0;
};

int64_t CountUnits(const RunManifest& manifest) {
  int64_t count = 0;
  for (const RunLayer& layer : manifest.layers) count += layer.units;
  return count;
}

}  // namespace

void CheckReplaceable(const Path& folder, bool is_same_kind, const std::string& kind) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const bool is_free = !fs::exists(folder, ignored) ||
                       (fs::is_directory(folder, ignored) && fs::is_empty(folder, ignored)) ||
                       is_same_kind;
  if (!is_free) {
    throw UsageError(folder.string() + ": exists and is not " + kind +
                     " of milan; choose another folder or remove it");
  }
}

void WritePageData(const Run& run, const Descriptions& descriptions, const ReportOptions& options,
                   const StagingFolder& folder, Progress& progress) {
  const DescriptionIndex index(descriptions, run.manifest);
  LayerWriter layers(run, index, folder, options.workers);
  progress.Begin("report masks", CountUnits(run.manifest), "units");
  for (const RunLayer& layer : run.manifest.layers) {
    layers.Write(run.Exemplars(layer.name), progress);
  }
  progress.End();

  const std::vector<ReportPhoto> photos =
      WritePictures(run, layers.ShownPhotos(), options, folder, progress);
  folder.Write("data/photos.js", PhotosScript(run, photos));
  folder.Write(kReportFile, ReportScript(run.manifest, descriptions, layers.summaries()));
}

}  // namespace milan
