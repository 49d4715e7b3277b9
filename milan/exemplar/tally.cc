#include "milan/exemplar/tally.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/exemplar/photo_loader.h"

namespace milan {
namespace {

using Clock = std::chrono::steady_clock;

/// What one worker owns: its own statistics, so that workers never wait for each other, and the
/// network's inputs, reused for every photo.
struct Worker {
  std::vector<LayerStatistics> statistics;
  std::vector<Array> inputs;
};

/// One call of ContinueTally: rounds of photos, after each of which the state is saved.
class TallyPass {
 public:
  TallyPass(const TallyInput& input, const TallyOptions& options, const TallyPlan& plan,
            TallyState& state, Progress& progress)
      : input_(input),
        load_(LoaderOf(input)),
        options_(options),
        plan_(plan),
        state_(state),
        progress_(progress) {}

  void Run() {
    std::vector<int64_t> waiting = UnseenPhotos();
    progress_.Begin("exemplars", static_cast<int64_t>(waiting.size()), "photos");
    MakeWorkers(waiting.size());
    while (!waiting.empty()) {
      try {
        RunRound(waiting);
      } catch (...) {
        KeepWhatIsWhole();
        throw;
      }
      waiting = is_exhausted_ ? std::vector<int64_t>{} : UnseenPhotos();
      if (!waiting.empty()) plan_.save(state_);
    }
    progress_.End();
  }

 private:
  std::vector<int64_t> UnseenPhotos() const {
    std::vector<int64_t> unseen;
    for (int64_t id = plan_.begin; id < plan_.end; ++id) {
      if (!state_.photos[id]) unseen.push_back(id);
    }
    return unseen;
  }

  /// No more than photos: a worker holds memory for every unit.
  void MakeWorkers(size_t photos) {
    const int64_t wanted = options_.workers > 0 ? options_.workers : DefaultWorkers();
    const auto count =
        std::clamp<int64_t>(wanted, 1, std::max<int64_t>(std::ssize(state_.photos), 1));
    workers_.resize(std::min<size_t>(count, std::max<size_t>(photos, 1)));
    for (Worker& worker : workers_) {
      if (&worker != &workers_.front()) {  // the first one works on the state itself
        worker.statistics =
            EmptyState(input_.layers, 0, PhotosToKeep(options_.k, options_.also)).layers;
      }
      worker.inputs = EmptyInputs(input_);
    }
  }

  /// Photos until it is time to save.
  void RunRound(const std::vector<int64_t>& photos) {
    workers_.front().statistics = std::move(state_.layers);
    const auto time_to_save =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(
                           std::chrono::duration<double>(plan_.save_every_seconds));
    ParallelFor(static_cast<int>(workers_.size()), std::ssize(photos), [&](int worker, int64_t i) {
      if (Clock::now() >= time_to_save) return;
      if (const auto id = TakePhoto(photos[i])) AddPhoto(workers_[worker], *id);
    });
    MergeWorkers();
  }

  /// The photo whose turn it is, unless other ranks share the work: then what they have left.
  std::optional<int64_t> TakePhoto(int64_t turn) {
    if (!plan_.take) return turn;
    if (is_exhausted_) return std::nullopt;
    const auto id = plan_.take();
    if (!id) is_exhausted_ = true;
    return id;
  }

  /// The workers keep their memory for the next round: given back and taken anew from round to
  /// round, by other threads, it would spread over the allocator's arenas and grow.
  void MergeWorkers() {
    state_.layers = std::move(workers_.front().statistics);
    for (size_t i = 1; i < workers_.size(); ++i) {
      for (size_t layer = 0; layer < state_.layers.size(); ++layer) {
        state_.layers[layer].Merge(workers_[i].statistics[layer]);
        workers_[i].statistics[layer].Clear();
      }
    }
  }

  /// After an error outside of the statistics, which are then whole.
  void KeepWhatIsWhole() {
    if (is_torn_) return;
    MergeWorkers();
    plan_.save(state_);
  }

  void AddPhoto(Worker& worker, int64_t id) {
    StopIfCancelled();
    PhotoRecord record = load_(id, worker.inputs);
    if (record.failure.empty()) AddActivations(worker, static_cast<int32_t>(id));
    Report(id, std::move(record));
  }

  void StopIfCancelled() {
    const std::lock_guard lock(mutex_);  // progress is called by one worker at a time
    ThrowIfCancelled(progress_);
  }

  void AddActivations(Worker& worker, int32_t id) try {
    std::vector<ArrayView> inputs;
    for (const Array& input : worker.inputs) inputs.push_back(input.View());
    input_.engine.Run(inputs, [&](std::span<const ArrayView> outputs) {
      MILAN_CHECK(outputs.size() == input_.layers.size(),
                  "the engine's outputs are not the layers");
      for (size_t i = 0; i < outputs.size(); ++i) AddLayer(worker, id, i, outputs[i]);
    });
  } catch (...) {
    const std::lock_guard lock(mutex_);
    is_torn_ = true;
    throw;
  }

  void AddLayer(Worker& worker, int32_t id, size_t layer, const ArrayView& activations) const {
    try {
      worker.statistics[layer].Add(id, activations);
    } catch (const Error& error) {
      throw Error(error.kind(), "layer '" + input_.layers[layer].name + "': " + error.what());
    }
  }

  void Report(int64_t id, PhotoRecord record) {
    const std::lock_guard lock(mutex_);
    const std::string message = record.name + ": " + record.failure;
    const bool is_broken = !record.failure.empty();
    if (is_broken && options_.strict) throw InputError(message + " (--strict)");
    state_.photos[id] = std::move(record);
    progress_.Update(++done_);
    if (is_broken) progress_.Warn(message + "; skipped");
  }

  const TallyInput& input_;
  const PhotoLoader load_;
  const TallyOptions& options_;
  const TallyPlan& plan_;
  TallyState& state_;
  Progress& progress_;
  std::vector<Worker> workers_;
  std::mutex mutex_;
  int64_t done_ = 0;
  std::atomic<bool> is_exhausted_ = false;  ///< No rank has photos left.
  bool is_torn_ = false;                    ///< Some layers have a photo that others have not.
};

}  // namespace

void Validate(const TallyOptions& options) {
  if (options.k < 1 || options.k > 1000) {
    throw UsageError("--exemplars " + std::to_string(options.k) + ": expected 1 to 1000");
  }
  for (const ExemplarKind kind : options.also) {
    if (kind == ExemplarKind::kStrongest ||
        std::count(options.also.begin(), options.also.end(), kind) > 1) {
      throw UsageError("--also " + ToString(kind) + ": is kept anyway");
    }
  }
  if (!(options.quantile > 0 && options.quantile < 1)) {
    throw UsageError("--quantile " + std::to_string(options.quantile) +
                     ": expected a number between 0 and 1");
  }
  if (options.workers < 0 || options.workers > 1024) {
    throw UsageError("--workers " + std::to_string(options.workers) + ": expected 1 to 1024");
  }
}

void ContinueTally(const TallyInput& input, const TallyOptions& options, const TallyPlan& plan,
                   TallyState& state, Progress& progress) {
  Validate(options);
  MILAN_CHECK(plan.begin >= 0 && plan.end <= std::ssize(state.photos) &&
                  state.photos.size() == input.photos.photos.size() &&
                  state.layers.size() == input.layers.size(),
              "a plan or a state of other photos or layers");
  TallyPass(input, options, plan, state, progress).Run();
}

void RequirePhotos(const TallyState& state, const PhotoSet& photos) {
  const auto is_good = [](const auto& photo) { return photo && photo->failure.empty(); };
  if (std::any_of(state.photos.begin(), state.photos.end(), is_good)) return;
  const auto first = std::find_if(state.photos.begin(), state.photos.end(),
                                  [](const auto& photo) { return photo.has_value(); });
  if (first == state.photos.end()) throw InputError(photos.root.string() + ": no photos");
  throw InputError(photos.root.string() + ": none of its " + std::to_string(state.Seen()) +
                   " photos could be read; the first: " + (*first)->name + ": " +
                   (*first)->failure);
}

ExemplarSet FinishLayer(TallyState& state, size_t layer, const TallyOptions& options,
                        ExemplarKind kind) {
  ExemplarSet set = state.layers.at(layer).Finish(state.names.at(layer), options.quantile, kind);
  set.border = options.border;
  return set;
}

TallyResult Tally(const TallyInput& input, const TallyOptions& options, Progress& progress) {
  TallyState state =
      EmptyState(input.layers, input.photos.photos.size(), PhotosToKeep(options.k, options.also));
  TallyPlan plan;
  plan.end = std::ssize(state.photos);
  ContinueTally(input, options, plan, state, progress);
  RequirePhotos(state, input.photos);
  TallyResult result;
  for (size_t i = 0; i < input.layers.size(); ++i) {
    result.layers.push_back(FinishLayer(state, i, options));
  }
  for (const auto& photo : state.photos) result.photos.push_back(*photo);
  return result;
}

}  // namespace milan
