#include "milan/captioner/calibration_data.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <span>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/base/random.h"
#include "milan/captioner/region_features.h"
#include "milan/text/annotations.h"
#include "milan/text/unit_list.h"

namespace milan {
namespace {

/// A run with the exemplars of all its layers.
struct OpenedRun {
  std::string name;
  Run run;
  std::vector<ExemplarSet> layers;
};

std::string NameOf(const Path& folder) {
  const Path clean = std::filesystem::absolute(folder).lexically_normal();
  return (clean.has_filename() ? clean : clean.parent_path()).filename().string();
}

OpenedRun Open(const Path& folder) {
  OpenedRun opened{NameOf(folder), OpenRun(folder), {}};
  for (const RunLayer& layer : opened.run.manifest.layers) {
    opened.layers.push_back(opened.run.Exemplars(layer.name));
  }
  return opened;
}

bool IsChosen(const Annotation& annotation, const CalibrateOptions& options) {
  const auto& certainties = options.certainties;
  const bool is_of_split =
      options.split.empty() || annotation.split.empty() || annotation.split == options.split;
  return is_of_split && (certainties.empty() || annotation.certainty.empty() ||
                         std::find(certainties.begin(), certainties.end(), annotation.certainty) !=
                             certainties.end());
}

std::map<UnitName, std::vector<std::string>> TextsByUnit(const Path& file, const OpenedRun& opened,
                                                         const CalibrateOptions& options) {
  std::map<UnitName, std::vector<std::string>> texts;
  for (const Annotation& annotation : ReadAnnotations(file)) {
    if (!IsChosen(annotation, options)) continue;
    const auto is_there = [&](const ExemplarSet& set) {
      return set.layer == annotation.layer && annotation.unit >= 0 && annotation.unit < set.units;
    };
    if (std::none_of(opened.layers.begin(), opened.layers.end(), is_there)) {
      throw InputError(file.string() + ": layer '" + annotation.layer + "' unit " +
                       std::to_string(annotation.unit) + " is not in the run " +
                       opened.run.folder.string());
    }
    texts[{annotation.layer, annotation.unit}].push_back(annotation.text);
  }
  return texts;
}

/// Collects sets and what is to be pooled for them, run by run.
class Collector {
 public:
  Collector(const CalibrateOptions& options, const Encoder& encoder, Progress& progress)
      : options_(options),
        workers_(options.workers > 0 ? options.workers : DefaultWorkers()),
        encoder_(encoder),
        progress_(progress),
        random_(options.seed) {}

  void AddSource(const TrainingSource& source) {
    const OpenedRun opened = Open(source.run);
    CheckK(opened);
    const auto texts = TextsByUnit(source.annotations, opened, options_);
    std::vector<CalibrationSet> sets;
    std::vector<UnitSelection> selections;
    for (const ExemplarSet& exemplars : opened.layers) {
      UnitSelection& selection = selections.emplace_back(UnitSelection{&exemplars, {}});
      for (const auto& [unit, annotations] : texts) {
        if (unit.layer != exemplars.layer || !exemplars.IsDescribable(unit.unit)) continue;
        selection.units.push_back(unit.unit);
        sets.push_back({opened.name, kAnnotated, unit.layer, unit.unit, annotations});
      }
    }
    const auto annotated = static_cast<int64_t>(sets.size());
    const std::vector<ExemplarSet> random_photos = RandomPhotos(opened, SetsPerSource());
    for (const ExemplarSet& exemplars : random_photos) {
      UnitSelection& selection = selections.emplace_back(UnitSelection{&exemplars, {}});
      for (int64_t unit = 0; unit < exemplars.units; ++unit) {
        selection.units.push_back(unit);
        sets.push_back({opened.name, kRandomPhotos, "", -1, {}});
      }
    }
    const Array features =
        ComputeRegionFeatures(opened.run, selections, encoder_, workers_, progress_);
    for (size_t i = 0; i < sets.size(); ++i) {
      Data& data = static_cast<int64_t>(i) < annotated ? annotated_ : nulls_;
      data.Add(std::move(sets[i]), RowsOf(features, static_cast<int64_t>(i)));
    }
    AddShuffled(opened.name, features, annotated);
  }

  /// Units of a run that mean nothing: as many as there are null sets of other kinds.
  void AddNullRun(const Path& folder) {
    const OpenedRun opened = Open(folder);
    CheckK(opened);
    std::vector<std::pair<size_t, int64_t>> units;
    for (size_t layer = 0; layer < opened.layers.size(); ++layer) {
      for (int64_t unit = 0; unit < opened.layers[layer].units; ++unit) {
        if (opened.layers[layer].IsDescribable(unit)) units.emplace_back(layer, unit);
      }
    }
    random_.Shuffle(units);
    units.resize(std::min(units.size(), static_cast<size_t>(options_.null_sets)));
    // Not sorted by layer: one half gives the threshold, the other one is for judging it.
    std::vector<UnitSelection> selections;
    for (const auto& [layer, unit] : units) {
      selections.push_back({&opened.layers[layer], {unit}});
    }
    const Array features =
        ComputeRegionFeatures(opened.run, selections, encoder_, workers_, progress_);
    for (size_t i = 0; i < units.size(); ++i) {
      nulls_.Add(
          {opened.name, opened.name, opened.layers[units[i].first].layer, units[i].second, {}},
          RowsOf(features, static_cast<int64_t>(i)));
    }
  }

  CalibrationData Finish() {
    CalibrationData data;
    data.annotated = static_cast<int64_t>(annotated_.sets.size());
    if (data.annotated == 0) {
      throw InputError("the annotations have no usable unit of the split '" + options_.split + "'");
    }
    data.sets = std::move(annotated_.sets);
    data.sets.insert(data.sets.end(), nulls_.sets.begin(), nulls_.sets.end());
    data.features.values = std::move(annotated_.values);
    data.features.values.insert(data.features.values.end(), nulls_.values.begin(),
                                nulls_.values.end());
    data.features.shape = {static_cast<int64_t>(data.sets.size()), k_, encoder_.feature_size()};
    return data;
  }

 private:
  struct Data {
    std::vector<CalibrationSet> sets;
    std::vector<float> values;
    void Add(CalibrationSet set, std::span<const float> rows) {
      sets.push_back(std::move(set));
      values.insert(values.end(), rows.begin(), rows.end());
    }
  };

  int64_t SetsPerSource() const {
    const auto sources = static_cast<int64_t>(options_.sources.size());
    return (options_.null_sets + sources - 1) / sources;
  }

  static std::span<const float> RowsOf(const Array& features, int64_t set) {
    const auto size = static_cast<size_t>(features.shape[1] * features.shape[2]);
    return std::span(features.values).subspan(static_cast<size_t>(set) * size, size);
  }

  void CheckK(const OpenedRun& opened) {
    const int64_t k = opened.run.manifest.k;
    if (k_ == 0) k_ = k;
    if (k == k_) return;
    throw InputError(opened.run.folder.string() + ": has " + std::to_string(k) +
                     " exemplars per unit, another run " + std::to_string(k_) +
                     "; a bundle is calibrated for one number");
  }

  /// Sets of exemplars of different annotated units of a run.
  void AddShuffled(const std::string& network, const Array& features, int64_t units) {
    if (units < 2) return;
    const auto size = static_cast<size_t>(features.shape[2]);
    for (int64_t set = 0; set < SetsPerSource(); ++set) {
      const std::vector<size_t> order = random_.Permutation(static_cast<size_t>(units));
      std::vector<float> rows;
      for (int64_t rank = 0; rank < k_; ++rank) {
        const auto unit = static_cast<int64_t>(order[static_cast<size_t>(rank) % order.size()]);
        const auto row =
            RowsOf(features, unit)
                .subspan(static_cast<size_t>(random_.Below(static_cast<uint64_t>(k_))) * size,
                         size);
        rows.insert(rows.end(), row.begin(), row.end());
      }
      nulls_.Add({network, kShuffled, "", -1, {}}, rows);
    }
  }

  /// Random photos, each under the mask that a random unit has on some other photo. One set of
  /// "units" per layer, whose maps they borrow.
  std::vector<ExemplarSet> RandomPhotos(const OpenedRun& opened, int64_t count) {
    std::vector<int32_t> readable;
    for (size_t id = 0; id < opened.run.photos.size(); ++id) {
      const PhotoRecord& photo = opened.run.photos[id];
      if (photo.failure.empty() && photo.width > 0) readable.push_back(static_cast<int32_t>(id));
    }
    std::vector<ExemplarSet> result;
    if (readable.empty()) return result;
    for (const ExemplarSet& source : opened.layers) {
      std::vector<int64_t> units;
      for (int64_t unit = 0; unit < source.units; ++unit) {
        if (source.IsDescribable(unit) && !source.IsSaturated(unit)) units.push_back(unit);
      }
      if (units.empty()) continue;
      const auto layers = static_cast<int64_t>(opened.layers.size());
      const auto place = static_cast<int64_t>(&source - opened.layers.data());
      const int64_t here = count / layers + (place < count % layers ? 1 : 0);
      if (here > 0) result.push_back(RandomPhotosUnder(source, units, readable, here));
    }
    return result;
  }

  ExemplarSet RandomPhotosUnder(const ExemplarSet& source, const std::vector<int64_t>& units,
                                const std::vector<int32_t>& readable, int64_t count) {
    ExemplarSet set;
    set.layer = source.layer;
    set.k = k_;
    set.height = source.height;
    set.width = source.width;
    set.border = MaskBorder::kClamp;
    for (int64_t i = 0; i < count; ++i) {
      ++set.units;
      for (int64_t rank = 0; rank < k_; ++rank) {
        set.photo_ids.push_back(readable[random_.Below(readable.size())]);
        set.activations.push_back(1);
        const int64_t unit = units[random_.Below(units.size())];
        const auto places = static_cast<uint64_t>(source.CountOf(unit));
        // Moved so that every exemplar's own threshold is at 0.
        for (const float value : source.Map(unit, static_cast<int64_t>(random_.Below(places)))) {
          set.maps.push_back(ToHalf(value - source.thresholds[static_cast<size_t>(unit)]));
        }
      }
      set.thresholds.push_back(0);
      set.minima.push_back(std::numeric_limits<float>::lowest());
      set.maxima.push_back(std::numeric_limits<float>::max());
      set.states.push_back(UnitState::kAlive);
    }
    return set;
  }

  const CalibrateOptions& options_;
  const int workers_;
  const Encoder& encoder_;
  Progress& progress_;
  Random random_;
  int64_t k_ = 0;
  Data annotated_;
  Data nulls_;
};

}  // namespace

CalibrationData ReadCalibrationData(const CalibrateOptions& options, const Encoder& encoder,
                                    Progress& progress) {
  Collector collector(options, encoder, progress);
  for (const TrainingSource& source : options.sources) collector.AddSource(source);
  for (const Path& run : options.null_runs) collector.AddNullRun(run);
  return collector.Finish();
}

}  // namespace milan
