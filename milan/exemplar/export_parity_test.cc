// What the MILAN reference wrote for mini48, in the development data under parity/.

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "milan/base/csv.h"
#include "milan/exemplar/export.h"
#include "milan/exemplar/import.h"
#include "milan/exemplar/milan_layout.h"
#include "milan/exemplar/test_run.h"
#include "milan/image/photo_set.h"
#include "tests/support/npz.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

constexpr int kSide = 224;
constexpr MapSize kMaskSize = {kSide, kSide};
constexpr int64_t kExemplars = 15;

class ExportParity : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    MILAN_NEEDS_SHARED_DATA();
    data_ = SharedData("parity/mini48");
    expected_ = ReadNpz(data_ / "expected.npz");
    const NpyArray array = ReadNpz(data_ / "activation_maps.npz").at(GetParam());
    maps_ = {array.shape, array.AsFloats()};
    for (const int64_t id : Expected("ids").AsIntegers()) ids_.push_back(id);
    levels_ = Expected("levels").AsFloats();
    preprocessing_.shorter_side = 0;
    preprocessing_.size = {26, 26};
    preprocessing_.crop = {0, 0};
  }
  const NpyArray& Expected(const std::string& name) const {
    return expected_.at(GetParam() + "." + name);
  }
  int64_t Units() const { return maps_.shape[1]; }
  std::span<const float> Map(int64_t photo, int64_t unit) const {
    const auto size = static_cast<size_t>(maps_.shape[2] * maps_.shape[3]);
    return std::span(maps_.values)
        .subspan(static_cast<size_t>(photo * Units() + unit) * size, size);
  }
  /// The masks of the reference, unpacked: [units, k, 1, 224, 224].
  std::string ExpectedMasks() const {
    std::string masks;
    for (const std::byte packed : Expected("masks_packed").bytes) {
      for (int bit = 7; bit >= 0; --bit) {
        masks += static_cast<char>(std::to_integer<int>(packed >> bit) & 1);
      }
    }
    return masks;
  }
  /// The run that the reference's would be, with its thresholds.
  milan::Run MakeRun() const {
    LayerStatistics statistics(Units(), maps_.shape[2], maps_.shape[3], {kExemplars});
    const auto size = static_cast<size_t>(Units()) * Map(0, 0).size();
    for (int32_t photo = 0; photo < maps_.shape[0]; ++photo) {
      statistics.Add(photo,
                     {{1, Units(), maps_.shape[2], maps_.shape[3]},
                      std::span(maps_.values).subspan(static_cast<size_t>(photo) * size, size)});
    }
    ExemplarSet set = statistics.Finish(GetParam(), 0.99);
    set.thresholds = levels_;
    const PhotoSet photos = OpenPhotoSet(data_ / "images");
    milan::Run run;
    run.photo_root = photos.root;
    run.manifest.preprocessing = preprocessing_;
    for (const Photo& photo : photos.photos)
      run.photos.push_back({photo.name, photo.bytes, "", 26, 26, ""});
    return SaveTestRun(run, folder_ / "run", {set});
  }
  /// Folder of the layer as the reference wrote it.
  Path WriteReference() const {
    const Path layer = folder_ / ("reference/" + GetParam());
    CreateFolder(layer);
    for (const char* file : {kIdsFile, kActivationsFile}) {
      WriteFileAtomically(layer / file, ReadFile(data_ / (GetParam() + "_" + file)));
    }
    WriteFileAtomically(layer / kMasksFile,
                        NpyHeader("u1", {Units(), kExemplars, 1, kSide, kSide}) + ExpectedMasks());
    const NpyArray by_id = ReadNpz(data_ / "images_by_id.npz").at("images");
    const size_t size = 3 * kMaskSize.Count();
    AtomicFile images(layer / kImagesFile);
    images.Write(NpyHeader("u1", {Units(), kExemplars, 3, kSide, kSide}));
    for (const int64_t id : ids_) {
      images.Write(std::span(by_id.bytes).subspan(static_cast<size_t>(id) * size, size));
    }
    images.Commit();
    return layer.parent_path();
  }
  /// Pixels whose value is too near to the level: those of the reference's own list, and those that
  /// half precision of the maps may move.
  bool IsAmbiguous(int64_t unit, int64_t id, const std::vector<float>& values, size_t pixel) const {
    const auto map = Map(id, unit);
    const float largest = std::abs(*std::max_element(
        map.begin(), map.end(), [](float a, float b) { return std::abs(a) < std::abs(b); }));
    return std::abs(values[pixel] - levels_[unit]) <=
           std::max(1.0F, largest) * 1e-5F + largest * 0x1p-11F;
  }

  Path data_;
  std::map<std::string, NpyArray> expected_;
  Array maps_;
  std::vector<int64_t> ids_;
  std::vector<float> levels_;
  Preprocessing preprocessing_;
  TemporaryFolder folder_;
  NoProgress progress_;
};

TEST_P(ExportParity, TablesAreTheReferencesByteForByte) {
  ExportRun(MakeRun(), folder_ / "out", {}, progress_);
  for (const char* file : {kIdsFile, kActivationsFile}) {
    EXPECT_EQ(ReadFile(folder_ / ("out/" + GetParam() + "/" + file)),
              ReadFile(data_ / (GetParam() + "_" + file)));
  }
}

TEST_P(ExportParity, ImagesAreTheReferencesButForItsRounding) {
  ExportRun(MakeRun(), folder_ / "out", {}, progress_);
  const NpyArray images = ReadNpy(folder_ / ("out/" + GetParam() + "/images.npy"));
  const NpyArray by_id = ReadNpz(data_ / "images_by_id.npz").at("images");
  const NpyArray lut = ReadNpy(data_ / "byte_roundtrip_lut.npy");
  const size_t plane = kMaskSize.Count();
  ASSERT_EQ(images.bytes.size(), ids_.size() * 3 * plane);
  int64_t different = 0;
  for (size_t i = 0; i < images.bytes.size(); ++i) {
    const size_t channel = i / plane % 3;
    const auto id = static_cast<size_t>(ids_[i / (3 * plane)]);
    const auto byte = std::to_integer<size_t>(images.bytes[i]);
    if (lut.bytes[channel * 256 + byte] != by_id.bytes[id * 3 * plane + i % (3 * plane)])
      ++different;
  }
  EXPECT_EQ(different, 0);
}

TEST_P(ExportParity, MasksAreTheReferencesButForAmbiguousPixels) {
  ExportRun(MakeRun(), folder_ / "out", {}, progress_);
  const NpyArray masks = ReadNpy(folder_ / ("out/" + GetParam() + "/masks.npy"));
  const std::string expected = ExpectedMasks();
  ASSERT_EQ(masks.bytes.size(), expected.size());
  int64_t different = 0;
  int64_t ambiguous = 0;
  const MapSize map_size = {static_cast<int>(maps_.shape[2]), static_cast<int>(maps_.shape[3])};
  for (size_t index = 0; index < ids_.size(); ++index) {
    const auto unit = static_cast<int64_t>(index) / kExemplars;
    const auto values = UpsampleMap(Map(ids_[index], unit), map_size, kMaskSize);
    for (size_t pixel = 0; pixel < values.size(); ++pixel) {
      const size_t place = index * values.size() + pixel;
      if (std::to_integer<char>(masks.bytes[place]) == expected[place]) continue;
      (IsAmbiguous(unit, ids_[index], values, pixel) ? ambiguous : different)++;
    }
  }
  EXPECT_EQ(different, 0);
  EXPECT_LT(ambiguous, static_cast<int64_t>(expected.size() / 10000));
}

TEST_P(ExportParity, TheReferencesOwnFilesAreImportedBitForBit) {
  const Path reference = WriteReference();
  const std::string expected = ExpectedMasks();
  const size_t pixels = kMaskSize.Count();
  for (const Path& photos : {Path(), data_ / "images"}) {
    const milan::Run run = ImportExemplars(
        reference, folder_ / "run",
        {.photos = photos, .preprocessing = preprocessing_, .overwrite = true}, progress_);
    const ExemplarSet set = run.Exemplars(GetParam());
    for (size_t index = 0; index < ids_.size(); ++index) {
      const auto unit = static_cast<int64_t>(index) / kExemplars;
      const auto rank = static_cast<int64_t>(index) % kExemplars;
      const auto mask = set.Mask(unit, rank, kMaskSize);
      EXPECT_TRUE(std::equal(mask.begin(), mask.end(), expected.begin() + index * pixels,
                             [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); }))
          << unit << ", " << rank;
      const std::string& name = run.photos[static_cast<size_t>(set.PhotoId(unit, rank))].name;
      EXPECT_EQ(std::stoi(Path(name).stem().string()), ids_[index]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Layers, ExportParity, testing::Values("conv1", "conv2", "conv3"),
                         [](const auto& layer) { return layer.param; });

}  // namespace
}  // namespace milan
