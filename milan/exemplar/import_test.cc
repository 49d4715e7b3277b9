#include "milan/exemplar/import.h"

#include <cmath>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/npy.h"
#include "milan/exemplar/export.h"
#include "milan/exemplar/milan_layout.h"
#include "milan/exemplar/test_run.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

constexpr int kSize = 10;  // what the test run's network sees

void WriteArray(const Path& path, const std::string& type, const Shape& shape,
                const std::string& bytes) {
  WriteFileAtomically(path, NpyHeader(type, shape) + bytes);
}

/// A test run exported in the original's layout.
class ImportTest : public testing::Test {
 protected:
  ImportTest() { ExportRun(run_, exported_, {.size = kSize}, progress_); }

  milan::Run Import(const ImportOptions& options) {
    return ImportExemplars(exported_, imported_, options, progress_);
  }
  ImportOptions WithPhotos() const {
    return {.photos = run_.photo_root, .preprocessing = run_.manifest.preprocessing};
  }
  std::string ErrorOf(ErrorKind kind, const ImportOptions& options = {}) {
    try {
      Import(options);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      return error.what();
    }
    return "";
  }
  /// Masks, photos and activations are those of the run that was exported.
  void CheckSame(const milan::Run& imported) const {
    ASSERT_EQ(imported.manifest.layers.size(), 2U);
    for (const RunLayer& layer : run_.manifest.layers) {
      const ExemplarSet before = run_.Exemplars(layer.name);
      const ExemplarSet after = imported.Exemplars(layer.name);
      ASSERT_EQ(after.units, before.units);
      for (int64_t unit = 0; unit < before.units; ++unit) {
        EXPECT_EQ(after.states[unit], before.states[unit]);
        for (int64_t rank = 0; rank < before.k; ++rank) CheckExemplar(before, after, unit, rank);
      }
    }
  }
  void CheckExemplar(const ExemplarSet& before, const ExemplarSet& after, int64_t unit,
                     int64_t rank) const {
    const MapSize size = {kSize, kSize};
    EXPECT_EQ(after.Mask(unit, rank, size), before.Mask(unit, rank, size));
    const float activation = before.activations[unit * before.k + rank];
    EXPECT_NEAR(after.activations[unit * before.k + rank], activation, 1e-5 * std::abs(activation));
  }
  Path In(const std::string& name) const { return exported_ / "last" / name; }
  /// Calls `use` and puts the file back that it has broken.
  template <typename Use>
  void Breaking(const Path& path, const Use& use) {
    const std::string content = ReadFile(path);
    use(content);
    WriteFileAtomically(path, content);
  }

  TemporaryFolder folder_;
  NoProgress progress_;
  milan::Run run_ = MakeTestRun(folder_.path());
  Path exported_ = folder_ / "exported";
  Path imported_ = folder_ / "imported";
};

TEST_F(ImportTest, WithPhotosGivesTheExportedExemplarsBack) {
  const milan::Run imported = Import(WithPhotos());
  CheckSame(imported);
  EXPECT_EQ(imported.manifest.preprocessing, run_.manifest.preprocessing);
  EXPECT_EQ(imported.Exemplars("last").photo_ids, run_.Exemplars("last").photo_ids);
  ASSERT_EQ(imported.photos.size(), run_.photos.size());
  const auto id = static_cast<size_t>(run_.Exemplars("last").PhotoId(0, 0));
  EXPECT_EQ(imported.PhotoPath(id), run_.PhotoPath(id));
  EXPECT_EQ(imported.photos[id].hash, run_.photos[id].hash);
  EXPECT_EQ(imported.photos[id].width, run_.photos[id].width);
}

TEST_F(ImportTest, WithoutImagesThePhotosAreEnough) {
  for (const char* layer : {"last", "block%2F1"}) fs::remove(exported_ / layer / kImagesFile);
  EXPECT_THAT(ErrorOf(ErrorKind::kUsage), AllOf(HasSubstr(kImagesFile), HasSubstr("--photos")));
  EXPECT_FALSE(fs::exists(imported_));
  CheckSame(Import(WithPhotos()));
}

TEST_F(ImportTest, WithoutPhotosThePicturesAreUnpackedOnceEach) {
  const milan::Run imported = Import({});
  CheckSame(imported);
  EXPECT_LE(imported.photos.size(), static_cast<size_t>(kTestPhotos));
  EXPECT_EQ(imported.photo_root, imported_ / "photos");
  const ExemplarSet before = run_.Exemplars("last");
  const ExemplarSet after = imported.Exemplars("last");
  for (int64_t rank = 0; rank < before.k; ++rank) {
    const auto id = static_cast<size_t>(before.PhotoId(0, rank));
    const auto new_id = static_cast<size_t>(after.PhotoId(0, rank));
    EXPECT_EQ(imported.photos[new_id].name, "00000" + std::to_string(id) + ".png");
    const std::string seen = ReadFile(run_.PhotoPath(id));
    const std::string unpacked = ReadFile(imported.PhotoPath(new_id));
    const Image picture = Decode(BytesOf(unpacked)).image;
    EXPECT_EQ(picture, Picture(run_.manifest.preprocessing, Decode(BytesOf(seen)).image));
    // The later steps cut out the part that the network saw: all of it.
    EXPECT_EQ(Picture(imported.manifest.preprocessing, picture), picture);
  }
}

TEST_F(ImportTest, OneLayersFolderIsEnough) {
  const milan::Run imported = ImportExemplars(exported_ / "block%2F1/", imported_, {}, progress_);
  ASSERT_EQ(imported.manifest.layers.size(), 1U);
  EXPECT_EQ(imported.manifest.layers[0].name, "block/1");
}

TEST_F(ImportTest, ActivationsMayBeUnknown) {
  fs::remove(In(kActivationsFile));
  const ExemplarSet set = Import({}).Exemplars("last");
  EXPECT_TRUE(std::isnan(set.activations[0]));
  EXPECT_EQ(set.states[0], UnitState::kAlive);
  EXPECT_EQ(set.Mask(0, 0, {kSize, kSize}), run_.Exemplars("last").Mask(0, 0, {kSize, kSize}));
}

TEST_F(ImportTest, UnitsThatAreLeftOutHaveNoExemplars) {
  const std::vector<int64_t> units = {1, 4};
  WriteArray(In(kUnitsFile), "i8", {2},
             {reinterpret_cast<const char*>(units.data()), units.size() * sizeof(int64_t)});
  const ExemplarSet set = Import({}).Exemplars("last");
  ASSERT_EQ(set.units, 5);
  EXPECT_EQ(set.CountOf(0) + set.CountOf(2) + set.CountOf(3), 0);
  EXPECT_EQ(set.CountOf(4), 4);
  EXPECT_EQ(set.Mask(4, 0, {kSize, kSize}), run_.Exemplars("last").Mask(1, 0, {kSize, kSize}));
}

TEST_F(ImportTest, AFoldersPhotosAreNumberedAsTorchvisionDoes) {
  for (const char* layer : {"last", "block%2F1"}) fs::remove(exported_ / layer / kImagesFile);
  const Path photos = folder_ / "classes";
  for (const char* name :
       {"cat-2/a.png", "cat/b.png", "cat/a.png", "cat/sub/a.png", "dog/a.png", "dog/b.png"}) {
    CreateFolder((photos / name).parent_path());
    WriteFileAtomically(photos / name, EncodePng(NoiseImage(12, 12, 1)));
  }
  const milan::Run imported = Import({.photos = photos});
  std::vector<std::string> names;
  for (const PhotoRecord& photo : imported.photos) names.push_back(photo.name);
  EXPECT_THAT(names, testing::ElementsAre("cat/a.png", "cat/b.png", "cat/sub/a.png", "cat-2/a.png",
                                          "dog/a.png", "dog/b.png"));
}

TEST_F(ImportTest, PhotosInAnotherOrderOrTooFewAreNoticed) {
  const auto list_error = [&](const std::string& names) {
    WriteFileAtomically(run_.photo_root / "list.txt", names);
    ImportOptions options = WithPhotos();
    options.photos = run_.photo_root / "list.txt";
    return ErrorOf(ErrorKind::kInput, options);
  };
  std::string reversed;
  for (const PhotoRecord& photo : run_.photos) reversed = photo.name + "\n" + reversed;
  EXPECT_THAT(list_error(reversed), AllOf(HasSubstr(kImagesFile), HasSubstr("another picture")));
  EXPECT_THAT(list_error(run_.photos[0].name),
              AllOf(HasSubstr(kIdsFile), HasSubstr("out of range"), HasSubstr("list.txt")));
  EXPECT_FALSE(fs::exists(imported_));
}

/// Keeps warnings.
class Warnings final : public NoProgress {
 public:
  void Warn(const std::string& text) override { texts += text; }
  std::string texts;
};

TEST_F(ImportTest, OnePhotoOfManyMayDiffer) {
  constexpr int kMany = 42;
  const Path folder = folder_ / "many";
  const MapSize size = {8, 8};
  CreateFolder(folder);
  std::string ids;
  std::string images;
  for (int i = 0; i < kMany; ++i) {
    const std::string number = std::to_string(10 + i);
    const Image photo = NoiseImage(8, 8, static_cast<uint64_t>(i));
    WriteFileAtomically(folder / (number + ".png"), EncodePng(photo));
    const auto planes = ToPlanes(i == 17 ? NoiseImage(8, 8, 99) : photo, size);
    images.append(planes.begin(), planes.end());
    ids += (i > 0 ? "," : "") + std::to_string(i);
  }
  WriteArray(folder / kMasksFile, "b1", {1, kMany, 1, 8, 8}, std::string(kMany * 64, '\1'));
  WriteArray(folder / kImagesFile, "u1", {1, kMany, 3, 8, 8}, images);
  WriteFileAtomically(folder / kIdsFile, ids);
  ImportOptions options = {.photos = folder};
  options.preprocessing.shorter_side = options.preprocessing.crop[0] = 8;
  options.preprocessing.crop[1] = 8;
  Warnings warnings;
  const milan::Run imported = ImportExemplars(folder, imported_, options, warnings);
  EXPECT_THAT(warnings.texts, AllOf(HasSubstr("photo id 17 than 27.png"), HasSubstr("1 of 42")));
  EXPECT_EQ(imported.Exemplars("many").Mask(0, 41, size), std::vector<uint8_t>(64, 1));
}

TEST_F(ImportTest, BrokenTablesAreNamed) {
  for (const char* file : {kIdsFile, kActivationsFile}) {
    for (const char* text : {"", "1,2,3,4\n", "1,2,3\n1,2,3\n", "1,2,3,4\n1,2,3,x\n",
                             "1,2,3,4\n1,2,3\n", "1,2,3,4\n5,6,7,99999999999e99\n"}) {
      Breaking(In(file), [&](const std::string&) {
        WriteFileAtomically(In(file), text);
        EXPECT_THAT(ErrorOf(ErrorKind::kInput), HasSubstr(In(file).string())) << text;
      });
    }
  }
  for (const char* text : {"0,1,2,-2\n0,1,2,3\n", "0,-1,2,3\n0,1,2,3\n"}) {
    Breaking(In(kIdsFile), [&](const std::string&) {
      WriteFileAtomically(In(kIdsFile), text);
      EXPECT_THAT(ErrorOf(ErrorKind::kInput), AllOf(HasSubstr("line 1"), HasSubstr("id")));
    });
  }
}

TEST_F(ImportTest, BrokenArraysAreNamed) {
  for (const char* file : {kMasksFile, kImagesFile, kUnitsFile}) {
    Breaking(In(file), [&](const std::string& whole) {
      for (const size_t length :
           {size_t{0}, size_t{7}, size_t{60}, size_t{128}, whole.size() - 1}) {
        WriteFileAtomically(In(file), whole.substr(0, length));
        EXPECT_THAT(ErrorOf(ErrorKind::kInput), HasSubstr(In(file).string())) << length;
      }
      const std::string zeros(64, '\0');
      for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 4, 3, 1, 1}, Shape{0, 4, 1, 2, 2},
                                 Shape{1, 1, 1, 1, 1}, Shape{int64_t{1} << 62, 4, 1, 1, 1}}) {
        WriteArray(In(file), "u1", shape, zeros);
        EXPECT_THAT(ErrorOf(ErrorKind::kInput), HasSubstr(In("").string())) << ToString(shape);
      }
      WriteArray(In(file), "f4", {2}, zeros);
      EXPECT_THAT(ErrorOf(ErrorKind::kInput), HasSubstr(In(file).string()));
    });
  }
  for (const std::vector<int64_t>& units :
       {std::vector<int64_t>{1, 0}, {0, 0}, {-1, 0}, {0, int64_t{1} << 40}}) {
    WriteArray(In(kUnitsFile), "i8", {2}, {reinterpret_cast<const char*>(units.data()), 16});
    EXPECT_THAT(ErrorOf(ErrorKind::kInput), AllOf(HasSubstr(kUnitsFile), HasSubstr("row")));
  }
}

TEST_F(ImportTest, ContradictoryPixelsAreNamed) {
  Breaking(In(kMasksFile), [&](std::string content) {
    content.back() = 2;
    WriteFileAtomically(In(kMasksFile), content);
    EXPECT_THAT(ErrorOf(ErrorKind::kInput), AllOf(HasSubstr(kMasksFile), HasSubstr("value 2")));
  });
  EXPECT_FALSE(ReadRunManifest(imported_).complete);
  Breaking(In(kImagesFile), [&](std::string content) {
    content.back() ^= 1;  // the photo is an exemplar of other units too
    WriteFileAtomically(In(kImagesFile), content);
    EXPECT_THAT(ErrorOf(ErrorKind::kInput),
                AllOf(HasSubstr("another picture"), HasSubstr(kImagesFile)));
  });
  CheckSame(Import({}));  // an import that failed can be repeated into its folder
}

TEST_F(ImportTest, FoldersThatAreInUseAreRefused) {
  CreateFolder(imported_);
  WriteFileAtomically(imported_ / "thesis.txt", "years of work");
  EXPECT_THAT(ErrorOf(ErrorKind::kUsage, {.overwrite = true}), HasSubstr("not a run"));
  fs::remove(imported_ / "thesis.txt");
  Import({});
  EXPECT_THAT(ErrorOf(ErrorKind::kUsage), HasSubstr("--overwrite"));
  WriteFileAtomically(imported_ / "descriptions.csv", "of the run before");
  Import({.overwrite = true});
  EXPECT_FALSE(fs::exists(imported_ / "descriptions.csv"));
}

TEST_F(ImportTest, FoldersWithoutExemplarsSaySo) {
  exported_ = folder_ / "nowhere";
  EXPECT_THAT(ErrorOf(ErrorKind::kInput), HasSubstr("nowhere"));
  exported_ = run_.photo_root;
  EXPECT_THAT(ErrorOf(ErrorKind::kInput), HasSubstr(kMasksFile));
}

}  // namespace
}  // namespace milan
