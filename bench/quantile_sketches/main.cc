// Summaries of a unit's activations: milan's histogram beside KLL and t-digest, on real
// activations.
//
//   quantile_bench compare PHOTOS COUNT NETWORK.onnx LAYER [NETWORK.onnx LAYER]...
//     memory, time, rank errors, and whether order and division change the result (decision 0008)
//   quantile_bench accuracy PHOTOS COUNT NETWORK.onnx...
//     rank error of milan's thresholds for every layer described by default (docs/accuracy.md)

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <exception>
#include <functional>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "bench/quantile_sketches/kll.h"
#include "bench/quantile_sketches/layer_values.h"
#include "bench/quantile_sketches/t_digest.h"
#include "milan/base/random.h"
#include "milan/exemplar/activation_histogram.h"

namespace milan {
namespace {

constexpr std::array kQuantiles = {0.5, 0.9, 0.99, 0.999};
constexpr int kRounds = 3;
constexpr size_t kParts = 3;
constexpr double kGoal = 0.0005;  // of rank errors

/// ActivationHistogram with what the others have.
class Histogram {
 public:
  void Add(std::span<const float> values) { histogram_.Add(values); }
  void Merge(const Histogram& other) { histogram_.Merge(other.histogram_); }
  void Flush() { histogram_.Flush(); }
  float Quantile(double q) const { return histogram_.Quantile(q); }
  size_t MemoryBytes() const { return sizeof(histogram_) + histogram_.bytes(); }
  std::string State() const {
    const ActivationHistogram::Totals totals = histogram_.ExportTotals();
    std::string state;
    const auto append = [&](const auto* data, size_t count) {
      state.append(reinterpret_cast<const char*>(data), count * sizeof(*data));
    };
    append(&totals.minimum, 1);
    append(&totals.maximum, 1);
    append(&totals.finite, 1);
    for (const Atom& atom : totals.atoms.best) {
      append(&atom.value, 1);
      append(&atom.count, 1);
    }
    for (const Sign sign : {kPositive, kNegative}) {
      const BucketCounts::Content buckets = histogram_.ExportBuckets(sign);
      append(&buckets.top, 1);
      append(buckets.buckets.data(), buckets.buckets.size());
      append(buckets.counts.data(), buckets.counts.size());
    }
    return state;
  }

 private:
  ActivationHistogram histogram_;
};

double ThreadSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Errors {
  double sum = 0;
  double worst = 0;
  size_t beyond_goal = 0;  ///< Units.

  void Add(double error) {
    sum += error;
    worst = std::max(worst, error);
    beyond_goal += error > kGoal ? 1 : 0;
  }
};

/// What is told of one method on one layer.
struct Figures {
  std::string name;
  double memory = 0;  ///< Bytes per unit.
  double stored = 0;
  std::vector<double> add_nanoseconds;     ///< Per value, one per round.
  std::vector<double> merge_microseconds;  ///< Per unit and merge.
  std::array<Errors, kQuantiles.size()> errors;
  bool same_in_another_order = true;
  bool same_in_parts = true;
};

/// One method: sketches of all units of a layer, filled photo by photo as a tally does.
template <typename Sketch>
class Method {
 public:
  using Make = std::function<Sketch(uint64_t seed)>;
  Method(std::string name, Make make) : make_(std::move(make)) { figures_.name = std::move(name); }

  void Time(const LayerValues& layer) {
    const std::vector<size_t> photos = InOrder(layer.photos);
    const double start = ThreadSeconds();
    const std::vector<Sketch> sketches = Fill(layer, photos);
    const auto count = static_cast<double>(layer.values.size());
    figures_.add_nanoseconds.push_back(1e9 * (ThreadSeconds() - start) / count);
    TimeMerge(layer, sketches);
  }

  const Figures& Judge(const LayerValues& layer) {
    const std::vector<Sketch> sketches = Fill(layer, InOrder(layer.photos));
    std::vector<size_t> shuffled = Random(1).Permutation(layer.photos);
    figures_.same_in_another_order = AreSame(sketches, Fill(layer, shuffled));
    for (size_t unit = 0; unit < layer.units; ++unit) {
      figures_.memory += static_cast<double>(sketches[unit].MemoryBytes());
      figures_.stored += static_cast<double>(sketches[unit].State().size());
      for (size_t i = 0; i < kQuantiles.size(); ++i) {
        const float value = sketches[unit].Quantile(kQuantiles[i]);
        figures_.errors[i].Add(RankError(layer, unit, value, kQuantiles[i]));
      }
    }
    return figures_;
  }

 private:
  static std::vector<size_t> InOrder(size_t count) {
    std::vector<size_t> order(count);
    std::iota(order.begin(), order.end(), size_t{0});
    return order;
  }

  std::vector<Sketch> Fill(const LayerValues& layer, std::span<const size_t> photos) const {
    std::vector<Sketch> sketches;
    for (size_t unit = 0; unit < layer.units; ++unit) sketches.push_back(make_(unit));
    for (const size_t photo : photos) {
      for (size_t unit = 0; unit < layer.units; ++unit) sketches[unit].Add(layer.Map(photo, unit));
    }
    for (Sketch& sketch : sketches) sketch.Flush();
    return sketches;
  }

  void TimeMerge(const LayerValues& layer, const std::vector<Sketch>& whole) {
    const std::vector<size_t> photos = InOrder(layer.photos);
    std::vector<std::vector<Sketch>> parts;
    for (size_t part = 0; part < kParts; ++part) {
      const size_t begin = layer.photos * part / kParts;
      const size_t end = layer.photos * (part + 1) / kParts;
      parts.push_back(Fill(layer, std::span(photos).subspan(begin, end - begin)));
    }
    const double start = ThreadSeconds();
    for (size_t part = 1; part < kParts; ++part) {
      for (size_t unit = 0; unit < layer.units; ++unit)
        parts[0][unit].Merge(std::move(parts[part][unit]));
    }
    const auto merges = static_cast<double>((kParts - 1) * layer.units);
    figures_.merge_microseconds.push_back(1e6 * (ThreadSeconds() - start) / merges);
    for (Sketch& sketch : parts[0]) sketch.Flush();
    figures_.same_in_parts = AreSame(whole, parts[0]);
  }

  static bool AreSame(const std::vector<Sketch>& a, const std::vector<Sketch>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& one, const auto& two) { return one.State() == two.State(); });
  }

  Make make_;
  Figures figures_;
};

void Print(const Figures& figures, const LayerValues& layer, const Figures& ours) {
  const auto units = static_cast<double>(layer.units);
  const double add = Median(figures.add_nanoseconds);
  std::printf("| %s | %.1f, %.1f | %.1f (%.1f) | %.1f (%.1f) |", figures.name.c_str(),
              1e-3 * figures.memory / units, 1e-3 * figures.stored / units, add,
              add / Median(ours.add_nanoseconds), Median(figures.merge_microseconds),
              Median(figures.merge_microseconds) / Median(ours.merge_microseconds));
  for (const Errors& errors : figures.errors) {
    std::printf(" %.5f, %.5f |", errors.sum / units, errors.worst);
  }
  std::printf(" %s, %s |\n", figures.same_in_another_order ? "yes" : "no",
              figures.same_in_parts ? "yes" : "no");
}

void Compare(const Path& network, const std::string& name, const Path& photos, size_t count) {
  const LayerValues layer = ReadLayer(network, name, photos, count);
  std::printf("\n%s, `%s`: %zu units, %zu values each, of %zu photos\n\n", network.stem().c_str(),
              name.c_str(), layer.units, layer.photos * layer.positions, layer.photos);
  std::printf(
      "| method | kB per unit, stored | ns per value (ratio) | µs per merge (ratio) | "
      "rank error at 0.5 | 0.9 | 0.99 | 0.999 | same in another order, in parts |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  Method<Histogram> histogram("histogram", [](uint64_t) { return Histogram(); });
  std::vector<Method<Kll>> klls;
  std::vector<Method<TDigest>> digests;
  for (const size_t k : {200, 800}) {
    klls.emplace_back("KLL, k " + std::to_string(k), [k](uint64_t seed) { return Kll(k, seed); });
  }
  for (const int compression : {100, 500}) {
    digests.emplace_back("t-digest, " + std::to_string(compression),
                         [compression](uint64_t) { return TDigest(compression); });
  }
  for (int round = 0; round < kRounds; ++round) {  // in turn: the machine's pace drifts
    histogram.Time(layer);
    for (auto& kll : klls) kll.Time(layer);
    for (auto& digest : digests) digest.Time(layer);
  }
  const Figures& ours = histogram.Judge(layer);
  Print(ours, layer, ours);
  for (auto& kll : klls) Print(kll.Judge(layer), layer, ours);
  for (auto& digest : digests) Print(digest.Judge(layer), layer, ours);
  std::fflush(stdout);
}

void PrintAccuracy(const Path& network, const Path& photos, size_t count) {
  for (const Layer& layer : DefaultLayersOf(network)) {
    const LayerValues values = ReadLayer(network, layer.name, photos, count);
    Errors errors;
    for (size_t unit = 0; unit < values.units; ++unit) {
      ActivationHistogram histogram;
      for (size_t photo = 0; photo < values.photos; ++photo) histogram.Add(values.Map(photo, unit));
      histogram.Flush();
      errors.Add(RankError(values, unit, histogram.Quantile(0.99), 0.99));
    }
    std::printf("| %s | `%s` | %zu | %lld x %lld | %.7f | %.7f | %zu |\n", network.stem().c_str(),
                layer.name.c_str(), values.units, static_cast<long long>(layer.height),
                static_cast<long long>(layer.width), errors.sum / static_cast<double>(values.units),
                errors.worst, errors.beyond_goal);
    std::fflush(stdout);
  }
}

int Run(const std::vector<std::string>& arguments) {
  const bool compares = arguments.size() >= 5 && arguments[0] == "compare";
  const bool is_accuracy = arguments.size() >= 4 && arguments[0] == "accuracy";
  if (!is_accuracy && !(compares && arguments.size() % 2 == 1)) {
    std::fprintf(stderr,
                 "usage: quantile_bench compare PHOTOS COUNT NETWORK.onnx LAYER [...]\n"
                 "       quantile_bench accuracy PHOTOS COUNT NETWORK.onnx...\n");
    return 2;
  }
  const size_t count = std::stoul(arguments[2]);
  if (is_accuracy) {
    std::printf(
        "| network | layer | units | maps | mean over units | max over units | beyond 0.0005 |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n");
  }
  for (size_t i = 3; i < arguments.size(); i += is_accuracy ? 1 : 2) {
    if (is_accuracy) PrintAccuracy(arguments[i], arguments[1], count);
    if (compares) Compare(arguments[i], arguments[i + 1], arguments[1], count);
  }
  return 0;
}

}  // namespace
}  // namespace milan

int main(int argc, char** argv) {
  try {
    return milan::Run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "quantile_bench: %s\n", error.what());
    return 1;
  }
}
