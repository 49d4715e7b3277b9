#include "milan/network/directions.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/npy.h"
#include "milan/base/safetensors.h"
#include "milan/network/test_networks.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Layer LayerNamed(const std::string& name, const Network& network, int side) {
  return SelectLayers(ListLayers(network, {Shape{1, 3, side, side}}), {name}).at(0);
}

Array Identity(int64_t size) {
  Array identity{{size, size}, std::vector<float>(static_cast<size_t>(size * size), 0.0F)};
  for (int64_t i = 0; i < size; ++i) identity.values[static_cast<size_t>(i * size + i)] = 1;
  return identity;
}

/// What the layer and directions in its space are for one input.
struct Pair {
  Array layer;
  Array directions;
};
Pair RunBoth(const Network& network, const Layer& layer, const Directions& directions,
             const Array& input) {
  const ExtendedNetwork extended = AddDirections(network, {{layer, directions}});
  const Network tapped = extended.network.Tap({layer.name, extended.layers.at(0).name});
  std::vector<Array> outputs = RunOnce(*CreateEngine(tapped), input);
  EXPECT_EQ(outputs.at(1).shape, extended.layers[0].shape);
  return {outputs[0], outputs[1]};
}

/// activation(W (x - c) + b) in double precision, for a layer [1, units, ...].
std::vector<double> Expected(const Array& layer, const Directions& directions) {
  const auto count = static_cast<size_t>(directions.weight.shape[0]);
  const auto units = static_cast<size_t>(directions.weight.shape[1]);
  const size_t positions = layer.values.size() / units;
  std::vector<double> expected;
  for (size_t d = 0; d < count; ++d) {
    for (size_t p = 0; p < positions; ++p) {
      double sum = directions.bias.empty() ? 0 : directions.bias[d];
      for (size_t u = 0; u < units; ++u) {
        const double center = directions.center.empty() ? 0 : directions.center[u];
        sum += directions.weight.values[d * units + u] *
               (static_cast<double>(layer.values[u * positions + p]) - center);
      }
      expected.push_back(directions.relu ? std::max(sum, 0.0) : sum);
    }
  }
  return expected;
}

void ExpectNear(const std::vector<float>& values, const std::vector<double>& expected) {
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_NEAR(values[i], expected[i], 1e-5 * (1 + std::abs(expected[i]))) << i;
  }
}

TEST(AddDirections, ByHandOnAVector) {
  ModelBuilder b("input", {-1, 3, 1, 1});
  b.Output(b.Flatten("flat", b.input()));
  const Network network = b.Build("vector");
  const Layer layer = LayerNamed("flat", network, 1);
  const Directions directions{"probe", {{2, 3}, {1, 2, 3, -1, 0, 1}}, {0.5F, 0}, {1, 1, 1}, true};
  const auto [values, made] = RunBoth(network, layer, directions, {{1, 3, 1, 1}, {2, 3, 1}});
  // (1, 2, 0): 1 + 4 + 0 + 0.5; -1 + 0 + 0, which is below zero.
  EXPECT_EQ(made.shape, (Shape{1, 2}));
  EXPECT_THAT(made.values, ElementsAre(5.5F, 0.0F));
}

TEST(AddDirections, ComputeTheirFormulaOnMapsAndVectors) {
  const Network network = SmallNetwork().Build("small");
  const Array photo = RandomArray({1, 3, 16, 16}, 9);
  for (const std::string name : {"block", "average", "flat"}) {
    const Layer layer = LayerNamed(name, network, 16);
    for (const bool relu : {false, true}) {
      const Directions directions{"set", RandomArray({11, 8}, 21), RandomArray({11}, 22).values,
                                  RandomArray({8}, 23).values, relu};
      const auto [values, made] = RunBoth(network, layer, directions, photo);
      ExpectNear(made.values, Expected(values, directions));
      const Directions plain{"set", directions.weight, {}, {}, relu};
      const auto [same, plainly] = RunBoth(network, layer, plain, photo);
      ExpectNear(plainly.values, Expected(same, plain));
    }
  }
}

TEST(AddDirections, IdentityGivesTheLayerItself) {
  const Network network = SmallNetwork().Build("small");
  const Array photo = RandomArray({1, 3, 16, 16}, 9);
  for (const std::string name : {"conv1", "block", "pool", "average", "flat"}) {
    const Layer layer = LayerNamed(name, network, 16);
    const auto [values, made] =
        RunBoth(network, layer, {"same", Identity(8), {}, {}, false}, photo);
    EXPECT_EQ(made.shape, values.shape) << name;
    EXPECT_EQ(made.values, values.values) << name;
  }
}

/// What centring is for: activations far from zero that vary little.
TEST(AddDirections, CentringKeepsSmallDifferencesOfLargeActivations) {
  ModelBuilder b("input", {-1, 3, 1, 1});
  b.Output(b.Flatten("flat", b.input()));
  const Network network = b.Build("large");
  const float large = 1 << 20;
  const Directions directions{"d", {{1, 3}, {0.3F, 0.7F, 0}}, {}, {large, large, 0}, false};
  const auto [values, made] = RunBoth(network, LayerNamed("flat", network, 1), directions,
                                      {{1, 3, 1, 1}, {large + 0.125F, large + 0.25F, 0}});
  EXPECT_FLOAT_EQ(made.values.at(0), 0.3F * 0.125F + 0.7F * 0.25F);
}

TEST(AddDirections, HalfPrecisionNetworksWorkToo) {
  ModelBuilder b("input", {-1, 2, 2, 2});
  b.Apply("Cast", "half", {b.input()}, {{"to", int64_t{10}}});
  b.Output(b.Apply("Cast", "back", {"half"}, {{"to", int64_t{1}}}));
  const Layer layer{"half", "Cast", Layout::kMap, {1, 2, 2, 2}, 2, 2, 2};
  const Pair pair = RunBoth(b.Build("half"), layer, {"sum", {{1, 2}, {1, 1}}, {}, {}, false},
                            {{1, 2, 2, 2}, {1, 2, 3, 4, 10, 20, 30, 40}});
  EXPECT_THAT(pair.directions.values, ElementsAre(11, 22, 33, 44));
}

TEST(AddDirections, SeveralSetsStandBesideTheNetworksOwnLayers) {
  const Network network = SmallNetwork().Build("small");
  const Layer block = LayerNamed("block", network, 16);
  const Layer flat = LayerNamed("flat", network, 16);
  const ExtendedNetwork extended =
      AddDirections(network, {{block, {"pca", RandomArray({3, 8}, 1), {}, {}, false}},
                              {block, {"sae", RandomArray({30, 8}, 2), {}, {}, true}},
                              {flat, {"pca", RandomArray({4, 8}, 3), {}, {}, false}}});
  ASSERT_EQ(extended.layers.size(), 3U);
  EXPECT_EQ(extended.layers[0].name, "block@pca");
  EXPECT_EQ(extended.layers[0].units, 3);
  EXPECT_EQ(extended.layers[0].height, 16);
  EXPECT_EQ(extended.layers[0].layout, Layout::kMap);
  EXPECT_EQ(extended.layers[1].name, "block@sae");
  EXPECT_EQ(extended.layers[1].units, 30);
  EXPECT_EQ(extended.layers[2].name, "flat@pca");
  EXPECT_EQ(extended.layers[2].layout, Layout::kVector);
  const Array photo = RandomArray({1, 3, 16, 16}, 9);
  const auto outputs = RunOnce(
      *CreateEngine(extended.network.Tap({"logits", "block@pca", "block@sae", "flat@pca"})), photo);
  EXPECT_EQ(outputs[1].shape, (Shape{1, 3, 16, 16}));
  EXPECT_EQ(outputs[2].shape, (Shape{1, 30, 16, 16}));
  EXPECT_EQ(outputs[3].shape, (Shape{1, 4}));
  EXPECT_EQ(outputs[0].values, RunOnce(*CreateEngine(network.Tap({"logits"})), photo)[0].values);
}

TEST(AddDirections, TwoLayersOfOneNameAreRefused) {
  const Network network = SmallNetwork().Build("small");
  const Layer block = LayerNamed("block", network, 16);
  const LayerDirections set{block, {"pca", RandomArray({3, 8}, 1), {}, {}, false}};
  try {
    AddDirections(network, {set, set});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("block@pca"));
  }
}

/// Files as users have them, and what milan says of wrong ones.
class ReadDirectionsTest : public testing::Test {
 protected:
  Path Npy(const std::string& name, const Shape& shape, const std::vector<float>& values) {
    WriteNpy(folder_ / name, {shape, values});
    return folder_ / name;
  }
  template <typename T>
  Path Typed(const std::string& name, const std::string& type, const Shape& shape,
             const std::vector<T>& values) {
    std::string bytes = NpyHeader(type, shape);
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    WriteFileAtomically(folder_ / name, bytes);
    return folder_ / name;
  }
  std::string ErrorOf(const DirectionFiles& files, ErrorKind kind = ErrorKind::kInput) const {
    try {
      ReadDirections(files, layer_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind);
      return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }
  static DirectionFiles Weight(const Path& path) { return {path, {}, {}, "", false}; }

  TemporaryFolder folder_;
  Layer layer_{"block", "Relu", Layout::kMap, {1, 3, 4, 4}, 3, 4, 4};
};

TEST_F(ReadDirectionsTest, ReadsEveryFloatType) {
  const std::vector<float> values = {1, -0.5F, 2, 0, 0.25F, 4};
  const std::vector<double> doubles(values.begin(), values.end());
  std::vector<uint16_t> halves;
  for (const float value : values) halves.push_back(ToHalf(value));
  for (const Path& path : {Npy("w.npy", {2, 3}, values), Typed("w8.npy", "f8", {2, 3}, doubles),
                           Typed("w2.npy", "f2", {2, 3}, halves)}) {
    const Directions directions = ReadDirections(Weight(path), layer_);
    EXPECT_EQ(directions.weight.shape, (Shape{2, 3})) << path;
    EXPECT_EQ(directions.weight.values, values) << path;
    EXPECT_EQ(directions.name, path.stem()) << path;
  }
  const Directions probe = ReadDirections(Weight(Npy("one.npy", {3}, {1, 2, 3})), layer_);
  EXPECT_EQ(probe.weight.shape, (Shape{1, 3}));
}

TEST_F(ReadDirectionsTest, ReadsBiasAndCenterFromWhereTheyAre) {
  const std::vector<float> weight = {1, 2, 3, 4, 5, 6};
  const std::vector<double> bias = {7, 8};
  const std::vector<float> center = {9, 10, 11};
  SafetensorsWriter writer;
  writer.Add<float>("weight", {2, 3}, weight);
  writer.Add<double>("bias", {2, 1}, bias);
  writer.Write(folder_ / "sae.safetensors");
  const Directions sae = ReadDirections(
      {folder_ / "sae.safetensors", {}, Npy("c.npy", {3}, center), "", true}, layer_);
  EXPECT_EQ(sae.name, "sae");
  EXPECT_EQ(sae.weight.values, weight);
  EXPECT_THAT(sae.bias, ElementsAre(7, 8));
  EXPECT_EQ(sae.center, center);
  EXPECT_TRUE(sae.relu);
  EXPECT_THAT(ErrorOf({folder_ / "sae.safetensors", Npy("b.npy", {2}, {1, 2}), {}, "", false},
                      ErrorKind::kUsage),
              AllOf(HasSubstr("sae.safetensors"), HasSubstr("b.npy")));
}

TEST_F(ReadDirectionsTest, AWrongShapeNamesFileShapeAndUnits) {
  EXPECT_THAT(ErrorOf(Weight(Npy("w.npy", {2, 4}, std::vector<float>(8, 1)))),
              AllOf(HasSubstr("w.npy"), HasSubstr("[2, 4]"), HasSubstr("3 units"),
                    HasSubstr("'block'"), Not(HasSubstr("transpose"))));
  EXPECT_THAT(ErrorOf(Weight(Npy("t.npy", {3, 2}, std::vector<float>(6, 1)))),
              AllOf(HasSubstr("[3, 2]"), HasSubstr("transpose")));
  for (const Shape& shape : {Shape{}, Shape{0, 3}, Shape{2, 3, 1}, Shape{4}}) {
    const auto count = static_cast<size_t>(ElementCount(shape));
    EXPECT_THAT(ErrorOf(Weight(Npy("s.npy", shape, std::vector<float>(count, 1)))),
                HasSubstr("s.npy"))
        << ToString(shape);
  }
  const Path weight = Npy("good.npy", {2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(ErrorOf({weight, Npy("b.npy", {3}, {1, 2, 3}), {}, "", false}),
              AllOf(HasSubstr("b.npy"), HasSubstr("bias"), HasSubstr("[3]"), HasSubstr("[2]")));
  EXPECT_THAT(ErrorOf({weight, {}, Npy("c.npy", {2}, {1, 2}), "", false}),
              AllOf(HasSubstr("c.npy"), HasSubstr("center"), HasSubstr("[2]"), HasSubstr("[3]")));
}

TEST_F(ReadDirectionsTest, ValuesThatAreNotFiniteAreRefused) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(ErrorOf(Weight(Npy("w.npy", {2, 3}, {1, 2, 3, 4, nan, 6}))),
              AllOf(HasSubstr("w.npy"), HasSubstr("nan"), HasSubstr("row 1, column 1")));
  const std::vector<double> huge = {1, 2, -1e300};  // float32 does not reach so far
  EXPECT_THAT(ErrorOf(Weight(Typed("h.npy", "f8", {1, 3}, huge))),
              AllOf(HasSubstr("h.npy"), HasSubstr("-inf")));
  const Path weight = Npy("good.npy", {2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(ErrorOf({weight, Npy("b.npy", {2}, {1, nan}), {}, "", false}),
              AllOf(HasSubstr("b.npy"), HasSubstr("place 1")));
}

TEST_F(ReadDirectionsTest, OtherFilesAreExplained) {
  EXPECT_THAT(ErrorOf(Weight(folder_ / "missing.npy")), HasSubstr("missing.npy"));
  EXPECT_THAT(ErrorOf(Weight(Typed("i.npy", "i8", {1, 3}, std::vector<int64_t>{1, 2, 3}))),
              AllOf(HasSubstr("i.npy"), HasSubstr("i8")));
  SafetensorsWriter writer;
  writer.Add<float>("W_enc", {2, 3}, std::vector<float>(6, 1));
  writer.Write(folder_ / "other.safetensors");
  EXPECT_THAT(ErrorOf(Weight(folder_ / "other.safetensors")),
              AllOf(HasSubstr("'weight'"), HasSubstr("W_enc")));
  SafetensorsWriter integers;
  integers.Add<int64_t>("weight", {1, 3}, std::vector<int64_t>(3, 1));
  integers.Write(folder_ / "integers.safetensors");
  EXPECT_THAT(ErrorOf(Weight(folder_ / "integers.safetensors")), HasSubstr("I64"));
}

TEST(AddDirections, OfTokensCombineTheirMaps) {
  ModelBuilder b("input", {-1, 3, 8, 8});
  const std::string patches = b.Conv("patches", b.input(), RandomArray({5, 3, 4, 4}, 1),
                                     RandomArray({5}, 2), {.stride = 4});
  b.Output(b.Apply("Transpose", "tokens", {patches},
                   {{"perm", std::vector<int64_t>{0, 2, 3, 1}}}));  // [1, 2, 2, 5]
  const Network network = b.Build("tokens");
  Layer tokens{"tokens", "Transpose", Layout::kNhwc, {1, 2, 2, 5}, 5, 2, 2};
  tokens.view = {Layout::kNhwc, {2, 2, 0, 0}};
  const ExtendedNetwork extended =
      AddDirections(network, {{tokens, {"same", Identity(5), {}, {}, false}}});
  EXPECT_TRUE(extended.layers.at(0).view.IsIdentity());
  const Network tapped = extended.network.Tap({"patches", extended.layers[0].name});
  const auto outputs = RunOnce(*CreateEngine(tapped), RandomArray({1, 3, 8, 8}, 3));
  EXPECT_EQ(outputs.at(1).shape, extended.layers[0].shape);
  EXPECT_EQ(outputs[1].values, outputs[0].values);
}

}  // namespace
}  // namespace milan
