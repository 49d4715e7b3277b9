#pragma once

// For tests: a run whose units look for colours, as `milan exemplars` leaves it, and an encoder
// that sees colours. Made without a network, so that training and describing can be tried in
// seconds.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/hash.h"
#include "milan/base/json.h"
#include "milan/exemplar/run.h"
#include "milan/image/image.h"
#include "milan/network/model_builder.h"

namespace milan {

struct Colour {
  const char* text;
  std::array<uint8_t, 3> rgb;
};

inline constexpr std::array<Colour, 6> kColours = {{{"red round things", {220, 20, 20}},
                                                    {"green grass", {20, 200, 30}},
                                                    {"the blue sky above trees", {30, 40, 230}},
                                                    {"yellow flowers in a field", {230, 220, 20}},
                                                    {"white", {250, 250, 250}},
                                                    {"black lines on the left side", {5, 5, 5}}}};
inline constexpr int64_t kColourPhotos = 4;  ///< Of each colour.
inline constexpr int64_t kColourExemplars = 3;

/// Grey photos whose left half has a colour; unit u looks for colour u % 6 and the last unit is
/// dead.
inline Path WriteColourRun(const Path& folder, int64_t units) {
  RunManifest manifest;
  manifest.network_path = "network.onnx";
  manifest.network_hash = HashText("network");
  manifest.photo_root = (folder / "photos").string();
  manifest.photos_path = manifest.photo_root;
  manifest.k = kColourExemplars;
  manifest.complete = true;
  manifest.preprocessing.shorter_side = 32;
  manifest.preprocessing.crop = {32, 32};
  manifest.layers = {{"layer", units, 4, 4}};
  CreateFolder(folder / "photos");
  CreateFolder(folder / "run" / "exemplars");
  std::vector<PhotoRecord> photos;
  for (size_t i = 0; i < kColours.size() * kColourPhotos; ++i) {
    Image image{48, 32, {}};
    for (int y = 0; y < image.height; ++y) {
      for (int x = 0; x < image.width; ++x) {
        for (const uint8_t value : kColours[i / kColourPhotos].rgb) {
          const int shade = value + static_cast<int>(i % kColourPhotos);
          image.pixels.push_back(x < 24 ? static_cast<uint8_t>(std::min(shade, 255)) : 128);
        }
      }
    }
    const std::string name = "photo" + std::to_string(i) + ".png";
    const std::string bytes = EncodePng(image);
    WriteFileAtomically(folder / "photos" / name, bytes);
    photos.push_back({name, bytes.size(), HashText(bytes), image.width, image.height, ""});
  }
  ExemplarSet set;
  set.layer = "layer";
  set.units = units;
  set.k = kColourExemplars;
  set.height = set.width = 4;
  for (int64_t unit = 0; unit < units; ++unit) {
    for (int64_t rank = 0; rank < set.k; ++rank) {
      const auto colour = unit % static_cast<int64_t>(kColours.size());
      const int64_t place = (unit / static_cast<int64_t>(kColours.size()) + rank) % kColourPhotos;
      set.photo_ids.push_back(static_cast<int32_t>(colour * kColourPhotos + place));
      set.activations.push_back(2.0F - 0.1F * static_cast<float>(rank));
      for (int x = 0; x < 16; ++x) set.maps.push_back(ToHalf(x % 4 < 2 ? 2.0F : 0.0F));
    }
    set.thresholds.push_back(1);
    set.minima.push_back(0);
    set.maxima.push_back(2);
    set.states.push_back(unit + 1 == units ? UnitState::kDead : UnitState::kAlive);
  }
  set.Save(folder / "run" / "exemplars" / (LayerFileName("layer") + ".safetensors"));
  manifest.photo_count = static_cast<int64_t>(photos.size());
  manifest.photos_hash = HashPhotoList(photos);
  WritePhotoRecords(folder / "run", photos);
  WriteRunManifest(folder / "run", manifest);
  return folder / "run";
}

/// Levels: the positive and negative parts of the colours at 32 x 32, and their averages at 8 x 8.
inline Path WriteColourEncoder(const Path& folder) {
  ModelBuilder builder("input", {-1, 3, 32, 32});
  Array weight{{6, 3, 1, 1}, std::vector<float>(18, 0.0F)};
  for (size_t i = 0; i < 3; ++i) {
    weight.values[i * 3 + i] = 1;
    weight.values[(i + 3) * 3 + i] = -1;
  }
  const std::string mixed = builder.Conv("mixed", builder.input(), weight, {{0}, {}});
  const std::string fine = builder.Relu("fine", mixed);
  const std::string coarse =
      builder.AveragePool("coarse", fine, {.kernel = 4, .stride = 4, .padding = 0});
  builder.Output(builder.AveragePool("unused", coarse, {.kernel = 8, .stride = 8, .padding = 0}));
  WriteFileAtomically(folder / "encoder.onnx", builder.Build("encoder").Serialize());
  WriteJson(folder / "encoder.json", {{"input",
                                       {{"resize", {{"size", {32, 32}}}},
                                        {"scale", 1.0 / 255},
                                        {"mean", {0.5, 0.5, 0.5}},
                                        {"std", {0.5, 0.5, 0.5}}}},
                                      {"levels", {"fine", "coarse"}}});
  return folder / "encoder.onnx";
}

/// Texts of all units but the dead one and the last six, which are the validation split; one test
/// unit and one of an unwanted certainty have words that must not be learnt.
inline Path WriteColourAnnotations(const Path& folder, int64_t units) {
  std::string text = "layer,unit,split,annotator,certainty,description\n";
  for (int64_t unit = 0; unit < units; ++unit) {
    const std::string start = "layer," + std::to_string(unit);
    const std::string description = kColours[static_cast<size_t>(unit) % kColours.size()].text;
    if (unit == 6) {
      text += start + ",test,a1,clear,forbidden secret\n";
    } else if (unit == 7) {
      text += start + ",train,a1,unclear,uncertain guess\n";
    } else {
      text +=
          start + (unit < units - 7 ? ",train,a1,clear," : ",val,a1,clear,") + description + "\n";
    }
  }
  WriteFileAtomically(folder / "annotations.csv", text);
  return folder / "annotations.csv";
}

}  // namespace milan
