#include "milan/exemplar/exemplar_set.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "milan/base/array.h"
#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/safetensors.h"

namespace milan {
namespace {

constexpr const char* kFormat = "milan-exemplars";
constexpr const char* kVersion = "1";

template <typename T>
std::vector<T> ReadTensor(const SafetensorsFile& file, const std::string& name, DataType type,
                          const Shape& shape) {
  const TensorView& tensor = file.At(name);
  if (tensor.type != type || tensor.shape != shape) {
    throw InputError(file.path().string() + ": tensor '" + name + "' is " + ToString(tensor.type) +
                     ToString(tensor.shape) + ", expected " + ToString(type) + ToString(shape));
  }
  return tensor.As<T>();
}

const std::string& ReadMember(const SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) {
    throw InputError(file.path().string() + ": not an exemplar set of milan (no '" + key + "')");
  }
  return found->second;
}

void CheckFormat(const SafetensorsFile& file) {
  if (ReadMember(file, "format") != kFormat) {
    throw InputError(file.path().string() + ": not an exemplar set of milan");
  }
  if (ReadMember(file, "version") != kVersion) {
    throw InputError(file.path().string() + ": exemplar set of version " +
                     ReadMember(file, "version") + "; this milan reads version " + kVersion);
  }
}

double ReadQuantile(const SafetensorsFile& file) {
  const std::string text = ReadMember(file, "quantile");
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value > 0 && value < 1)) {
    throw InputError(file.path().string() + ": 'quantile' is '" + text +
                     "', expected a number between 0 and 1");
  }
  return value;
}

std::vector<UnitState> ReadStates(const SafetensorsFile& file, int64_t units) {
  std::vector<UnitState> states;
  for (const uint8_t state : ReadTensor<uint8_t>(file, "states", DataType::kU8, {units})) {
    if (state > static_cast<uint8_t>(UnitState::kInvalid)) {
      throw InputError(file.path().string() + ": tensor 'states' has an unknown value");
    }
    states.push_back(static_cast<UnitState>(state));
  }
  return states;
}

/// Every step after this one takes the ids as places in the photo list, and stops at the first -1.
void CheckPhotoIds(const ExemplarSet& set, const Path& path) {
  for (int64_t unit = 0; unit < set.units; ++unit) {
    bool ended = false;
    for (int64_t rank = 0; rank < set.k; ++rank) {
      const int32_t id = set.PhotoId(unit, rank);
      if (id < -1 || (ended && id >= 0)) {
        throw InputError(path.string() + ": tensor 'photo_ids' of unit " + std::to_string(unit) +
                         " is broken");
      }
      ended = id < 0;
    }
  }
}

}  // namespace

std::string ToString(UnitState state) {
  switch (state) {
    case UnitState::kAlive:
      return "alive";
    case UnitState::kDead:
      return "dead";
    case UnitState::kConstant:
      return "constant";
    case UnitState::kInvalid:
      break;
  }
  return "invalid";
}

int64_t ExemplarSet::CountOf(int64_t unit) const {
  const auto first = photo_ids.begin() + unit * k;
  return std::count_if(first, first + k, [](int32_t id) { return id >= 0; });
}

bool ExemplarSet::IsDescribable(int64_t unit) const {
  return states[static_cast<size_t>(unit)] == UnitState::kAlive && CountOf(unit) > 0;
}

std::vector<float> ExemplarSet::Map(int64_t unit, int64_t rank) const {
  const int64_t positions = height * width;
  const auto first = maps.begin() + (unit * k + rank) * positions;
  std::vector<float> map(static_cast<size_t>(positions));
  std::transform(first, first + positions, map.begin(), FromHalf);
  return map;
}

bool ExemplarSet::IsSaturated(int64_t unit) const {
  return states[unit] == UnitState::kAlive && thresholds[unit] >= maxima[unit];
}

std::vector<uint8_t> ExemplarSet::Mask(int64_t unit, int64_t rank, MapSize out_size) const {
  std::vector<float> map = Map(unit, rank);
  if (!IsSaturated(unit)) return ComputeMask(map, Size(), thresholds[unit], out_size, border);
  const float cap = FromHalf(ToHalf(maxima[unit]));
  for (float& value : map) value = value >= cap ? 1.0F : 0.0F;
  return ComputeMask(map, Size(), 0.5F, out_size, border);
}

void ExemplarSet::Save(const Path& path) const {
  SafetensorsWriter writer;
  writer.SetMetadata("format", kFormat);
  writer.SetMetadata("version", kVersion);
  writer.SetMetadata("layer", layer);
  writer.SetMetadata("quantile", fmt::format("{}", quantile));  // the shortest that reads back
  writer.SetMetadata("mask_border", ToString(border));
  writer.Add<int32_t>("photo_ids", {units, k}, photo_ids);
  writer.Add<float>("activations", {units, k}, activations);
  writer.Add("maps", DataType::kF16, {units, k, height, width}, std::as_bytes(std::span(maps)));
  writer.Add<float>("thresholds", {units}, thresholds);
  writer.Add<float>("minima", {units}, minima);
  writer.Add<float>("maxima", {units}, maxima);
  writer.Add("states", DataType::kU8, {units}, std::as_bytes(std::span(states)));
  if (!counts.empty()) {
    writer.Add<uint64_t>("distributions", {units, kBins}, distributions);
    writer.Add<uint64_t>("counts", {units, 4}, counts);
  }
  writer.Write(path);
}

ExemplarSet ExemplarSet::Load(const Path& path) {
  const SafetensorsFile file(path);
  CheckFormat(file);
  ExemplarSet set;
  set.layer = ReadMember(file, "layer");
  set.quantile = ReadQuantile(file);
  set.border = ParseMaskBorder(ReadMember(file, "mask_border"));
  const Shape& shape = file.At("maps").shape;
  if (shape.size() != 4 || std::find(shape.begin(), shape.end(), 0) != shape.end()) {
    throw InputError(path.string() + ": tensor 'maps' of shape " + ToString(shape) +
                     " is not [units, k, height, width]");
  }
  set.units = shape[0];
  set.k = shape[1];
  set.height = shape[2];
  set.width = shape[3];
  const Shape places = {set.units, set.k};
  set.photo_ids = ReadTensor<int32_t>(file, "photo_ids", DataType::kI32, places);
  set.activations = ReadTensor<float>(file, "activations", DataType::kF32, places);
  set.maps = ReadTensor<uint16_t>(file, "maps", DataType::kF16, shape);
  set.thresholds = ReadTensor<float>(file, "thresholds", DataType::kF32, {set.units});
  set.minima = ReadTensor<float>(file, "minima", DataType::kF32, {set.units});
  set.maxima = ReadTensor<float>(file, "maxima", DataType::kF32, {set.units});
  set.states = ReadStates(file, set.units);
  if (file.Contains("counts")) {
    set.distributions =
        ReadTensor<uint64_t>(file, "distributions", DataType::kU64, {set.units, kBins});
    set.counts = ReadTensor<uint64_t>(file, "counts", DataType::kU64, {set.units, 4});
  }
  CheckPhotoIds(set, path);
  return set;
}

std::string LayerFileName(const std::string& layer) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-_.";
  constexpr size_t kLongest = 200;  // file systems take 255 bytes, with extension and more
  std::string name;
  for (const char c : layer) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte < 128 && std::isalnum(byte) != 0) ||
                       (kPlain.find(c) != std::string_view::npos && !(c == '.' && name.empty()));
    if (plain) {
      name += c;
    } else {
      name += '%';
      name += kDigits[byte >> 4];
      name += kDigits[byte & 15];
    }
  }
  if (name.size() > kLongest) {
    const std::string hash = HashText(layer);
    name.resize(kLongest - hash.size() - 1);
    name += '-' + hash;
  }
  return name;
}

}  // namespace milan
