#pragma once

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "milan/base/file.h"
#include "milan/base/hash.h"
#include "milan/exemplar/layer_statistics.h"
#include "milan/exemplar/run.h"
#include "milan/exemplar/test_activations.h"
#include "milan/image/image.h"
#include "tests/support/pictures.h"

namespace milan {

constexpr int kTestPhotos = 6;

/// Makes `run` complete in `folder` with those exemplar sets. The caller has set what is its own:
/// photos, photo_root, preprocessing.
inline Run SaveTestRun(Run run, const Path& folder, const std::vector<ExemplarSet>& sets) {
  CreateFolder(folder / "exemplars");
  RunManifest& manifest = run.manifest;
  manifest.milan_version = "0.0.0";
  manifest.engine_version = "0.0.0";
  manifest.network_path = "/networks/test.onnx";
  manifest.network_hash = "11";
  manifest.photo_root = run.photo_root.string();
  manifest.photos_path = manifest.photo_root;
  manifest.photos_hash = HashPhotoList(run.photos);
  manifest.photo_count = static_cast<int64_t>(run.photos.size());
  manifest.k = sets.front().k;
  manifest.complete = true;
  for (const ExemplarSet& set : sets) {
    set.Save(folder / "exemplars" / (LayerFileName(set.layer) + ".safetensors"));
    manifest.layers.push_back({set.layer, set.units, set.height, set.width});
  }
  WritePhotoRecords(folder, run.photos);
  WriteRunManifest(folder, manifest);
  return OpenRun(folder);
}

/// A run in folder/run of photos in folder/photos, which are not square, and of two layers: maps of
/// 3 x 4 and single values. Unit 1 of the first is dead.
inline Run MakeTestRun(const Path& folder, int64_t k = 4) {
  Run run;
  run.photo_root = folder / "photos";
  run.manifest.preprocessing.shorter_side = 12;
  run.manifest.preprocessing.crop = {10, 10};
  CreateFolder(run.photo_root);
  std::vector<LayerStatistics> statistics;
  statistics.emplace_back(3, 3, 4, KeptPhotos{k});
  statistics.emplace_back(2, 1, 1, KeptPhotos{k});
  for (int photo = 0; photo < kTestPhotos; ++photo) {
    const std::string name = "photo, " + std::to_string(photo) + ".png";
    const std::string png = EncodePng(NoiseImage(20 + photo, 16, static_cast<uint64_t>(photo)));
    WriteFileAtomically(run.photo_root / name, png);
    run.photos.push_back({name, png.size(), HashText(png), 20 + photo, 16, ""});
    auto maps = RandomActivations(36, static_cast<uint64_t>(photo) + 1, true);
    std::fill(maps.begin() + 12, maps.begin() + 24, 0.0F);
    statistics[0].Add(photo, {{3, 3, 4}, maps});
    statistics[1].Add(photo,
                      {{2, 1, 1}, RandomActivations(2, static_cast<uint64_t>(photo) + 9, false)});
  }
  return SaveTestRun(run, folder / "run",
                     {statistics[0].Finish("block/1", 0.75), statistics[1].Finish("last", 0.75)});
}

}  // namespace milan
