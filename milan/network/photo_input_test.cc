#include "milan/network/photo_input.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/network/batch_of_one.h"
#include "milan/network/constant_inputs.h"
#include "milan/network/layer.h"
#include "milan/network/old_networks.h"
#include "milan/network/test_networks.h"
#include "tests/support/test_data.h"
#include "tests/support/test_files.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Network LoadFixture(const std::string& name) {
  return Network::Load(TestFile("networks/inputs/" + name + ".onnx"));
}

Network NetworkOf(const Shape& input) {
  ModelBuilder b("input", input);
  b.Output(b.Relu("relu", b.input()));
  return b.Build("net");
}

std::vector<float> ValuesOf(const std::vector<Layer>& layers) {
  std::vector<float> units;
  for (const Layer& layer : layers) units.push_back(static_cast<float>(layer.units));
  return units;
}

TEST(FindPhotoInput, ReadsLayoutChannelsAndSizesFromTheShape) {
  const PhotoInput grey = FindPhotoInput(LoadFixture("grey"));
  EXPECT_EQ(grey.name, "image");
  EXPECT_FALSE(grey.is_channels_last);
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.batch, -1);
  EXPECT_EQ(grey.height, 16);
  EXPECT_EQ(grey.ShapeOf(16, 20), (Shape{1, 1, 16, 20}));
  EXPECT_EQ(FindPhotoInput(LoadFixture("rgba")).channels, 4);
  const PhotoInput bytes = FindPhotoInput(LoadFixture("bytes"));
  EXPECT_TRUE(bytes.is_channels_last);
  EXPECT_EQ(bytes.type, "uint8");
  EXPECT_EQ(bytes.ShapeOf(16, 20), (Shape{1, 16, 20, 3}));
  EXPECT_EQ(FindPhotoInput(LoadFixture("batch_of_4")).batch, 4);
}

TEST(FindPhotoInput, WhatTheFileLeavesOpenIsAColourPhotoUnlessSomebodyKnowsBetter) {
  const Network open = NetworkOf({-1, -1, -1, -1});
  EXPECT_EQ(FindPhotoInput(open).ShapeOf(8, 9), (Shape{1, 3, 8, 9}));
  EXPECT_EQ(FindPhotoInput(open, {"", true, 1}).ShapeOf(8, 9), (Shape{1, 8, 9, 1}));
  EXPECT_EQ(FindPhotoInput(NetworkOf({-1, -1, -1, 3})).ShapeOf(8, 9), (Shape{1, 8, 9, 3}));
}

TEST(FindPhotoInput, AsksWhereAShapeCanBeReadBothWays) {
  const Network unclear = NetworkOf({1, 3, 16, 3});
  EXPECT_THAT([&] { FindPhotoInput(unclear); },
              ThrowsMessage<Error>(AllOf(HasSubstr("'input'"), HasSubstr("--layout"))));
  EXPECT_TRUE(FindPhotoInput(unclear, {"", true, {}}).is_channels_last);
  EXPECT_FALSE(FindPhotoInput(unclear, {"", false, {}}).is_channels_last);
  // The channels alone tell, too.
  EXPECT_TRUE(FindPhotoInput(NetworkOf({1, 3, 16, 1}), {"", {}, 1}).is_channels_last);
}

TEST(FindPhotoInput, RefusesWhatTakesNoPhotos) {
  const auto says = [](const Shape& shape, const std::string& part) {
    EXPECT_THAT([&] { FindPhotoInput(NetworkOf(shape)); },
                ThrowsMessage<Error>(AllOf(HasSubstr("'input'"), HasSubstr(part))));
  };
  says({1, 100, 1, 1}, "[1, 100, 1, 1], not that of an image");
  says({1, 2, 16, 16}, "not that of an image");
  says({3, 16, 16}, "not that of an image");
  EXPECT_THAT(
      [] {
        FindPhotoInput(NetworkOf({1, 3, 16, 16}), {"", true, {}});
      },
      ThrowsMessage<Error>(HasSubstr("which is not NHWC")));
  EXPECT_THAT(
      [] {
        FindPhotoInput(NetworkOf({1, 3, 16, 16}), {"picture", {}, {}});
      },
      ThrowsMessage<Error>(AllOf(HasSubstr("'picture'"), HasSubstr("'input'"))));
}

TEST(FindPhotoInput, NamesTheInputsThatHaveNoValue) {
  EXPECT_THAT([] { FindPhotoInput(LoadFixture("several_inputs")); },
              ThrowsMessage<Error>(AllOf(
                  HasSubstr("'image' takes the photo"), HasSubstr("--constant NAME=VALUE"),
                  HasSubstr("'camera' (int64, [])"), HasSubstr("'gain' (float32, [?, 3, 1, 1])"))));
}

TEST(CheckPhotoShape, SaysBothShapes) {
  const Network network = LoadFixture("nhwc");
  const PhotoInput input = FindPhotoInput(network);
  EXPECT_NO_THROW(CheckPhotoShape(network, input, {1, 16, 16, 3}));
  EXPECT_THAT(
      [&] {
        CheckPhotoShape(network, input, {1, 3, 16, 16});
      },
      ThrowsMessage<Error>(AllOf(HasSubstr("[1, 16, 16, 3]"), HasSubstr("[1, 3, 16, 16]"))));
  EXPECT_THROW(CheckPhotoShape(network, input, {1, 32, 32, 3}), Error);
}

TEST(ListLayers, SeesNetworksOfEveryInput) {
  for (const char* name : {"nhwc", "bytes", "grey", "rgba", "batch_of_4", "batch_in_reshape"}) {
    const std::vector<Layer> layers = ListLayers(LoadFixture(name), 16, 16);
    const std::vector<Layer> chosen = SelectLayers(layers, {"conv", "relu", "logits"});
    EXPECT_EQ(ValuesOf(chosen), (std::vector<float>{4, 4, 5})) << name;
    EXPECT_EQ(chosen[1].shape, (Shape{1, 4, 16, 16})) << name;
  }
}

TEST(Engine, GivesIntegersToWhatTakesThem) {
  const Network network = LoadFixture("bytes").Tap({"numbers"});
  Array input{{1, 16, 16, 3}, std::vector<float>(16 * 16 * 3, 7.0F)};
  input.values[1] = 254.6F;
  input.values[2] = 300;
  input.values[3] = -5;
  const Array numbers = RunOnce(*CreateEngine(network), input)[0];
  EXPECT_EQ(std::vector<float>(numbers.values.begin(), numbers.values.begin() + 4),
            (std::vector<float>{7, 255, 255, 0}));
}

std::vector<InputConstant> SomeConstants() {
  return {{"gain", {3, 1, 1}, {2, 3, 4}}, {"camera", {}, {2}}, {"is_raw", {}, {0}}};
}

TEST(WithConstantInputs, InputsBecomeWeightsOfTheirTypes) {
  const Network network = WithConstantInputs(LoadFixture("several_inputs"), SomeConstants());
  ASSERT_EQ(network.Inputs().size(), 1U);
  EXPECT_EQ(FindPhotoInput(network).name, "image");
  const Array photo{{1, 3, 16, 16}, std::vector<float>(768, 10.0F)};
  const Array warm = RunOnce(*CreateEngine(network.Tap({"warm"})), photo)[0];
  EXPECT_EQ(warm.values[0], 22.0F);  // 10 * gain + table[2]
  EXPECT_EQ(warm.values[256], 32.0F);
  EXPECT_EQ(warm.values[512], 42.0F);
}

TEST(WithConstantInputs, RefusesWhatDoesNotFit) {
  const Network network = LoadFixture("several_inputs");
  const auto says = [&](const InputConstant& constant, const std::string& part) {
    EXPECT_THAT([&] { WithConstantInputs(network, {constant}); },
                ThrowsMessage<Error>(AllOf(HasSubstr(constant.input), HasSubstr(part))));
  };
  says({"lens", {}, {1}}, "'gain', 'image', 'camera', 'is_raw'");
  says({"camera", {}, {1.5}}, "int64, which cannot hold 1.5");
  says({"is_raw", {}, {2}}, "bool, which cannot hold 2");
  says({"gain", {2, 1, 1}, {1, 2}}, "shape [-1, 3, 1, 1] (-1 is open), but the constant [2, 1, 1]");
  EXPECT_THAT(
      [&] {
        WithConstantInputs(network, {{"camera", {}, {1}}, {"camera", {}, {1}}});
      },
      ThrowsMessage<Error>(HasSubstr("'camera'")));
}

/// The values of a network with a batch of 4 for one photo, computed with all of the batch.
std::vector<Array> WithWholeBatch(const Network& network, const Array& photo) {
  Array batch{{4, 3, 16, 16}, {}};
  for (int i = 0; i < 4; ++i) {
    batch.values.insert(batch.values.end(), photo.values.begin(), photo.values.end());
  }
  return RunOnce(*CreateEngine(network), batch);
}

TEST(WithBatchOfOne, RewritesTheBatchWhereTheNetworkThenComputesTheSame) {
  const Network network = LoadFixture("batch_of_4");
  const Network one = WithBatchOfOne(network);
  EXPECT_EQ(one.Inputs()[0].shape, (Shape{1, 3, 16, 16}));
  const Array photo = RandomArray({1, 3, 16, 16}, 5);
  const Array logits = RunOnce(*CreateEngineForOne(one), photo)[0];
  const Array expected = WithWholeBatch(network, photo)[0];
  EXPECT_EQ(logits.shape, (Shape{1, 5}));
  for (size_t i = 0; i < 5; ++i) EXPECT_NEAR(logits.values[i], expected.values[i], 1e-5) << i;
}

TEST(WithBatchOfOne, KeepsABatchThatTheGraphDependsOn) {
  for (const char* name : {"batch_in_reshape", "batch_rearranged"}) {
    const Network network = WithBatchOfOne(LoadFixture(name));
    EXPECT_EQ(network.Inputs()[0].shape[0], 4) << name;
    const Array photo = RandomArray({1, 3, 16, 16}, 5);
    const Array logits = RunOnce(*CreateEngineForOne(network), photo)[0];
    const Array expected = WithWholeBatch(network, photo)[0];
    EXPECT_EQ(logits.shape[0], 1) << name;
    EXPECT_EQ(logits.values,
              std::vector<float>(expected.values.begin(),
                                 expected.values.begin() + std::ssize(logits.values)))
        << name;
  }
}

TEST(WithBatchOfOne, LeavesOpenBatchesAlone) {
  EXPECT_EQ(WithBatchOfOne(LoadFixture("grey")).Inputs()[0].shape[0], -1);
}

TEST(ExternalWeights, SurviveSurgery) {
  const Network network = LoadFixture("beside");
  EXPECT_EQ(ValuesOf(SelectLayers(ListLayers(network, 16, 16), {"relu"})), (std::vector<float>{4}));
  EXPECT_EQ(ValuesOf(SelectLayers(ListLayers(WithBatchOfOne(network), 16, 16), {"relu"})),
            (std::vector<float>{4}));
  const TemporaryFolder folder;
  std::filesystem::copy(TestFile("networks/inputs/beside.onnx"), folder / "beside.onnx");
  EXPECT_THAT([&] { ListLayers(Network::Load(folder / "beside.onnx"), 16, 16); },
              ThrowsMessage<Error>(AllOf(HasSubstr("beside.onnx"), HasSubstr("beside.weights"))));
}

TEST(ConstantInputs, OldFilesStayInOrder) {
  ModelBuilder b("input", {1, 3, 8, 8});
  b.Weight("factor", {{1}, {3}});
  b.Output(b.Apply("Mul", "product", {b.input(), "factor"}));
  onnx::ModelProto model = AsOldFile(b.Build("old")).model();
  model.mutable_graph()->clear_initializer();  // now the factor is an input
  const Network network(std::move(model), "old");
  ASSERT_EQ(network.Inputs().size(), 2U);
  const Network given = WithConstantInputs(network, {{"factor", {}, {2}}});
  ExpectOldFileInOrder(given);
  EXPECT_EQ(given.Inputs().size(), 1U);
  const Array input = RandomArray({1, 3, 8, 8}, 1);
  EXPECT_EQ(RunOnce(*CreateEngine(given), input)[0].values[7], 2 * input.values[7]);
  EXPECT_THROW(WithConstantInputs(network, {{"factor", {}, {2}}, {"factor", {}, {3}}}), Error);
}

}  // namespace
}  // namespace milan
