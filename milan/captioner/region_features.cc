#include "milan/captioner/region_features.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/exemplar/mask.h"
#include "milan/image/photo_set.h"

namespace milan {
namespace {

/// Two neighbouring source indices of a bilinear sample and the weight of the second.
struct Sample {
  int first;
  int second;
  float weight;
};

std::vector<Sample> SamplePositions(int source_size, int size) {
  std::vector<Sample> samples;
  const float scale = static_cast<float>(source_size) / static_cast<float>(size);
  for (int i = 0; i < size; ++i) {
    const float position = std::max(0.0F, (static_cast<float>(i) + 0.5F) * scale - 0.5F);
    const int first = std::min(static_cast<int>(position), source_size - 1);
    samples.push_back(
        {first, std::min(first + 1, source_size - 1), position - static_cast<float>(first)});
  }
  return samples;
}

/// One exemplar to pool: whose, and where its features go.
struct Place {
  const ExemplarSet* exemplars;
  int64_t unit;
  int64_t rank;
  int64_t row;  ///< Of the result, [units * k].
};

/// All exemplars by the photo that they show.
std::map<int32_t, std::vector<Place>> GroupByPhoto(std::span<const UnitSelection> selections) {
  std::map<int32_t, std::vector<Place>> places;
  int64_t row = 0;
  for (const UnitSelection& selection : selections) {
    const ExemplarSet& exemplars = *selection.exemplars;
    for (const int64_t unit : selection.units) {
      for (int64_t rank = 0; rank < exemplars.CountOf(unit); ++rank) {
        places[exemplars.PhotoId(unit, rank)].push_back({&exemplars, unit, rank, row + rank});
      }
      row += exemplars.k;
    }
  }
  return places;
}

/// Fills the places of units with fewer than k exemplars with those that they have, in turn.
void RepeatExemplars(std::span<const UnitSelection> selections, Array& features) {
  const auto size = static_cast<size_t>(features.shape[2]);
  size_t row = 0;
  for (const UnitSelection& selection : selections) {
    for (const int64_t unit : selection.units) {
      const auto k = static_cast<size_t>(selection.exemplars->k);
      const auto count = static_cast<size_t>(selection.exemplars->CountOf(unit));
      MILAN_CHECK(count > 0, "a unit without exemplars has no region features");
      for (size_t rank = count; rank < k; ++rank) {
        std::copy_n(features.values.begin() + static_cast<int64_t>((row + rank - count) * size),
                    size, features.values.begin() + static_cast<int64_t>((row + rank) * size));
      }
      row += k;
    }
  }
}

Image LoadRunPhoto(const PhotoSet& photos, int32_t id) {
  DecodeResult photo = LoadPhoto(photos, static_cast<size_t>(id));
  if (!photo.ok()) {
    throw InputError(photos.PathOf(static_cast<size_t>(id)).string() + ": " + photo.failure +
                     "; the run's photos must stay where they were");
  }
  return std::move(photo.image);
}

class Pooling {
 public:
  Pooling(const Run& run, const Encoder& encoder, Array& features)
      : run_(run), photos_(run.Photos()), encoder_(encoder), features_(features) {}

  void AddPhoto(int32_t photo_id, const std::vector<Place>& places) {
    const Image photo = LoadRunPhoto(photos_, photo_id);
    encoder_.Run(photo, run_.manifest.preprocessing, [&](std::span<const ArrayView> levels) {
      const PhotoRegions regions(encoder_, levels);
      for (const Place& place : places) AddExemplar(place, regions);
    });
  }

 private:
  void AddExemplar(const Place& place, const PhotoRegions& regions) {
    const ExemplarSet& exemplars = *place.exemplars;
    const std::vector<uint8_t> mask =
        exemplars.Mask(place.unit, place.rank, {encoder_.height(), encoder_.width()});
    const auto size = static_cast<size_t>(features_.shape[2]);
    const auto row =
        std::span(features_.values).subspan(static_cast<size_t>(place.row) * size, size);
    regions.Pool(mask, row);
  }

  const Run& run_;
  const PhotoSet photos_;
  const Encoder& encoder_;
  Array& features_;
};

}  // namespace

PoolingWeights PoolingWeightsOf(std::span<const uint8_t> mask, int mask_height, int mask_width,
                                int height, int width) {
  constexpr float kZero = 1e-8F;
  const std::vector<Sample> rows = SamplePositions(mask_height, height);
  const std::vector<Sample> columns = SamplePositions(mask_width, width);
  PoolingWeights pooling;
  double sum = 0;
  bool any = false;
  for (int y = 0; y < height; ++y) {
    const Sample& row = rows[static_cast<size_t>(y)];
    const uint8_t* upper = mask.data() + static_cast<ptrdiff_t>(row.first) * mask_width;
    const uint8_t* lower = mask.data() + static_cast<ptrdiff_t>(row.second) * mask_width;
    for (int x = 0; x < width; ++x) {
      const Sample& column = columns[static_cast<size_t>(x)];
      const auto mix = [&](const uint8_t* line) {
        const auto left = static_cast<float>(line[column.first]);
        return left + column.weight * (static_cast<float>(line[column.second]) - left);
      };
      const float above = mix(upper);
      const float value = above + row.weight * (mix(lower) - above);
      if (value == 0.0F) continue;
      pooling.positions.push_back(y * width + x);
      pooling.weights.push_back(value);
      sum += value;
      any = any || std::abs(value) > kZero;
    }
  }
  if (!any) return pooling;
  for (float& weight : pooling.weights) weight = static_cast<float>(weight / sum);
  return pooling;
}

void Pool(const ArrayView& level, const PoolingWeights& weights, std::span<float> output) {
  const auto area = static_cast<size_t>(level.shape[2] * level.shape[3]);
  for (size_t channel = 0; channel < output.size(); ++channel) {
    const float* map = level.values.data() + channel * area;
    double sum = 0;
    for (size_t i = 0; i < weights.positions.size(); ++i) {
      sum += weights.weights[i] * map[weights.positions[i]];
    }
    output[channel] = static_cast<float>(sum);
  }
}

void PoolLevels(std::span<const ArrayView> levels, std::span<const uint8_t> mask, int mask_height,
                int mask_width, std::span<float> output) {
  size_t offset = 0;
  for (const ArrayView& level : levels) {
    const auto channels = static_cast<size_t>(level.shape[1]);
    const PoolingWeights weights =
        PoolingWeightsOf(mask, mask_height, mask_width, static_cast<int>(level.shape[2]),
                         static_cast<int>(level.shape[3]));
    Pool(level, weights, output.subspan(offset, channels));
    offset += channels;
  }
  MILAN_CHECK(offset == output.size(), "levels of another size than the features");
}

PhotoRegions::PhotoRegions(const Encoder& encoder, std::span<const ArrayView> levels)
    : encoder_(encoder), levels_(levels) {
  if (encoder.regions() == Regions::kMasked) return;
  for (const ArrayView& level : levels) {
    const std::vector<float> means = MeanOverPhoto(level);
    photo_.insert(photo_.end(), means.begin(), means.end());
  }
}

void PhotoRegions::Pool(std::span<const uint8_t> mask, std::span<float> output) const {
  if (encoder_.regions() == Regions::kMasked) {
    PoolLevels(levels_, mask, encoder_.height(), encoder_.width(), output);
  } else {
    PoolInContext(levels_, photo_, mask, encoder_.height(), encoder_.width(), output);
  }
}

Array ComputeRegionFeatures(const Run& run, std::span<const UnitSelection> selections,
                            const Encoder& encoder, int workers, Progress& progress) {
  Array features{{0, 0, encoder.feature_size()}, {}};
  for (const UnitSelection& selection : selections) {
    features.shape[0] += static_cast<int64_t>(selection.units.size());
    features.shape[1] = selection.exemplars->k;
  }
  features.values.resize(static_cast<size_t>(ElementCount(features.shape)));

  const auto grouped = GroupByPhoto(selections);
  std::vector<const std::pair<const int32_t, std::vector<Place>>*> photos;
  photos.reserve(grouped.size());
  for (const auto& photo : grouped) photos.push_back(&photo);
  progress.Begin("region features", static_cast<int64_t>(photos.size()), "photos");
  Pooling pooling(run, encoder, features);
  std::mutex mutex;
  int64_t done = 0;
  ParallelFor(workers, static_cast<int64_t>(photos.size()), [&](int, int64_t i) {
    ThrowIfCancelled(progress);
    const auto& [id, places] = *photos[static_cast<size_t>(i)];
    pooling.AddPhoto(id, places);
    const std::lock_guard lock(mutex);
    progress.Update(++done);
  });
  progress.End();
  RepeatExemplars(selections, features);
  return features;
}

Array ComputeRegionFeatures(const Run& run, const std::vector<UnitName>& units,
                            const Encoder& encoder, int workers, Progress& progress) {
  std::vector<ExemplarSet> layers;
  std::vector<UnitSelection> selections;
  for (const UnitName& unit : units) {
    if (layers.empty() || layers.back().layer != unit.layer) {
      layers.push_back(run.Exemplars(unit.layer));
      selections.emplace_back();
    }
    selections.back().units.push_back(unit.unit);
  }
  for (size_t i = 0; i < layers.size(); ++i) selections[i].exemplars = &layers[i];
  return ComputeRegionFeatures(run, selections, encoder, workers, progress);
}

}  // namespace milan
