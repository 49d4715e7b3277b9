#include "milan/report/synthetic_run.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "milan/base/array.h"
#include "milan/base/hash.h"
#include "milan/base/random.h"
#include "milan/exemplar/exemplar_set.h"
#include "milan/image/image.h"
#include "milan/image/preprocess.h"

namespace milan {
namespace {

constexpr std::array kAdjectives = {"striped", "red", "round", "furry", "wooden", "dotted"};
constexpr std::array kNouns = {"dogs",    "cars",  "wheels", "faces", "doors",
                               "flowers", "grass", "text",   "birds", "café tables"};
constexpr std::array kPlaces = {"", " on grass", " in water", " at the edges of objects"};

/// Where the shape of a photo is, in fractions of what the network sees of it.
struct Spot {
  double x;
  double y;
};
Spot SpotOf(int64_t photo) {
  Random random(static_cast<uint64_t>(photo) + 1);
  return {0.25 + 0.5 * random.Uniform(), 0.25 + 0.5 * random.Uniform()};
}

struct Color {
  double red;
  double green;
  double blue;
};
Color RandomColor(Random& random) {
  return {255 * random.Uniform(), 255 * random.Uniform(), 255 * random.Uniform()};
}

Image DrawPhoto(int64_t photo) {
  constexpr std::array<std::array<int, 2>, 4> kSizes = {
      {{320, 240}, {240, 320}, {400, 200}, {256, 256}}};
  const auto [width, height] = kSizes[static_cast<size_t>(photo) % kSizes.size()];
  Random random(static_cast<uint64_t>(photo) * 77 + 5);
  const Color ground = RandomColor(random);
  const Color shape = RandomColor(random);
  const Box view = ViewBox(Preprocessing(), width, height);
  const double side = view.right - view.left;
  const Spot spot = SpotOf(photo);
  Image image{width, height, {}};
  image.pixels.reserve(static_cast<size_t>(width) * height * 3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double distance =
          std::hypot((x - view.left) / side - spot.x, (y - view.top) / side - spot.y);
      const bool inside = distance < 0.16;
      const double light = inside ? 1.0 : 0.6 + 0.4 * y / height;
      const Color& color = inside ? shape : ground;
      for (const double channel : {color.red, color.green, color.blue}) {
        image.pixels.push_back(static_cast<uint8_t>(channel * light));
      }
    }
  }
  return image;
}

std::string PhotoNameOf(int photo) {
  if (photo == 0) return kHostilePhoto;
  return "drawn/photo-" + std::to_string(photo) + ".jpg";
}

std::vector<PhotoRecord> DrawPhotos(const Path& root, int count) {
  std::vector<PhotoRecord> records;
  for (int photo = 0; photo < count; ++photo) {
    const Image image = DrawPhoto(photo);
    const std::string file = EncodeJpeg(image, 85);
    const Path path = root / PhotoNameOf(photo);
    CreateFolder(path.parent_path());
    WriteFileAtomically(path, file);
    records.push_back(
        {PhotoNameOf(photo), file.size(), HashText(file), image.width, image.height, ""});
  }
  return records;
}

/// A hill over the photo's shape, as high as `peak`.
void AppendMap(const Spot& spot, double peak, int64_t size, std::vector<uint16_t>& maps) {
  for (int64_t y = 0; y < size; ++y) {
    for (int64_t x = 0; x < size; ++x) {
      const double distance =
          std::hypot((static_cast<double>(x) + 0.5) / static_cast<double>(size) - spot.x,
                     (static_cast<double>(y) + 0.5) / static_cast<double>(size) - spot.y);
      maps.push_back(ToHalf(static_cast<float>(peak * std::exp(-20 * distance * distance))));
    }
  }
}

UnitState StateOf(int64_t unit) {
  if (unit == kDeadUnit) return UnitState::kDead;
  if (unit == kConstantUnit) return UnitState::kConstant;
  return unit == kInvalidUnit ? UnitState::kInvalid : UnitState::kAlive;
}

ExemplarSet MakeExemplars(const SyntheticLayer& layer, const SyntheticRunOptions& options) {
  ExemplarSet set;
  set.layer = layer.name;
  set.units = layer.units;
  set.k = options.k;
  set.height = set.width = layer.map_size;
  Random random(HashText(layer.name).front());
  for (int64_t unit = 0; unit < layer.units; ++unit) {
    const double peak = 1 + 20 * random.Uniform();
    std::vector<size_t> photos = random.Permutation(static_cast<size_t>(options.photos));
    photos.resize(std::min<size_t>(photos.size(), static_cast<size_t>(options.k)));
    for (int64_t rank = 0; rank < options.k; ++rank) {
      const bool is_seen = rank < static_cast<int64_t>(photos.size());
      const auto photo = is_seen ? static_cast<int32_t>(photos[static_cast<size_t>(rank)]) : -1;
      const double activation = is_seen ? peak * (1 - 0.03 * static_cast<double>(rank)) : 0;
      set.photo_ids.push_back(photo);
      set.activations.push_back(static_cast<float>(activation));
      AppendMap(SpotOf(photo), activation, layer.map_size, set.maps);
    }
    set.states.push_back(StateOf(unit));
    set.thresholds.push_back(static_cast<float>(0.5 * peak));
    set.minima.push_back(0);
    set.maxima.push_back(static_cast<float>(peak));
  }
  return set;
}

ScoredText RandomText(Random& random) {
  const auto pick = [&random](const auto& words) { return words[random.Below(words.size())]; };
  ScoredText scored;
  scored.text = std::string(pick(kAdjectives)) + " " + pick(kNouns) + pick(kPlaces);
  scored.log_likelihood = -2 - 8 * random.Uniform();
  scored.log_prior = -6 - 12 * random.Uniform();
  scored.pmi = scored.log_likelihood - 0.2 * scored.log_prior;
  return scored;
}

UnitDescription DescribeUnit(const std::string& layer, int64_t unit, Random& random) {
  UnitDescription description;
  description.layer = layer;
  description.unit = unit;
  description.state = ToString(StateOf(unit));
  if (StateOf(unit) != UnitState::kAlive) return description;
  for (int i = 0; i < 6; ++i) description.others.push_back(RandomText(random));
  std::sort(description.others.begin(), description.others.end(),
            [](const ScoredText& a, const ScoredText& b) { return a.pmi > b.pmi; });
  description.best = description.others.front();
  description.others.erase(description.others.begin());
  return description;
}

}  // namespace

Run MakeSyntheticRun(const Path& folder, const SyntheticRunOptions& options) {
  const Path run = folder / "run";
  const Path photos = std::filesystem::absolute(folder / "photos");
  CreateFolder(run / "exemplars");
  RunManifest manifest;
  manifest.milan_version = "0.1.0";
  manifest.engine_version = "1.30.0";
  manifest.network_path = "/networks/synthetic.onnx";
  manifest.network_hash = HashText("synthetic network");
  manifest.photos_path = photos.string();
  manifest.photos_hash = HashText("synthetic photos");
  manifest.photo_count = options.photos;
  manifest.k = options.k;
  manifest.complete = true;
  for (const SyntheticLayer& layer : options.layers) {
    manifest.layers.push_back({layer.name, layer.units, layer.map_size, layer.map_size});
    MakeExemplars(layer, options)
        .Save(run / "exemplars" / (LayerFileName(layer.name) + ".safetensors"));
  }
  return {run, manifest, DrawPhotos(photos, options.photos), photos};
}

void AddSyntheticCalibration(Descriptions& descriptions) {
  Random random(9);
  CalibrationSummary calibration;
  calibration.threshold = 0.25;
  calibration.right_f1 = 0.33;
  calibration.units = 400;
  calibration.base_rate = 0.5;
  calibration.error = 0.04;
  calibration.chance_error = 0.03;
  calibration.auc = 0.75;
  calibration.coverage = 0.8;
  calibration.precision = 0.6;
  for (int i = 0; i < 10; ++i) {
    const double low = 0.1 * i;
    // The last bin has no units, as sure descriptions are rare.
    calibration.bins.push_back(
        {low, low + 0.1, i < 9 ? 40 + i : 0, i < 9 ? low + 0.06 : 0, i < 9 ? 0.02 + low : 0});
  }
  calibration.nulls = {{"shuffled exemplars", 200, 0.05}, {"random photos", 200, 0}};
  descriptions.calibration = calibration;
  for (UnitDescription& unit : descriptions.units) {
    if (!unit.best.text.empty()) unit.confidence = 0.9 * random.Uniform();
  }
  // One unit has too few exemplars to say how sure its text is.
  const auto last = std::find_if(descriptions.units.rbegin(), descriptions.units.rend(),
                                 [](const auto& unit) { return unit.confidence.has_value(); });
  if (last != descriptions.units.rend()) last->confidence.reset();
}

Descriptions MakeSyntheticDescriptions(const Run& run) {
  Descriptions descriptions;
  descriptions.bundle_name = "synthetic-bundle";
  descriptions.bundle_hash = HashText("synthetic bundle");
  Random random(7);
  for (const RunLayer& layer : run.manifest.layers) {
    for (int64_t unit = 0; unit < layer.units; ++unit) {
      descriptions.units.push_back(DescribeUnit(layer.name, unit, random));
    }
  }
  if (!descriptions.units.empty()) descriptions.units.front().best.text = kHostileDescription;
  return descriptions;
}

}  // namespace milan
