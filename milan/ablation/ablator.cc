#include "milan/ablation/ablator.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "milan/ablation/value_store.h"
#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/network/ablatable.h"
#include "milan/network/batch_of_one.h"
#include "milan/network/engine.h"

namespace milan {
namespace {

/// Sets that a worker judges of one photo before it takes the next: so many that reading the
/// photo's values does not matter, so few that workers end together.
constexpr int64_t kSetsAtOnce = 256;

/// Lets one worker at a time speak.
class SharedProgress {
 public:
  explicit SharedProgress(Progress& progress) : progress_(progress) {}
  void Advance(int64_t items) {
    const std::lock_guard lock(mutex_);
    progress_.Update(done_ += items);
    ThrowIfCancelled(progress_);
  }
  void Warn(const std::string& text) {
    const std::lock_guard lock(mutex_);
    progress_.Warn(text);
  }

 private:
  Progress& progress_;
  std::mutex mutex_;
  int64_t done_ = 0;
};

/// One number per class: every size but one is 1.
void RequireClasses(const ArrayView& output, const std::string& name) {
  const bool is_list = !output.values.empty() &&
                       std::any_of(output.shape.begin(), output.shape.end(), [&](int64_t size) {
                         return size == static_cast<int64_t>(output.values.size());
                       });
  if (is_list) return;
  throw InputError(fmt::format(
      "output '{}' has shape {}, not one number per class; is the network a classifier?", name,
      ToString(output.shape)));
}

/// What a network that takes several photos at once says of the first.
ArrayView FirstPlace(ArrayView output, int64_t batch) {
  if (batch == 1 || output.shape.empty() || output.shape[0] != batch) return output;
  output.shape[0] = 1;
  output.values = output.values.first(output.values.size() / static_cast<size_t>(batch));
  return output;
}

/// Where a layer's units lie in its values.
struct UnitPlaces {
  int64_t before = 1;  ///< Product of the sizes before the unit axis, and after it.
  int64_t units = 1;
  int64_t after = 1;

  UnitPlaces(const Shape& shape, int axis) : units(shape.at(axis)) {
    for (int i = 0; i < axis; ++i) before *= shape[i];
    for (size_t i = axis + 1; i < shape.size(); ++i) after *= shape[i];
  }
};

/// Writes what the edit makes of a unit, as a gate would: `values` are the layer's, `edited` is the
/// copy that is changed.
void ApplyEdit(const UnitEdit& edit, const ArrayView& values, int axis,
               std::vector<float>* edited) {
  const UnitPlaces places(values.shape, axis);
  for (int64_t i = 0; i < places.before; ++i) {
    const int64_t first = (i * places.units + edit.unit) * places.after;
    for (int64_t j = first; j < first + places.after; ++j) {
      const float scaled = edit.scale == 0 ? 0.0F : values.values[j] * edit.scale;
      (*edited)[j] = scaled + edit.shift;
    }
  }
}

void Restore(const UnitEdit& edit, const ArrayView& values, int axis, std::vector<float>* edited) {
  const UnitPlaces places(values.shape, axis);
  for (int64_t i = 0; i < places.before; ++i) {
    const int64_t first = (i * places.units + edit.unit) * places.after;
    std::copy_n(values.values.begin() + first, places.after, edited->begin() + first);
  }
}

bool IsZero(const ArrayView& value, int axis, int64_t unit) {
  const UnitPlaces places(value.shape, axis);
  for (int64_t i = 0; i < places.before; ++i) {
    const float* first = value.values.data() + (i * places.units + unit) * places.after;
    if (!std::all_of(first, first + places.after,
                     [](float x) { return std::bit_cast<uint32_t>(x) == 0; })) {
      return false;
    }
  }
  return true;
}

}  // namespace

class Ablator::Implementation {
 public:
  Implementation(const AblationInput& input, const AblationOptions& options, Progress& progress)
      : input_(input),
        options_(options),
        workers_(options.workers > 0 ? options.workers : DefaultWorkers()),
        batch_(FixedBatch(input.network)),
        store_(std::ssize(input.photos.photos), options.memory_limit),
        baseline_(input.photos.photos.size()) {
    MILAN_CHECK(input.labels.size() == baseline_.size(), "one label per photo");
    Shape shape = InputShape(input.preprocessing);
    shape[0] = batch_;
    if (input.layers.empty()) {
      suffix_ = CreateEngine(input.network.Tap({input.output}));
    } else {
      Prepare(PrepareAblation(input.network, shape, input.layers, input.output));
    }
    RunPrefix(shape, progress);
  }

  std::vector<std::vector<Verdict>> Judge(std::span<const EditSet> sets, Progress& progress) {
    for (const EditSet& set : sets) Validate(set, input_.layers);
    std::vector<std::vector<Verdict>> verdicts(sets.size(), baseline_);
    if (!prefix_) return verdicts;  // no layer, so no edit
    const int64_t chunks = (std::ssize(sets) + kSetsAtOnce - 1) / kSetsAtOnce;
    std::vector<Worker> workers(workers_, Worker(input_.layers));
    progress.Begin("ablation", std::ssize(photos_) * std::ssize(sets), "passes");
    SharedProgress shared(progress);
    ParallelFor(workers_, std::ssize(photos_) * chunks, [&](int index, int64_t item) {
      Worker& worker = workers[index];
      const int64_t photo = photos_[item / chunks];
      const int64_t first = item % chunks * kSetsAtOnce;
      const int64_t end = std::min(first + kSetsAtOnce, std::ssize(sets));
      const std::vector<ArrayView> values = store_.Get(photo, &worker.buffer);
      CopyLayers(values, worker);
      for (int64_t i = first; i < end; ++i) {
        if (IsUnchanged(sets[i], values)) {
          ++spared_;
        } else {
          verdicts[i][photo] = JudgeOne(sets[i], photo, values, worker);
        }
        if (i % 32 == 31) shared.Advance(32);
      }
      shared.Advance((end - first) - (end / 32 - first / 32) * 32);
    });
    progress.End();
    return verdicts;
  }

  const AblationInput input_;
  const AblationOptions options_;
  const int workers_;
  const int64_t batch_;  ///< Of the network; its places all hold the same photo.
  ValueStore store_;
  std::vector<Verdict> baseline_;
  std::vector<int64_t> photos_;  ///< That are judged.
  int64_t broken_ = 0;
  std::atomic<int64_t> classes_ = 0;
  std::atomic<int64_t> spared_ = 0;

 private:
  /// What one worker owns.
  struct Worker {
    explicit Worker(const std::vector<UnitAxis>& layers) {
      for (const UnitAxis& axis : layers) gates.emplace(axis.layer, NeutralGate(axis));
    }
    std::vector<float> buffer;                ///< For values that come from disk.
    std::map<std::string, GateValues> gates;  ///< Neutral between two sets.
    Array photo;
    std::map<std::string, std::vector<float>> copies;  ///< Of layers that are edited directly.
  };

  void Prepare(const AblatableNetwork& network) {
    prefix_ = CreateEngine(network.cut.prefix, kAblationEngine);
    edits_directly_ = network.plain_suffix.has_value();
    suffix_ =
        CreateEngine(edits_directly_ ? *network.plain_suffix : network.cut.suffix, kAblationEngine);
    for (const Gate& gate : network.gates) {
      const auto& crossing = network.cut.crossing;
      const auto place = std::find(crossing.begin(), crossing.end(), gate.ungated);
      if (place != crossing.end()) {
        crossing_[gate.axis.layer] = {static_cast<size_t>(place - crossing.begin()),
                                      gate.axis.axis};
      }
    }
  }

  void RunPrefix(const Shape& shape, Progress& progress) {
    std::vector<int64_t> labelled;
    for (int64_t i = 0; i < std::ssize(input_.labels); ++i) {
      if (input_.labels[i] >= 0) labelled.push_back(i);
    }
    if (labelled.empty()) throw InputError("no photo of the set has a label");
    std::vector<Worker> workers(workers_, Worker(input_.layers));
    for (Worker& worker : workers) {
      worker.photo.shape = shape;
      worker.photo.values.resize(ElementCount(shape));
    }
    progress.Begin("baseline", std::ssize(labelled), "photos");
    SharedProgress shared(progress);
    ParallelFor(workers_, std::ssize(labelled), [&](int worker, int64_t item) {
      AddPhoto(labelled[item], workers[worker], shared);
      shared.Advance(1);
    });
    progress.End();
    for (const int64_t photo : labelled) {
      if (baseline_[photo].rank >= 0) photos_.push_back(photo);
    }
    broken_ = std::ssize(labelled) - std::ssize(photos_);
    if (photos_.empty()) throw InputError("none of the labelled photos could be decoded");
  }

  void AddPhoto(int64_t id, Worker& worker, SharedProgress& progress) {
    const DecodeResult photo = LoadPhoto(input_.photos, id);
    if (!photo.ok()) {
      const std::string problem = input_.photos.PathOf(id).string() + ": " + photo.failure;
      if (options_.strict) throw InputError(problem);
      progress.Warn(problem + " (left out)");
      return;
    }
    const size_t size = worker.photo.values.size() / static_cast<size_t>(batch_);
    const std::span<float> first = std::span(worker.photo.values).first(size);
    Normalize(input_.preprocessing, Picture(input_.preprocessing, photo.image), first);
    for (int64_t i = 1; i < batch_; ++i) {
      std::copy(first.begin(), first.end(), worker.photo.values.begin() + i * std::ssize(first));
    }
    const ArrayView view = worker.photo.View();
    if (!prefix_) {
      baseline_[id] = RunSuffix({&view, 1}, id);
      return;
    }
    prefix_->Run({&view, 1}, [&](std::span<const ArrayView> values) {
      store_.Put(id, values);
      const std::vector<ArrayView> crossing(values.begin(), values.end());
      CopyLayers(crossing, worker);
      baseline_[id] = JudgeOne({}, id, crossing, worker);
    });
  }

  void CopyLayers(const std::vector<ArrayView>& values, Worker& worker) const {
    if (!edits_directly_) return;
    for (const auto& [layer, place] : crossing_) {
      const auto elements = values[place.first].values;
      worker.copies[layer].assign(elements.begin(), elements.end());
    }
  }

  Verdict JudgeOne(const EditSet& edits, int64_t photo, const std::vector<ArrayView>& values,
                   Worker& worker) {
    return edits_directly_ ? JudgeDirectly(edits, photo, values, worker)
                           : JudgeByGates(edits, photo, values, worker);
  }

  /// All edited layers cross the cut: their copies are edited, and restored.
  Verdict JudgeDirectly(const EditSet& edits, int64_t photo, const std::vector<ArrayView>& values,
                        Worker& worker) {
    std::vector<ArrayView> inputs = values;
    for (const auto& [layer, place] : crossing_) {
      inputs[place.first].values = worker.copies.at(layer);
    }
    const auto for_each_edit = [&](const auto& change) {
      for (const UnitEdit& edit : edits) {
        const auto& [place, axis] = crossing_.at(edit.layer);
        change(edit, values[place], axis, &worker.copies.at(edit.layer));
      }
    };
    for_each_edit(ApplyEdit);
    const Verdict verdict = RunSuffix(inputs, photo);
    for_each_edit(Restore);
    return verdict;
  }

  Verdict JudgeByGates(const EditSet& edits, int64_t photo, const std::vector<ArrayView>& values,
                       Worker& worker) {
    for (const UnitEdit& edit : edits) worker.gates.at(edit.layer).Set(edit);
    std::vector<ArrayView> inputs = values;
    for (const UnitAxis& axis : input_.layers) {
      inputs.push_back(worker.gates.at(axis.layer).scale.View());
      inputs.push_back(worker.gates.at(axis.layer).shift.View());
    }
    const Verdict verdict = RunSuffix(inputs, photo);
    for (const UnitEdit& edit : edits) worker.gates.at(edit.layer).Reset(edit.unit);
    return verdict;
  }

  Verdict RunSuffix(std::span<const ArrayView> inputs, int64_t photo) {
    Verdict verdict;
    suffix_->Run(inputs, [&](std::span<const ArrayView> outputs) {
      const ArrayView output = FirstPlace(outputs[0], batch_);
      RequireClasses(output, input_.output);
      const std::span<const float> scores = output.values;
      const int32_t label = input_.labels[photo];
      if (label >= std::ssize(scores)) {
        throw UsageError(
            fmt::format("photo {} has label {}, but output '{}' has {} classes, from 0",
                        input_.photos.photos[photo].name, label, input_.output, scores.size()));
      }
      classes_ = std::ssize(scores);
      verdict = milan::Judge(scores, label);
    });
    return verdict;
  }

  /// Whether the edits only make 0 what is +0 already, in layers that are computed before the cut:
  /// then the rest gets the same bits as without.
  bool IsUnchanged(const EditSet& edits, const std::vector<ArrayView>& values) const {
    if (!options_.skip_unchanged) return false;
    return std::all_of(edits.begin(), edits.end(), [&](const UnitEdit& edit) {
      const auto place = crossing_.find(edit.layer);
      return edit.scale == 0 && edit.shift == 0 && place != crossing_.end() &&
             IsZero(values[place->second.first], place->second.second, edit.unit);
    });
  }

  std::unique_ptr<Engine> prefix_;  ///< Null when nothing is to be edited.
  std::unique_ptr<Engine> suffix_;
  bool edits_directly_ = false;  ///< The suffix has no gates.
  /// Layers whose ungated value crosses the cut: its place and unit axis.
  std::map<std::string, std::pair<size_t, int>> crossing_;
};

Ablator::Ablator(const AblationInput& input, const AblationOptions& options, Progress& progress)
    : implementation_(std::make_unique<Implementation>(input, options, progress)) {}
Ablator::~Ablator() = default;

const std::vector<Verdict>& Ablator::baseline() const { return implementation_->baseline_; }
int64_t Ablator::classes() const { return implementation_->classes_; }
int64_t Ablator::broken_count() const { return implementation_->broken_; }
uint64_t Ablator::memory_bytes() const { return implementation_->store_.memory_bytes(); }
uint64_t Ablator::disk_bytes() const { return implementation_->store_.disk_bytes(); }
int64_t Ablator::spared_count() const { return implementation_->spared_; }

std::vector<std::vector<Verdict>> Ablator::Judge(std::span<const EditSet> sets,
                                                 Progress& progress) const {
  return implementation_->Judge(sets, progress);
}

AblationResult JudgeEdits(const AblationInput& input, std::span<const EditSet> sets,
                          const AblationOptions& options, Progress& progress) {
  std::map<std::set<std::string>, std::vector<size_t>> groups;
  for (size_t i = 0; i < sets.size(); ++i) {
    Validate(sets[i], input.layers);
    std::set<std::string> layers;
    for (const UnitEdit& edit : sets[i]) layers.insert(edit.layer);
    groups[layers].push_back(i);
  }
  AblationResult result;
  result.verdicts.resize(sets.size());
  for (const auto& [names, members] : groups) {
    std::vector<UnitAxis> layers;
    for (const UnitAxis& axis : input.layers) {
      if (names.contains(axis.layer)) layers.push_back(axis);
    }
    const Ablator ablator(
        {input.network, layers, input.output, input.photos, input.labels, input.preprocessing},
        options, progress);
    if (result.baseline.empty()) result.baseline = ablator.baseline();
    if (layers.empty()) {
      for (const size_t member : members) result.verdicts[member] = ablator.baseline();
      continue;
    }
    std::vector<EditSet> group;
    for (const size_t member : members) group.push_back(sets[member]);
    auto verdicts = ablator.Judge(group, progress);
    for (size_t i = 0; i < members.size(); ++i) {
      result.verdicts[members[i]] = std::move(verdicts[i]);
    }
  }
  return result;
}

}  // namespace milan
