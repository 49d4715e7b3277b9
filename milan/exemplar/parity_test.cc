// Golden vectors of the MILAN reference, in the development data under parity/.

#include <array>
#include <cstring>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "milan/exemplar/layer_statistics.h"
#include "milan/exemplar/mask.h"
#include "milan/exemplar/tally.h"
#include "milan/exemplar/test_activations.h"
#include "milan/image/photo_set.h"
#include "milan/network/engine.h"
#include "milan/network/layer.h"
#include "milan/network/network.h"
#include "tests/support/npz.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

constexpr int kSize = 224;
constexpr size_t kPixels = size_t{kSize} * kSize;

using Npz = std::map<std::string, NpyArray>;

std::vector<double> AsDoubles(const NpyArray& array) {
  std::vector<double> values(array.bytes.size() / sizeof(double));
  std::memcpy(values.data(), array.bytes.data(), array.bytes.size());
  return values;
}

/// Mask number `index` of an array of packed masks.
std::vector<uint8_t> Unpack(const NpyArray& packed, size_t index) {
  std::vector<uint8_t> mask(kPixels);
  for (size_t i = 0; i < kPixels; ++i) {
    const auto byte = static_cast<uint8_t>(packed.bytes[index * kPixels / 8 + i / 8]);
    mask[i] = byte >> (7 - i % 8) & 1;
  }
  return mask;
}

/// Places [unit, rank, y, x] whose value is too near to the level to be compared.
std::set<std::array<int64_t, 4>> Ambiguous(const Npz& npz, const std::string& layer) {
  const std::vector<int64_t> values = npz.at(layer).AsIntegers();
  std::set<std::array<int64_t, 4>> places;
  for (size_t i = 0; i + 3 < values.size(); i += 4) {
    places.insert({values[i], values[i + 1], values[i + 2], values[i + 3]});
  }
  return places;
}

class Mini48 : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    MILAN_NEEDS_SHARED_DATA();
    folder_ = SharedData("parity/mini48");
    expected_ = ReadNpz(folder_ / "expected.npz");
    const std::string source = GetParam() == "relu1" ? "conv1" : GetParam();
    const NpyArray array = ReadNpz(folder_ / "activation_maps.npz").at(source);
    maps_ = {array.shape, array.AsFloats()};
    if (source != GetParam()) {
      for (float& value : maps_.values) value = std::max(value, 0.0F);
    }
    positions_ = maps_.shape[2] * maps_.shape[3];
  }
  const NpyArray& Expected(const std::string& name) const {
    return expected_.at(GetParam() + "." + name);
  }
  std::span<const float> MapsOf(int64_t photo) const {
    const size_t size = maps_.shape[1] * positions_;
    return std::span(maps_.values).subspan(photo * size, size);
  }
  std::span<const float> Map(int64_t photo, int64_t unit) const {
    return MapsOf(photo).subspan(unit * positions_, positions_);
  }
  std::vector<float> AllOf(int64_t unit) const {
    std::vector<float> all;
    for (int64_t photo = 0; photo < maps_.shape[0]; ++photo) {
      all.insert(all.end(), Map(photo, unit).begin(), Map(photo, unit).end());
    }
    return all;
  }
  ExemplarSet Exemplars() const {
    LayerStatistics statistics(maps_.shape[1], maps_.shape[2], maps_.shape[3], {15});
    for (int64_t photo = 0; photo < maps_.shape[0]; ++photo) {
      const Shape shape = {1, maps_.shape[1], maps_.shape[2], maps_.shape[3]};
      statistics.Add(static_cast<int32_t>(photo), {shape, MapsOf(photo)});
    }
    return statistics.Finish(GetParam(), 0.99);
  }

  Path folder_;
  Npz expected_;
  Array maps_;
  int64_t positions_ = 0;
};

TEST_P(Mini48, ExemplarsAreTheReferences) {
  const ExemplarSet set = Exemplars();
  const std::vector<int64_t> ids = Expected("ids").AsIntegers();
  const std::vector<float> activations = Expected("activations").AsFloats();
  ASSERT_EQ(ids.size(), set.photo_ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(set.photo_ids[i], ids[i]);
    EXPECT_NEAR(set.activations[i], activations[i], 1e-5 * std::abs(activations[i]));
  }
}

TEST_P(Mini48, ThresholdsAreTheExactQuantilesWithinTheBound) {
  const ExemplarSet set = Exemplars();
  const std::vector<double> levels = AsDoubles(Expected("levels_hazen_f64"));
  double worst_rank = 0;
  double worst_value = 0;
  for (int64_t unit = 0; unit < set.units; ++unit) {
    EXPECT_NEAR(set.thresholds[unit], levels[unit], std::abs(levels[unit]) * 0x1p-8);
    const auto values = AllOf(unit);
    const double rank_error = RankError(values, set.thresholds[unit], 0.99);
    EXPECT_LE(rank_error, std::max(0.0005, 1.0 / static_cast<double>(values.size())));
    worst_rank = std::max(worst_rank, rank_error);
    worst_value = std::max(worst_value, std::abs(set.thresholds[unit] / levels[unit] - 1));
  }
  RecordProperty("worst_rank_error", std::to_string(worst_rank));
  RecordProperty("worst_value_error", std::to_string(worst_value));
}

TEST_P(Mini48, MasksAreTheReferencesButForAmbiguousPixels) {
  const auto ambiguous = Ambiguous(ReadNpz(folder_ / "ambiguous_pixels.npz"), GetParam());
  const std::vector<int64_t> ids = Expected("ids").AsIntegers();
  const std::vector<float> levels = Expected("levels").AsFloats();
  int64_t different = 0;
  for (int64_t unit = 0; unit < maps_.shape[1]; ++unit) {
    for (int64_t rank = 0; rank < 15; ++rank) {
      const size_t index = unit * 15 + rank;
      const auto mask =
          ComputeMask(Map(ids[index], unit),
                      {static_cast<int>(maps_.shape[2]), static_cast<int>(maps_.shape[3])},
                      levels[unit], {kSize, kSize});
      const auto expected = Unpack(Expected("masks_packed"), index);
      for (int64_t i = 0; i < static_cast<int64_t>(kPixels); ++i) {
        if (mask[i] == expected[i] || ambiguous.contains({unit, rank, i / kSize, i % kSize})) {
          continue;
        }
        ++different;
      }
    }
  }
  EXPECT_EQ(different, 0);
}

INSTANTIATE_TEST_SUITE_P(Layers, Mini48, testing::Values("conv1", "relu1", "conv2", "conv3"),
                         [](const auto& layer) { return layer.param; });

/// The four layers of photos/ and their names in squeezenet_trunc.onnx.
const std::map<std::string, std::string> kPhotoLayers = {
    {"features.0", "/features/features.1/Relu_output_0"},
    {"features.3", "/features/features.3/Concat_output_0"},
    {"features.6", "/features/features.6/Concat_output_0"},
    {"features.9", "output"}};

/// The whole way from JPEG and PNG files to masks, beside the reference's.
class Photos : public testing::Test {
 protected:
  void SetUp() override {
    MILAN_NEEDS_SHARED_DATA();
    folder_ = SharedData("parity/photos");
    expected_ = ReadNpz(folder_ / "expected.npz");
    std::vector<std::string> values;
    for (const auto& [name, value] : kPhotoLayers) values.push_back(value);
    const Network network = Network::Load(folder_ / "squeezenet_trunc.onnx").Tap(values);
    const auto engine = CreateEngine(network);
    const auto layers = SelectLayers(ListLayers(network, kSize, kSize), values);
    NoProgress progress;
    result_ = Tally({*engine, layers, OpenPhotoSet(folder_ / "images"), {}}, {}, progress);
  }
  const ExemplarSet& SetOf(const std::string& value) const {
    return *std::find_if(result_.layers.begin(), result_.layers.end(),
                         [&](const ExemplarSet& set) { return set.layer == value; });
  }

  void CheckExemplars(const std::string& name, const ExemplarSet& set) const {
    const auto ids = expected_.at(name + ".ids").AsIntegers();
    const auto activations = expected_.at(name + ".activations").AsFloats();
    const auto gaps = expected_.at(name + ".min_gap_ranks_1_to_16").AsFloats();
    for (int64_t unit = 0; unit < set.units; ++unit) {
      const float tolerance = 1e-4F * std::max(1.0F, activations[unit * 15]);
      for (int64_t place = unit * 15; place < unit * 15 + 15; ++place) {
        EXPECT_NEAR(set.activations[place], activations[place], tolerance);
        if (gaps[unit] <= 2 * tolerance) continue;  // the ids are not determined
        EXPECT_EQ(set.photo_ids[place], ids[place]) << name << ", unit " << unit;
      }
    }
  }
  void CheckThresholds(const std::string& name, const ExemplarSet& set) const {
    const auto levels = AsDoubles(expected_.at(name + ".levels_exact_hazen_f64"));
    for (int64_t unit = 0; unit < set.units; ++unit) {
      const double bound = std::max(levels[unit] * 0x1p-8, set.maxima[unit] * 0x1p-15);
      EXPECT_NEAR(set.thresholds[unit], levels[unit], bound + 1e-4) << name << ", unit " << unit;
    }
  }
  /// With the reference's own levels, which are approximate; ours are held against exact ones.
  void CheckMasks(const std::string& name, const ExemplarSet& set) const {
    const auto units = expected_.at(name + ".mask_units").AsIntegers();
    const auto ids = expected_.at(name + ".ids").AsIntegers();
    const auto levels = expected_.at(name + ".levels").AsFloats();
    for (size_t i = 0; i < units.size(); ++i) {
      int64_t both = 0;
      int64_t either = 0;
      for (int64_t rank = 0; rank < 15; ++rank) {
        const int64_t unit = units[i];
        if (set.PhotoId(unit, rank) != ids[unit * 15 + rank]) continue;
        const auto mask =
            ComputeMask(set.Map(unit, rank), set.Size(), levels[unit], {kSize, kSize});
        const auto expected = Unpack(expected_.at(name + ".masks_packed"), i * 15 + rank);
        for (size_t pixel = 0; pixel < kPixels; ++pixel) {
          both += mask[pixel] & expected[pixel];
          either += mask[pixel] | expected[pixel];
        }
      }
      EXPECT_GE(static_cast<double>(both), 0.995 * static_cast<double>(either))
          << name << ", unit " << units[i];
    }
  }

  Path folder_;
  Npz expected_;
  TallyResult result_;
};

TEST_F(Photos, ExemplarsThresholdsAndMasksAreTheReferences) {
  for (const auto& [name, value] : kPhotoLayers) {
    CheckExemplars(name, SetOf(value));
    CheckThresholds(name, SetOf(value));
    CheckMasks(name, SetOf(value));
  }
}

}  // namespace
}  // namespace milan
