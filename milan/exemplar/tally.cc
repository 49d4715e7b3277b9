#include "milan/exemplar/tally.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/exemplar/layer_statistics.h"

namespace milan {
namespace {

/// What one worker owns: its own statistics, so that workers never wait for each other, and the
/// network's input, reused for every photo.
struct Worker {
  std::vector<LayerStatistics> statistics;
  Array input;
};

/// What Tally is given.
struct Task {
  Engine& engine;
  const std::vector<Layer>& layers;
  const PhotoSet& photos;
  const Preprocessing& preprocessing;
  const TallyOptions& options;
  Progress& progress;
};

/// The tally of one photo set; lives for one call of Tally.
class TallyPass {
 public:
  explicit TallyPass(const Task& task) : task_(task), records_(task.photos.photos.size()) {}

  TallyResult Run() {
    const auto started = std::chrono::steady_clock::now();
    const int workers = CountWorkers();
    workers_.reserve(workers);
    for (int i = 0; i < workers; ++i) workers_.push_back(MakeWorker());
    task_.progress.Begin("exemplars", static_cast<int64_t>(records_.size()), "photos");
    ParallelFor(workers, static_cast<int64_t>(records_.size()),
                [this](int worker, int64_t id) { AddPhoto(workers_[worker], id); });
    task_.progress.End();
    TallyResult result;
    result.layers = MergeWorkers();
    result.photos = std::move(records_);
    result.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return result;
  }

 private:
  /// No more than photos: a worker holds memory for every unit.
  int CountWorkers() const {
    const int64_t wanted = task_.options.workers > 0 ? task_.options.workers : DefaultWorkers();
    return static_cast<int>(std::clamp<int64_t>(wanted, 1, std::max<size_t>(records_.size(), 1)));
  }

  Worker MakeWorker() const {
    Worker worker;
    for (const Layer& layer : task_.layers) {
      worker.statistics.emplace_back(layer.units, layer.height, layer.width, task_.options.k);
    }
    worker.input.shape = {1, 3, task_.preprocessing.Height(), task_.preprocessing.Width()};
    worker.input.values.resize(ElementCount(worker.input.shape));
    return worker;
  }

  void AddPhoto(Worker& worker, int64_t id) {
    StopIfCancelled();
    PhotoRecord& record = records_[id];
    record.name = task_.photos.photos[id].name;
    record.bytes = task_.photos.photos[id].bytes;
    const DecodeResult photo = LoadPhoto(task_.photos, id, &record.hash);
    if (photo.ok()) {
      record.width = photo.image.width;
      record.height = photo.image.height;
      Normalize(task_.preprocessing, Picture(task_.preprocessing, photo.image),
                worker.input.values);
      AddActivations(worker, static_cast<int32_t>(id));
    } else {
      record.failure = photo.failure;
    }
    Report(record);
  }

  void StopIfCancelled() {
    const std::lock_guard lock(mutex_);  // progress is called by one worker at a time
    ThrowIfCancelled(task_.progress);
  }

  void AddActivations(Worker& worker, int32_t id) {
    const ArrayView input = worker.input.View();
    task_.engine.Run(std::span(&input, 1), [&](std::span<const ArrayView> outputs) {
      MILAN_CHECK(outputs.size() == task_.layers.size(), "the engine's outputs are not the layers");
      for (size_t i = 0; i < outputs.size(); ++i) {
        try {
          worker.statistics[i].Add(id, outputs[i]);
        } catch (const Error& error) {
          throw Error(error.kind(), "layer '" + task_.layers[i].name + "': " + error.what());
        }
      }
    });
  }

  void Report(const PhotoRecord& record) {
    const std::lock_guard lock(mutex_);
    task_.progress.Update(++done_);
    if (record.failure.empty()) return;
    const std::string message = record.name + ": " + record.failure;
    if (task_.options.strict) throw InputError(message + " (--strict)");
    task_.progress.Warn(message + "; skipped");
  }

  std::vector<ExemplarSet> MergeWorkers() {
    const bool any = std::any_of(records_.begin(), records_.end(),
                                 [](const PhotoRecord& photo) { return photo.failure.empty(); });
    if (!any) {
      if (records_.empty()) throw InputError(task_.photos.root.string() + ": no photos");
      throw InputError(task_.photos.root.string() + ": none of its " +
                       std::to_string(records_.size()) + " photos could be read; the first: " +
                       records_.front().name + ": " + records_.front().failure);
    }
    std::vector<ExemplarSet> sets;
    for (size_t i = 0; i < task_.layers.size(); ++i) {
      LayerStatistics& whole = workers_.front().statistics[i];
      for (size_t worker = 1; worker < workers_.size(); ++worker) {
        whole.Merge(std::move(workers_[worker].statistics[i]));
      }
      sets.push_back(whole.Finish(task_.layers[i].name, task_.options.quantile));
    }
    return sets;
  }

  Task task_;
  std::vector<Worker> workers_;
  std::vector<PhotoRecord> records_;
  std::mutex mutex_;
  int64_t done_ = 0;
};

}  // namespace

void Validate(const TallyOptions& options) {
  if (options.k < 1 || options.k > 1000) {
    throw UsageError("--exemplars " + std::to_string(options.k) + ": expected 1 to 1000");
  }
  if (!(options.quantile > 0 && options.quantile < 1)) {
    throw UsageError("--quantile " + std::to_string(options.quantile) +
                     ": expected a number between 0 and 1");
  }
  if (options.workers < 0 || options.workers > 1024) {
    throw UsageError("--workers " + std::to_string(options.workers) + ": expected 1 to 1024");
  }
}

// The inputs of the pass, its options, its observer. NOLINTNEXTLINE(readability-function-size)
TallyResult Tally(Engine& engine, const std::vector<Layer>& layers, const PhotoSet& photos,
                  const Preprocessing& preprocessing, const TallyOptions& options,
                  Progress& progress) {
  Validate(options);
  return TallyPass({engine, layers, photos, preprocessing, options, progress}).Run();
}

}  // namespace milan
