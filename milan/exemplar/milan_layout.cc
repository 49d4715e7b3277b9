#include "milan/exemplar/milan_layout.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>
#include <utility>

#include "milan/base/csv.h"
#include "milan/base/error.h"
#include "milan/exemplar/exemplar_set.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kLargestSide = 4096;
constexpr int64_t kMostUnits = 16384;  // ExemplarSets are dense: one huge unit number fills memory

/// [rows, k] or fewer dimensions' worth of numbers from a CSV without a header line.
template <typename T>
std::vector<T> ReadNumbers(const Path& path, int64_t rows, int64_t k) {
  CsvTable table = ReadCsv(path);
  table.rows.insert(table.rows.begin(), table.header);
  if (table.rows.size() != static_cast<size_t>(rows) ||
      table.header.size() != static_cast<size_t>(k)) {
    throw InputError(table.name + ": has " + std::to_string(table.rows.size()) + " lines of " +
                     std::to_string(table.header.size()) + " numbers, but " + kMasksFile + " has " +
                     std::to_string(rows) + " units with " + std::to_string(k) + " exemplars");
  }
  std::vector<T> numbers;
  numbers.reserve(static_cast<size_t>(rows * k));
  for (size_t row = 0; row < table.rows.size(); ++row) {
    for (const std::string& field : table.rows[row]) {
      T number = 0;
      const char* end = field.data() + field.size();
      const auto [next, error] = std::from_chars(field.data(), end, number);
      if (error != std::errc() || next != end) {
        throw InputError(table.name + ": line " + std::to_string(row + 1) + ": '" + field +
                         "' is not a number that fits here");
      }
      numbers.push_back(number);
    }
  }
  return numbers;
}

/// Photo ids, of which none is below -1 and, in one unit, none comes after a -1.
std::vector<int32_t> ReadIds(const Path& path, int64_t rows, int64_t k) {
  std::vector<int32_t> ids = ReadNumbers<int32_t>(path, rows, k);
  for (size_t i = 0; i < ids.size(); ++i) {
    const bool continues = i % static_cast<size_t>(k) != 0;
    if (ids[i] < -1 || (continues && ids[i - 1] < 0 && ids[i] >= 0)) {
      throw InputError(path.string() + ": line " + std::to_string(i / static_cast<size_t>(k) + 1) +
                       ": photo id " + std::to_string(ids[i]) + " is out of range here");
    }
  }
  return ids;
}

std::vector<int64_t> ReadUnits(const Path& path, int64_t rows) {
  std::vector<int64_t> units(static_cast<size_t>(rows));
  for (size_t row = 0; row < units.size(); ++row) units[row] = static_cast<int64_t>(row);
  if (!fs::exists(path)) return units;
  const NpyArray array = ReadNpy(path);
  if (array.shape != Shape{rows} || array.type.starts_with('f')) {
    throw InputError(path.string() + ": is " + array.type + ToString(array.shape) +
                     ", expected integers " + ToString({rows}) + ": the units of " + kMasksFile);
  }
  units = array.AsIntegers();
  for (size_t row = 0; row < units.size(); ++row) {
    if (units[row] < 0 || units[row] >= kMostUnits || (row > 0 && units[row] <= units[row - 1])) {
      throw InputError(path.string() + ": unit " + std::to_string(units[row]) + " in row " +
                       std::to_string(row) + ": the units must ascend and lie between 0 and " +
                       std::to_string(kMostUnits - 1));
    }
  }
  return units;
}

/// Checks an array of pictures [rows, k, channels, height, width].
void CheckPixels(const NpyFile& file, const Shape& expected, const std::string& meaning) {
  const bool is_bytes = file.type() == "u1" || (file.type() == "b1" && expected[2] == 1);
  if (is_bytes && file.shape() == expected) return;
  throw InputError(file.path().string() + ": is " + file.type() + ToString(file.shape()) +
                   ", expected u1" + ToString(expected) + ": " + meaning);
}

NpyFile OpenMasks(const Path& path) {
  NpyFile masks(path);
  const Shape& shape = masks.shape();
  const auto is_side = [](int64_t side) { return 1 <= side && side <= kLargestSide; };
  if (shape.size() != 5 || shape[0] < 1 || shape[0] > kMostUnits || shape[1] < 1 ||
      !is_side(shape[3]) || !is_side(shape[4])) {
    throw InputError(path.string() + ": masks of shape " + ToString(shape) +
                     " are not [units, exemplars, 1, height, width]");
  }
  CheckPixels(masks, {shape[0], shape[1], 1, shape[3], shape[4]}, "one mask per exemplar");
  return masks;
}

MilanLayer OpenLayer(const Path& folder) {
  NpyFile masks = OpenMasks(folder / kMasksFile);
  const Shape shape = masks.shape();
  const int64_t rows = shape[0];
  const int64_t k = shape[1];
  MilanLayer layer = {folder,
                      LayerOfFolder(folder.filename().string()),
                      k,
                      ReadUnits(folder / kUnitsFile, rows),
                      ReadIds(folder / kIdsFile, rows, k),
                      {},
                      {static_cast<int>(shape[3]), static_cast<int>(shape[4])},
                      std::move(masks),
                      {}};
  if (fs::exists(folder / kActivationsFile)) {
    layer.activations = ReadNumbers<float>(folder / kActivationsFile, rows, k);
  } else {
    layer.activations.assign(layer.photo_ids.size(), std::numeric_limits<float>::quiet_NaN());
  }
  if (fs::exists(folder / kImagesFile)) {
    layer.images.emplace(folder / kImagesFile);
    CheckPixels(*layer.images, {rows, k, 3, shape[3], shape[4]}, "one picture per mask");
  }
  return layer;
}

/// The value of a hexadecimal digit as LayerFileName writes it, or -1.
int HexValue(char c) {
  if ('0' <= c && c <= '9') return c - '0';
  if ('A' <= c && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::vector<MilanLayer> OpenMilanLayers(const Path& folder) {
  const Path root = fs::absolute(folder / "").lexically_normal().parent_path();
  if (!fs::is_directory(root)) throw InputError(folder.string() + ": no such folder");
  std::vector<MilanLayer> layers;
  if (fs::exists(root / kMasksFile)) {
    layers.push_back(OpenLayer(root));
    return layers;
  }
  std::vector<Path> folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(root)) {
    if (fs::exists(entry.path() / kMasksFile)) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  for (const Path& path : folders) layers.push_back(OpenLayer(path));
  if (!layers.empty()) return layers;
  throw InputError(folder.string() + ": has no " + kMasksFile +
                   ", nor has any folder in it: not exemplars in the original's layout");
}

std::string LayerOfFolder(const std::string& folder_name) {
  std::string name;
  for (size_t i = 0; i < folder_name.size(); ++i) {
    const bool escaped = folder_name[i] == '%' && i + 2 < folder_name.size();
    const int high = escaped ? HexValue(folder_name[i + 1]) : -1;
    const int low = escaped ? HexValue(folder_name[i + 2]) : -1;
    if (high < 0 || low < 0) {
      name += folder_name[i];
      continue;
    }
    name += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return LayerFileName(name) == folder_name ? name : folder_name;
}

UnitState ImportedState(std::span<const float> activations, bool has_mask) {
  const bool is_known = !std::all_of(activations.begin(), activations.end(),
                                     [](float value) { return std::isnan(value); });
  if (!is_known) return UnitState::kAlive;
  const auto is_finite = [](float value) { return std::isfinite(value); };
  if (!std::all_of(activations.begin(), activations.end(), is_finite)) return UnitState::kInvalid;
  const auto is_zero = [](float value) { return value == 0; };
  const bool is_dead = !has_mask && std::all_of(activations.begin(), activations.end(), is_zero);
  return is_dead ? UnitState::kDead : UnitState::kAlive;
}

std::vector<uint8_t> ToPlanes(const Image& picture, MapSize size) {
  std::vector<uint8_t> planes(3 * size.Count());
  const size_t plane = size.Count();
  auto* out = planes.data();
  for (int64_t y = 0; y < size.height; ++y) {
    const int64_t row = y * picture.height / size.height;
    for (int64_t x = 0; x < size.width; ++x, ++out) {
      const int64_t column = x * picture.width / size.width;
      const uint8_t* pixel = &picture.pixels[static_cast<size_t>(row * picture.width + column) * 3];
      for (size_t channel = 0; channel < 3; ++channel) out[channel * plane] = pixel[channel];
    }
  }
  return planes;
}

Image FromPlanes(std::span<const std::byte> planes, MapSize size) {
  Image image{size.width, size.height, std::vector<uint8_t>(planes.size())};
  for (size_t i = 0; i < size.Count(); ++i) {
    for (size_t channel = 0; channel < 3; ++channel) {
      image.pixels[3 * i + channel] = static_cast<uint8_t>(planes[channel * size.Count() + i]);
    }
  }
  return image;
}

}  // namespace milan
