// The statistics of a layer in a file, as tensors: one number per unit, and lists of all units end
// to end with the place where each unit's begin.

#include <algorithm>
#include <functional>

#include "milan/base/error.h"
#include "milan/exemplar/layer_statistics.h"

namespace milan {
namespace {

constexpr std::array<const char*, 2> kSignNames = {"positive", "negative"};

/// Lists of numbers, one per unit and sign.
struct BucketLists {
  std::vector<int32_t> tops;
  std::vector<uint64_t> ends;  ///< Where the list of each unit ends.
  std::vector<uint16_t> buckets;
  std::vector<uint64_t> counts;

  BucketCounts::Content At(int64_t unit) const {
    const auto begin = static_cast<ptrdiff_t>(unit == 0 ? 0 : ends[unit - 1]);
    const auto end = static_cast<ptrdiff_t>(ends[unit]);
    return {tops[unit],
            {buckets.begin() + begin, buckets.begin() + end},
            {counts.begin() + begin, counts.begin() + end}};
  }
};

/// Reads tensors of one layer, checking their types and shapes.
class Reader {
 public:
  Reader(const SafetensorsFile& file, std::string prefix)
      : file_(file), prefix_(std::move(prefix)) {}

  template <typename T>
  std::vector<T> Read(const std::string& name, DataType type, const Shape& shape) const {
    const TensorView& tensor = file_.At(prefix_ + name);
    if (tensor.type != type || tensor.shape != shape) Fail(name, "has another type or shape");
    return tensor.As<T>();
  }
  int64_t Length(const std::string& name) const {
    const Shape& shape = file_.At(prefix_ + name).shape;
    if (shape.size() != 1) Fail(name, "is not a list");
    return shape[0];
  }
  [[noreturn]] void Fail(const std::string& name, const std::string& problem) const {
    throw InputError(file_.path().string() + ": tensor '" + prefix_ + name + "' " + problem);
  }

 private:
  const SafetensorsFile& file_;
  std::string prefix_;
};

BucketLists ReadBuckets(const Reader& reader, int64_t units, const std::string& sign) {
  BucketLists lists;
  lists.tops = reader.Read<int32_t>(sign + ".tops", DataType::kI32, {units});
  lists.ends = reader.Read<uint64_t>(sign + ".ends", DataType::kU64, {units});
  const int64_t length = reader.Length(sign + ".buckets");
  lists.buckets = reader.Read<uint16_t>(sign + ".buckets", DataType::kU16, {length});
  lists.counts = reader.Read<uint64_t>(sign + ".counts", DataType::kU64, {length});
  const bool fits = std::all_of(lists.buckets.begin(), lists.buckets.end(),
                                [](uint16_t bucket) { return bucket < BucketCounts::kBuckets; });
  if (!fits) reader.Fail(sign + ".buckets", "has a bucket that does not exist");
  if (!std::is_sorted(lists.ends.begin(), lists.ends.end()) ||
      lists.ends.back() != static_cast<uint64_t>(length)) {
    reader.Fail(sign + ".ends", "does not divide the buckets");
  }
  const bool in_range = std::all_of(lists.tops.begin(), lists.tops.end(),
                                    [](int32_t top) { return top >= 0 && top < 255; });
  if (!in_range) reader.Fail(sign + ".tops", "has an octave that does not exist");
  return lists;
}

/// What a list of buckets becomes in a file. Computed when it is written, unit after unit, so that
/// a checkpoint needs no more memory than the statistics themselves.
template <typename T>
using ContentOf = std::function<std::vector<T>(const BucketCounts::Content&)>;

template <typename T>
SafetensorsWriter::Producer StreamBuckets(const std::vector<ActivationHistogram>& histograms,
                                          Sign sign, ContentOf<T> content_of) {
  return [&histograms, sign, content_of](const SafetensorsWriter::ByteSink& sink) {
    for (const ActivationHistogram& histogram : histograms) {
      const std::vector<T> content = content_of(histogram.ExportBuckets(sign));
      sink(std::as_bytes(std::span(content)));
    }
  };
}

void StoreBuckets(SafetensorsWriter& writer, const std::string& name,
                  const std::vector<ActivationHistogram>& histograms, Sign sign) {
  std::vector<int32_t> tops;
  std::vector<uint64_t> ends;
  uint64_t end = 0;
  for (const ActivationHistogram& histogram : histograms) {
    const BucketCounts::Content content = histogram.ExportBuckets(sign);
    tops.push_back(content.top);
    ends.push_back(end += content.buckets.size());
  }
  const auto units = static_cast<int64_t>(histograms.size());
  const auto length = static_cast<int64_t>(end);
  writer.Add<int32_t>(name + ".tops", {units}, tops);
  writer.Add<uint64_t>(name + ".ends", {units}, ends);
  writer.AddStreamed(name + ".buckets", DataType::kU16, {length},
                     StreamBuckets<uint16_t>(histograms, sign,
                                             [](const auto& content) { return content.buckets; }));
  writer.AddStreamed(name + ".counts", DataType::kU64, {length},
                     StreamBuckets<uint64_t>(histograms, sign,
                                             [](const auto& content) { return content.counts; }));
}

}  // namespace

void LayerStatistics::Store(SafetensorsWriter& writer, const std::string& prefix) const {
  std::vector<float> extremes;
  std::vector<uint64_t> totals;
  std::vector<float> atoms;
  std::vector<uint32_t> atom_counts;
  for (const ActivationHistogram& histogram : histograms_) {
    const ActivationHistogram::Totals of_unit = histogram.ExportTotals();
    extremes.insert(extremes.end(), {of_unit.minimum, of_unit.maximum});
    totals.insert(totals.end(), {of_unit.finite, of_unit.nans, of_unit.infinities});
    for (const Atom& atom : of_unit.atoms.best) {
      atoms.push_back(atom.value);
      atom_counts.push_back(atom.count);
    }
  }
  writer.Add<float>(prefix + "extremes", {units_, 2}, extremes);
  writer.Add<uint64_t>(prefix + "totals", {units_, 3}, totals);
  writer.Add<float>(prefix + "atoms", {units_, 2}, atoms);
  writer.Add<uint32_t>(prefix + "atom_counts", {units_, 2}, atom_counts);
  for (const Sign sign : {kPositive, kNegative}) {
    StoreBuckets(writer, prefix + kSignNames[sign], histograms_, sign);
  }
  StorePhotos(writer, prefix + "strongest.", strongest_);
  if (!weakest_.empty()) StorePhotos(writer, prefix + "weakest.", weakest_);
  if (!sampled_.empty()) StorePhotos(writer, prefix + "sampled.", sampled_);
  writer.Add<int64_t>(
      prefix + "sizes", {6},
      std::array{units_, height_, width_, kept_.strongest, kept_.weakest, kept_.sampled});
}

void LayerStatistics::StorePhotos(SafetensorsWriter& writer, const std::string& prefix,
                                  const std::vector<TopK>& units) const {
  std::vector<uint64_t> ends;
  std::vector<int32_t> photo_ids;
  std::vector<float> peaks;
  for (const TopK& photos : units) {
    for (const TopK::Entry& entry : photos.entries()) {
      photo_ids.push_back(entry.photo_id);
      peaks.push_back(entry.peak);
    }
    ends.push_back(photo_ids.size());
  }
  const auto length = static_cast<int64_t>(photo_ids.size());
  writer.Add<uint64_t>(prefix + "ends", {units_}, ends);
  writer.Add<int32_t>(prefix + "photo_ids", {length}, photo_ids);
  writer.Add<float>(prefix + "peaks", {length}, peaks);
  writer.AddStreamed(prefix + "maps", DataType::kF16, {length, height_, width_},
                     [&units](const SafetensorsWriter::ByteSink& sink) {
                       for (const TopK& photos : units) {
                         for (const TopK::Entry& entry : photos.entries()) {
                           sink(std::as_bytes(std::span(entry.map)));
                         }
                       }
                     });
}

LayerStatistics LayerStatistics::Restore(const SafetensorsFile& file, const std::string& prefix) {
  const Reader reader(file, prefix);
  const auto sizes = reader.Read<int64_t>("sizes", DataType::kI64, {6});
  constexpr int64_t kLargest = int64_t{1} << 32;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const int64_t smallest = i < 4 ? 1 : 0;  // weakest and sampled photos may be none
    if (sizes[i] < smallest || sizes[i] > kLargest) reader.Fail("sizes", "is out of range");
  }
  const int64_t units = sizes[0];
  const auto extremes = reader.Read<float>("extremes", DataType::kF32, {units, 2});
  LayerStatistics result(units, sizes[1], sizes[2], {sizes[3], sizes[4], sizes[5]});
  const auto totals = reader.Read<uint64_t>("totals", DataType::kU64, {units, 3});
  const auto atoms = reader.Read<float>("atoms", DataType::kF32, {units, 2});
  const auto atom_counts = reader.Read<uint32_t>("atom_counts", DataType::kU32, {units, 2});
  const std::array lists = {ReadBuckets(reader, units, kSignNames[kPositive]),
                            ReadBuckets(reader, units, kSignNames[kNegative])};
  for (int64_t unit = 0; unit < units; ++unit) {
    const uint64_t* total = totals.data() + 3 * unit;
    result.histograms_[unit] = ActivationHistogram::Import(
        {extremes[2 * unit], extremes[2 * unit + 1], total[0], total[1], total[2],
         Atoms{{Atom{atoms[2 * unit], atom_counts[2 * unit]},
                Atom{atoms[2 * unit + 1], atom_counts[2 * unit + 1]}}}},
        {lists[kPositive].At(unit), lists[kNegative].At(unit)});
  }
  result.RestorePhotos(file, prefix + "strongest.", result.strongest_);
  if (sizes[4] > 0) result.RestorePhotos(file, prefix + "weakest.", result.weakest_);
  if (sizes[5] > 0) result.RestorePhotos(file, prefix + "sampled.", result.sampled_);
  return result;
}

void LayerStatistics::RestorePhotos(const SafetensorsFile& file, const std::string& prefix,
                                    std::vector<TopK>& units) {
  const Reader reader(file, prefix);
  const auto ends = reader.Read<uint64_t>("ends", DataType::kU64, {units_});
  const int64_t length = reader.Length("photo_ids");
  const auto photo_ids = reader.Read<int32_t>("photo_ids", DataType::kI32, {length});
  const auto peaks = reader.Read<float>("peaks", DataType::kF32, {length});
  const auto maps = reader.Read<uint16_t>("maps", DataType::kF16, {length, height_, width_});
  if (!std::is_sorted(ends.begin(), ends.end()) || ends.back() != static_cast<uint64_t>(length)) {
    reader.Fail("ends", "does not divide the photos");
  }
  uint64_t place = 0;
  for (int64_t unit = 0; unit < units_; ++unit) {
    for (; place < ends[unit]; ++place) {
      const auto map = maps.begin() + static_cast<int64_t>(place) * height_ * width_;
      units[unit].Insert({peaks[place], photo_ids[place], {map, map + height_ * width_}});
    }
  }
}

}  // namespace milan
