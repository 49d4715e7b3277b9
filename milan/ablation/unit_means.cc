#include "milan/ablation/unit_means.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>

#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/network/batch_of_one.h"
#include "milan/network/engine.h"

namespace milan {
namespace {

using Sums = std::vector<std::vector<double>>;  ///< Per layer and unit.

/// Adds up the photos in their order, whoever is ready first: sums of floating-point numbers depend
/// on it.
class OrderedSum {
 public:
  explicit OrderedSum(const std::vector<UnitAxis>& layers) {
    for (const UnitAxis& axis : layers) total_.emplace_back(axis.units, 0.0);
  }

  /// Empty means of a photo that is left out.
  void Add(int64_t photo, Sums means) {
    waiting_.emplace(photo, std::move(means));
    for (auto next = waiting_.begin(); next != waiting_.end() && next->first == next_photo_;
         next = waiting_.erase(next), ++next_photo_) {
      if (next->second.empty()) continue;
      ++photos_;
      for (size_t i = 0; i < total_.size(); ++i) {
        for (size_t unit = 0; unit < total_[i].size(); ++unit) {
          total_[i][unit] += next->second[i][unit];
        }
      }
    }
  }

  int64_t photos() const { return photos_; }
  const Sums& total() const { return total_; }

 private:
  Sums total_;
  std::map<int64_t, Sums> waiting_;
  int64_t next_photo_ = 0;
  int64_t photos_ = 0;
};

std::vector<double> MeansOf(const ArrayView& value, const UnitAxis& axis) {
  MILAN_CHECK(std::ssize(value.shape) == axis.rank && value.shape[axis.axis] == axis.units,
              "the layer has another shape than was said");
  int64_t after = 1;
  for (int i = axis.axis + 1; i < axis.rank; ++i) after *= value.shape[i];
  std::vector<double> means(axis.units, 0.0);
  for (size_t i = 0; i < value.values.size(); ++i) {
    means[static_cast<int64_t>(i) / after % axis.units] += value.values[i];
  }
  const auto per_unit = static_cast<double>(value.values.size()) / static_cast<double>(axis.units);
  for (double& mean : means) mean /= per_unit;
  return means;
}

}  // namespace

std::vector<std::vector<float>> UnitMeans(const Network& network,
                                          const std::vector<UnitAxis>& layers,
                                          const PhotoSet& photos,
                                          const Preprocessing& preprocessing, int workers,
                                          Progress& progress) {
  std::vector<std::string> names;
  for (const UnitAxis& axis : layers) names.push_back(axis.layer);
  const auto engine = CreateEngineForOne(network.Tap(names));
  if (workers < 1) workers = DefaultWorkers();
  const Shape shape = InputShape(preprocessing);
  std::vector<Array> inputs(workers, {shape, std::vector<float>(ElementCount(shape))});
  OrderedSum sum(layers);
  std::mutex mutex;
  int64_t done = 0;
  progress.Begin("means", std::ssize(photos.photos), "photos");
  ParallelFor(workers, std::ssize(photos.photos), [&](int worker, int64_t id) {
    const DecodeResult photo = LoadPhoto(photos, id);
    Sums means;
    if (photo.ok()) {
      Normalize(preprocessing, Picture(preprocessing, photo.image), inputs[worker].values);
      const ArrayView view = inputs[worker].View();
      engine->Run({&view, 1}, [&](std::span<const ArrayView> values) {
        for (size_t i = 0; i < layers.size(); ++i) means.push_back(MeansOf(values[i], layers[i]));
      });
    }
    const std::lock_guard lock(mutex);
    if (!photo.ok()) progress.Warn(photos.PathOf(id).string() + ": " + photo.failure);
    sum.Add(id, std::move(means));
    progress.Update(++done);
    ThrowIfCancelled(progress);
  });
  progress.End();
  if (sum.photos() == 0) {
    throw InputError(photos.root.string() + ": no photo could be decoded, so there are no means");
  }
  std::vector<std::vector<float>> result;
  for (const auto& total : sum.total()) {
    std::vector<float>& means = result.emplace_back();
    for (const double value : total) {
      means.push_back(static_cast<float>(value / static_cast<double>(sum.photos())));
    }
  }
  return result;
}

}  // namespace milan
