// Exemplars of activations that milan did not compute: here three "units" that look for red, green
// and blue, in place of a network in a framework of yours.
//
//   push_activations PHOTOS RUN      prints each unit's threshold and best photos, and writes the
//   run

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include "milan/base/progress.h"
#include "milan/exemplar/push.h"
#include "milan/image/photo_set.h"
#include "milan/image/preprocess.h"

namespace {

constexpr int kUnits = 3;
constexpr int kSize = 8;      // of the activation maps
constexpr size_t kBatch = 4;  // photos

/// How the "network" sees a photo: all of it, as kSize x kSize pixels.
milan::Preprocessing MakePreprocessing() {
  milan::Preprocessing preprocessing;
  preprocessing.shorter_side = 0;
  preprocessing.size = {kSize, kSize};
  preprocessing.crop = {0, 0};
  return preprocessing;
}

/// [kUnits, kSize, kSize]: how much each pixel has of a unit's colour beyond the other two.
void AppendActivations(const milan::Image& picture, std::vector<float>& activations) {
  for (int unit = 0; unit < kUnits; ++unit) {
    for (size_t pixel = 0; pixel < kSize * kSize; ++pixel) {
      const uint8_t* colour = &picture.pixels[pixel * 3];
      const int others = std::max(colour[(unit + 1) % 3], colour[(unit + 2) % 3]);
      activations.push_back(static_cast<float>(std::max(colour[unit] - others, 0)) / 255);
    }
  }
}

milan::TallyState PushAll(const milan::PhotoSet& photos) {
  milan::TallyState state =
      milan::BeginTally({{"colours", kUnits, kSize, kSize}}, photos.photos.size(), /*k=*/3);
  for (size_t begin = 0; begin < photos.photos.size(); begin += kBatch) {
    std::vector<int32_t> ids;
    std::vector<float> activations;
    for (size_t id = begin; id < std::min(begin + kBatch, photos.photos.size()); ++id) {
      const milan::DecodeResult photo = milan::LoadPhoto(photos, id);
      if (!photo.ok()) continue;  // not pushed: the run counts it as skipped
      ids.push_back(static_cast<int32_t>(id));
      AppendActivations(milan::Picture(MakePreprocessing(), photo.image), activations);
    }
    if (ids.empty()) continue;
    const auto count = static_cast<int64_t>(ids.size());
    const milan::ArrayView layer = {{count, kUnits, kSize, kSize}, activations};
    milan::PushActivations(state, ids, {&layer, 1});
  }
  return state;
}

void Print(const milan::Run& run) {
  const milan::ExemplarSet set = run.Exemplars("colours");
  for (int64_t unit = 0; unit < set.units; ++unit) {
    std::printf("unit %d: threshold %.3f, photos", static_cast<int>(unit), set.thresholds[unit]);
    for (int64_t rank = 0; rank < set.CountOf(unit); ++rank) {
      std::printf(" %s", run.photos[set.PhotoId(unit, rank)].name.c_str());
    }
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: push_activations PHOTOS RUN\n");
    return 2;
  }
  try {
    const milan::PhotoSet photos = milan::OpenPhotoSet(argv[1]);
    milan::PushedRunRequest request;
    request.folder = argv[2];
    request.network = "colours";
    request.preprocessing = MakePreprocessing();
    milan::NoProgress progress;
    Print(milan::WritePushedRun(request, photos, PushAll(photos), progress));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
  return 0;
}
