#include "milan/network/interpret_layers.h"

#include <functional>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/network/test_networks.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Integers = std::vector<int64_t>;

std::vector<Layer> Interpreted(const Network& network, int height, int width,
                               const TokenOptions& options = {}) {
  return InterpretLayers(network, ListLayers(network, height, width), options);
}

Layer Named(const std::vector<Layer>& layers, const std::string& name) {
  for (const Layer& layer : layers) {
    if (layer.name == name) return layer;
  }
  ADD_FAILURE() << "no layer " << name;
  return {};
}

std::vector<std::string> Proposed(const std::vector<Layer>& layers) {
  std::vector<std::string> names;
  for (const Layer& layer : layers) {
    if (layer.is_proposed) names.push_back(layer.name);
  }
  return names;
}

std::string UsageMessage(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

/// Integers that operators take as an input.
std::string Constant(ModelBuilder& b, const std::string& name, const Integers& values) {
  return b.Apply("Constant", name, {}, {{"value_ints", values}});
}

constexpr int kHeight = 4;
constexpr int kWidth = 6;

/// Takes photos of 4 x 6 pixels; its value "tokens" [1, 24, 3] are the pixels row by row.
ModelBuilder PixelTokens() {
  ModelBuilder b("input", {1, 3, kHeight, kWidth});
  const Array identity{{3, 3, 1, 1}, {1, 0, 0, 0, 1, 0, 0, 0, 1}};
  b.Conv("patches", b.input(), identity, {});
  b.Apply("Reshape", "flat", {"patches", Constant(b, "flat.shape", {1, 3, -1})});
  b.Apply("Transpose", "tokens", {"flat"}, {{"perm", Integers{0, 2, 1}}});
  return b;
}

/// Maps that the layer has for the photo whose values are 0, 1, 2, ...
Array MapsOf(const Network& network, const Layer& layer) {
  Array photo{{1, 3, kHeight, kWidth}, std::vector<float>(3 * kHeight * kWidth)};
  for (size_t i = 0; i < photo.values.size(); ++i) photo.values[i] = static_cast<float>(i);
  const auto engine = CreateEngine(TapLayers(network, {layer}));
  return RunOnce(*engine, photo).at(0);
}

void ExpectThePhoto(const Array& maps) {
  ASSERT_EQ(maps.shape, (Shape{1, 3, kHeight, kWidth}));
  for (size_t i = 0; i < maps.values.size(); ++i) ASSERT_EQ(maps.values[i], i);
}

Network WithScopes(const ModelBuilder& b,
                   const std::vector<std::pair<std::string, std::string>>& scopes) {
  onnx::ModelProto model = b.Build("scoped").model();
  for (auto& node : *model.mutable_graph()->mutable_node()) {
    for (const auto& [name, scope] : scopes) {
      if (node.name() != name) continue;
      onnx::StringStringEntryProto entry;
      entry.set_key("pkg.torch.onnx.name_scopes");
      entry.set_value(scope);
      // Field 9 of a node is its metadata, which libraries of before ONNX 1.16 do not know.
      onnx::NodeProto metadata;
      metadata.GetReflection()->MutableUnknownFields(&metadata)->AddLengthDelimited(
          9, entry.SerializeAsString());
      node.MergeFromString(metadata.SerializeAsString());
    }
  }
  return Network(std::move(model), "scoped");
}

TEST(InterpretLayers, StructureAloneProposesTheEndsOfBlocks) {
  const auto layers = Interpreted(SmallNetwork().Build("small"), 16, 16);
  EXPECT_THAT(Proposed(layers), ElementsAre("conv1.relu", "block", "logits"));
  EXPECT_THAT(Named(layers, "conv1").stage, "before Relu");
  EXPECT_THAT(Named(layers, "sum").stage, "before Relu");
  EXPECT_THAT(Named(layers, "block").stage, "after Relu");
  EXPECT_THAT(Named(layers, "conv1").modules, IsEmpty());
}

TEST(InterpretLayers, TokensBetweenSpecialOnesAreFollowed) {
  ModelBuilder b = PixelTokens();
  b.Weight("class", RandomArray({1, 1, 3}, 1));
  b.Weight("registers", RandomArray({1, 2, 3}, 2));
  b.Apply("Concat", "all", {"class", "tokens", "registers"}, {{"axis", int64_t{1}}});
  b.Output(b.Relu("out", "all"));
  const Network network = b.Build("tokens");
  const auto layers = Interpreted(network, kHeight, kWidth);
  const Layer tokens = Named(layers, "all");
  EXPECT_EQ(tokens.layout, Layout::kTokens);
  EXPECT_EQ(tokens.view.grid, (TokenGrid{kHeight, kWidth, 1, 2}));
  EXPECT_EQ(tokens.units, 3);
  ExpectThePhoto(MapsOf(network, tokens));
  ExpectThePhoto(MapsOf(network, Named(layers, "tokens")));
}

TEST(InterpretLayers, SpecialTokensThatAreCutOffAreCounted) {
  ModelBuilder b = PixelTokens();
  b.Weight("special", RandomArray({1, 3, 3}, 1));
  b.Apply("Concat", "all", {"special", "tokens"}, {{"axis", int64_t{1}}});
  b.Output(b.Apply(
      "Slice", "without two",
      {"all", Constant(b, "starts", {2}), Constant(b, "ends", {1000}), Constant(b, "axes", {1})}));
  b.Output(b.Apply("Slice", "without a patch",
                   {"all", Constant(b, "starts 2", {0}), Constant(b, "ends 2", {-1}),
                    Constant(b, "axes 2", {1})}));
  const Network network = b.Build("tokens");
  const auto layers = Interpreted(network, kHeight, kWidth);
  EXPECT_EQ(Named(layers, "without two").view.grid, (TokenGrid{kHeight, kWidth, 1, 0}));
  ExpectThePhoto(MapsOf(network, Named(layers, "without two")));
  EXPECT_FALSE(Named(layers, "without a patch").IsDescribable());
}

TEST(InterpretLayers, WhereTheNetworkDoesNotTellItAsks) {
  ModelBuilder b = PixelTokens();
  // Tokens in another order: no grid follows from the network.
  b.Apply("Transpose", "columns", {"patches"}, {{"perm", Integers{0, 3, 2, 1}}});
  b.Apply("Reshape", "columns first", {"columns", Constant(b, "shape", {1, -1, 3})});
  b.Output("tokens");
  b.Output(b.Relu("unknown", "columns first"));
  const Network network = b.Build("tokens");
  EXPECT_THAT(
      UsageMessage([&] { SelectLayers(Interpreted(network, kHeight, kWidth), {"unknown"}); }),
      AllOf(HasSubstr("24 tokens"), HasSubstr("--grid HEIGHTxWIDTH"),
            HasSubstr("--special-tokens")));
  TokenOptions options;
  options.grid = {2, 10};
  options.special_tokens = 4;
  options.special_last = true;
  const Layer told = Named(Interpreted(network, kHeight, kWidth, options), "unknown");
  EXPECT_EQ(told.view.grid, (TokenGrid{2, 10, 0, 4}));
  EXPECT_EQ(MapsOf(network, told).shape, (Shape{1, 3, 2, 10}));
  options.special_tokens = 3;
  EXPECT_THAT(UsageMessage([&] { Interpreted(network, kHeight, kWidth, options); }),
              AllOf(HasSubstr("makes 23 tokens"), HasSubstr("but layers have")));
}

TEST(InterpretLayers, ChannelsLastAreMapsUntilTheyAreRolled) {
  ModelBuilder b = PixelTokens();
  b.Apply("Transpose", "nhwc", {"patches"}, {{"perm", Integers{0, 2, 3, 1}}});
  b.Relu("activated", "nhwc");
  const auto rows = [&](const std::string& name, int64_t start, int64_t end) {
    return b.Apply("Slice", name,
                   {"activated", Constant(b, name + ".start", {start}),
                    Constant(b, name + ".end", {end}), Constant(b, name + ".axis", {1})});
  };
  const std::string head = rows("head", 0, 1);
  const std::string tail = rows("tail", 1, 4);
  b.Output(b.Apply("Concat", "rolled", {tail, head}, {{"axis", int64_t{1}}}));
  const std::string every =
      b.Apply("Slice", "every second",
              {"activated", Constant(b, "s", {0, 1}), Constant(b, "e", {99, 99}),
               Constant(b, "a", {1, 2}), Constant(b, "step", {2, 2})});
  b.Output(every);
  const Network network = b.Build("nhwc");
  const auto layers = Interpreted(network, kHeight, kWidth);
  EXPECT_EQ(Named(layers, "activated").layout, Layout::kNhwc);
  EXPECT_TRUE(Named(layers, "activated").is_proposed);
  ExpectThePhoto(MapsOf(network, Named(layers, "activated")));
  EXPECT_FALSE(Named(layers, "rolled").IsDescribable());
  EXPECT_FALSE(Named(layers, "tail").IsDescribable());
  EXPECT_EQ(Named(layers, every).height, 2);
  EXPECT_EQ(MapsOf(network, Named(layers, every)).shape, (Shape{1, 3, 2, 3}));
}

TEST(InterpretLayers, HeadsWithoutAClassTokenShowTheMean) {
  ModelBuilder b = PixelTokens();
  b.Apply("Transpose", "keys", {"tokens"}, {{"perm", Integers{0, 2, 1}}});
  b.Apply("MatMul", "scores", {"tokens", "keys"});
  b.Output(b.Apply("Softmax", "attention", {"scores"}, {{"axis", int64_t{-1}}}));
  const Network network = b.Build("heads");
  const Layer heads = Named(Interpreted(network, kHeight, kWidth), "attention");
  EXPECT_EQ(heads.layout, Layout::kHeads);
  EXPECT_EQ(heads.units, 1);
  EXPECT_EQ(heads.view.attention, AttentionFrom::kMean);
  EXPECT_TRUE(heads.is_proposed);
  const Array maps = MapsOf(network, heads);
  ASSERT_EQ(maps.shape, (Shape{1, 1, kHeight, kWidth}));
  double sum = 0;
  for (const float value : maps.values) sum += value;
  EXPECT_NEAR(sum, 1, 1e-5);  // a mean of probabilities
  TokenOptions options;
  options.attention = AttentionFrom::kClassToken;
  EXPECT_THAT(Named(Interpreted(network, kHeight, kWidth, options), "attention").problem,
              HasSubstr("--attention mean"));
}

TEST(InterpretLayers, ReadsTheModulesOfTheDynamoExporter) {
  const Network network =
      WithScopes(SmallNetwork(), {{"conv1", "['', 'stem', 'stem.conv', 'conv2d']"},
                                  {"conv1.relu", "['', 'stem', 'stem.relu', 'relu']"},
                                  {"conv2", "['', 'block', 'block.conv', 'conv2d_1']"},
                                  {"sum", "['', 'block', 'add']"},
                                  {"block", "['', 'block', 'block.relu@1', 'relu_1']"}});
  const auto layers = Interpreted(network, 16, 16);
  EXPECT_THAT(Named(layers, "conv1").modules, ElementsAre("stem.conv"));
  EXPECT_THAT(Named(layers, "conv1.relu").modules, ElementsAre("stem", "stem.relu"));
  EXPECT_THAT(Named(layers, "sum").modules, IsEmpty());
  EXPECT_THAT(Named(layers, "block").modules, ElementsAre("block", "block.relu"));
  EXPECT_EQ(SelectLayers(layers, {"block"}).at(0).name, "block");
  EXPECT_EQ(SelectLayers(layers, {"stem"}).at(0).name, "conv1.relu");
}

TEST(InterpretLayers, WhatMayBeInAnotherOrderIsNotFollowed) {
  ModelBuilder b = PixelTokens();
  b.Apply("Slice", "turned around",
          {"tokens", Constant(b, "starts", {-1}), Constant(b, "ends", {INT64_MIN}),
           Constant(b, "axes", {1}), Constant(b, "steps", {-1})});
  b.Output(b.Relu("turned", "turned around"));
  b.Apply("Slice", "channels around",
          {"tokens", Constant(b, "starts 2", {-1}), Constant(b, "ends 2", {INT64_MIN}),
           Constant(b, "axes 2", {2}), Constant(b, "steps 2", {-1})});
  b.Output(b.Relu("kept", "channels around"));
  b.Apply("ReverseSequence", "reversed", {"tokens", Constant(b, "lengths", {24})},
          {{"batch_axis", int64_t{0}}, {"time_axis", int64_t{1}}});
  b.Output("reversed");
  const Network network = b.Build("orders");
  const auto layers = Interpreted(network, kHeight, kWidth);
  EXPECT_THAT(Named(layers, "turned around").problem, HasSubstr("--grid"));
  EXPECT_FALSE(Named(layers, "turned").IsDescribable());
  EXPECT_FALSE(Named(layers, "reversed").IsDescribable());
  EXPECT_EQ(Named(layers, "kept").view.grid, (TokenGrid{kHeight, kWidth, 0, 0}));
}

TEST(InterpretLayers, HeadsOfAFixedBatchAreNotTakenForOnePhotos) {
  ModelBuilder b("input", {2, 3, kHeight, kWidth});
  b.Apply("Reshape", "rows", {b.input(), Constant(b, "shape", {6, 24, 1})});
  b.Apply("Transpose", "columns", {"rows"}, {{"perm", Integers{0, 2, 1}}});
  b.Apply("MatMul", "scores", {"rows", "columns"});
  b.Output(b.Apply("Softmax", "attention", {"scores"}, {{"axis", int64_t{-1}}}));
  TokenOptions options;
  options.grid = {kHeight, kWidth};
  const Network network = b.Build("heads");
  const auto layers = InterpretLayers(network, ListLayers(network, kHeight, kWidth));
  EXPECT_THAT(Named(layers, "attention").problem, HasSubstr("fixes a batch of 2"));
  EXPECT_FALSE(Named(layers, "attention").IsDescribable());
}

TEST(InterpretLayers, AModuleWithANumberIsNoSecondCall) {
  ModelBuilder b("input", {1, 3, 8, 8});
  const auto conv = [&](const std::string& module, const std::string& input) {
    return b.Apply("Conv", "/" + module + "/Conv",
                   {input, b.Weight(module + ".weight", RandomArray({3, 3, 1, 1}, 1))});
  };
  std::string x = b.Relu("/relu/Relu", conv("conv", b.input()));
  b.Output(b.Relu("/relu_1/Relu", conv("conv_1", x)));
  const auto layers = Interpreted(b.Build("siblings"), 8, 8);
  EXPECT_THAT(Named(layers, "/conv/Conv").modules, ElementsAre("conv"));
  EXPECT_THAT(Named(layers, "/conv_1/Conv").modules, ElementsAre("conv_1"));
  EXPECT_THAT(Named(layers, "/relu_1/Relu").modules, ElementsAre("relu"));  // has no weights
}

TEST(InterpretLayers, TrainedTransformersAreDescribable) {
  MILAN_NEEDS_SHARED_DATA();
  const auto load = [](const std::string& name) {
    return Network::Load(SharedData("networks/" + name + ".onnx"));
  };
  const auto vit = Interpreted(load("vit_cifar10"), 32, 32);
  EXPECT_EQ(Named(vit, "layer5/mlp_relu").view.grid, (TokenGrid{8, 8, 1, 0}));
  EXPECT_EQ(Named(vit, "layer5/mlp_relu").units, 256);
  EXPECT_EQ(Named(vit, "layer0/attention").units, 8);
  EXPECT_THAT(Proposed(vit), AllOf(Contains("layer0/attention"), Contains("layer5/mlp_relu"),
                                   Contains("layer5"), Not(Contains("layer5/norm"))));
  // Its blocks unfold maps of 32 x 32 to [1, 4, 256, channels], which is row by row all the same.
  const auto mobile = Interpreted(load("mobilevit_xxs_flowers"), 256, 256);
  const Layer heads = Named(mobile, "multi_head_attention_9/softmax");
  EXPECT_EQ(heads.units, 2);
  EXPECT_EQ(heads.view.grid, (TokenGrid{32, 32, 0, 0}));
  EXPECT_EQ(heads.view.attention, AttentionFrom::kMean);
  EXPECT_EQ(Named(mobile, "add_28/add").layout, Layout::kTokens);
}

}  // namespace
}  // namespace milan
