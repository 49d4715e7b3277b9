#include "milan/network/layer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/network/test_networks.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> NamesOf(const std::vector<Layer>& layers) {
  std::vector<std::string> names;
  for (const Layer& layer : layers) names.push_back(layer.name);
  return names;
}

template <typename Work>
std::string MessageOf(const Work& work, ErrorKind kind) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

Layer Map(const std::string& name, const std::string& op_type, int64_t units, int64_t side) {
  return {name, op_type, Layout::kMap, {1, units, side, side}, units, side, side};
}

Layer Vector(const std::string& name, const std::string& op_type, int64_t units) {
  return {name, op_type, Layout::kVector, {1, units}, units, 1, 1};
}

TEST(ListLayers, TellsShapesInTopologicalOrder) {
  const auto layers = ListLayers(SmallNetwork().Build("small"), 16, 16);
  EXPECT_THAT(NamesOf(layers), ElementsAre("conv1", "conv1.relu", "conv2", "sum", "block", "pool",
                                           "average", "flat", "logits"));
  EXPECT_EQ(layers[5].layout, Layout::kMap);
  EXPECT_EQ(layers[5].op_type, "MaxPool");
  EXPECT_EQ(layers[5].shape, (Shape{1, 8, 8, 8}));
  EXPECT_EQ(layers[5].units, 8);
  EXPECT_EQ(layers[5].height, 8);
  EXPECT_EQ(layers[6].layout, Layout::kVector);  // [1, 8, 1, 1]
  EXPECT_EQ(layers[8].layout, Layout::kVector);
  EXPECT_EQ(layers[8].units, 5);
}

TEST(ListLayers, FixedAndOpenSizesBothWork) {
  const auto open = ListLayers(SmallNetwork({-1, 3, -1, -1}).Build("open"), 32, 24);
  EXPECT_EQ(open[5].shape, (Shape{1, 8, 16, 12}));
  const auto fixed = ListLayers(SmallNetwork({1, 3, 16, 16}).Build("fixed"), 16, 16);
  EXPECT_EQ(fixed[5].shape, (Shape{1, 8, 8, 8}));
}

TEST(ListLayers, WeightsInDisguiseAndIntegersAreNotLayers) {
  ModelBuilder b = SmallNetwork();
  b.Apply("Transpose", "turned", {b.Weight("w", RandomArray({2, 3}, 7))});
  b.Apply("ArgMax", "best", {"pool"}, {{"axis", int64_t{1}}});
  // Half storage puts a Cast in front of every weight.
  const auto names = NamesOf(ListLayers(b.Build("small", WeightStorage::kHalf), 16, 16));
  EXPECT_EQ(names.size(), 9U);
  EXPECT_THAT(names,
              AllOf(Not(Contains("turned")), Not(Contains("best")), Not(Contains("conv1.weight"))));
}

TEST(ListLayers, TokensAndAttentionHaveNoUnits) {
  ModelBuilder b("input", {-1, 3, 8, 8});
  b.Conv("patches", b.input(), RandomArray({4, 3, 2, 2}, 1), {}, {.stride = 2});
  b.Apply("Transpose", "turned", {"patches"}, {{"perm", std::vector<int64_t>{0, 2, 3, 1}}});
  b.Apply("MatMul", "scores", {"turned", b.Weight("w", RandomArray({4, 4}, 2))});
  b.Output(b.Apply("Softmax", "attention", {"scores"}));
  const auto layers = ListLayers(b.Build("tokens"), 8, 8);
  ASSERT_THAT(NamesOf(layers), ElementsAre("patches", "turned", "scores", "attention"));
  EXPECT_TRUE(layers[0].IsDescribable());
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(layers[i].layout, Layout::kOther) << layers[i].name;
    EXPECT_EQ(layers[i].units, 0);
  }
}

TEST(ListLayers, SaysWhatIsWrongWithTheInput) {
  EXPECT_THAT(
      MessageOf([] { ListLayers(SmallNetwork().Build("small"), 20, 20); }, ErrorKind::kInput),
      HasSubstr("input 'input' takes shape [?, 3, 16, 16] but was given [1, 3, 20, 20]"));
  ModelBuilder latent("z", {-1, 100, 1, 1});
  latent.Output(latent.Relu("relu", latent.input()));
  EXPECT_THAT(MessageOf([&] { ListLayers(latent.Build("generator"), 32, 32); }, ErrorKind::kInput),
              AllOf(HasSubstr("generator: input 'z'"), HasSubstr("not that of an image")));
}

TEST(SelectLayers, NamesAndGlobsGiveEachLayerOnce) {
  const std::vector<Layer> layers = {Map("features/fire1/relu", "Relu", 8, 8),
                                     Map("features/fire2/relu", "Relu", 8, 8),
                                     Map("odd[0]", "Relu", 8, 8), Vector("logits", "Gemm", 5)};
  EXPECT_THAT(NamesOf(SelectLayers(layers, {"logits", "features/fire1/relu"})),
              ElementsAre("features/fire1/relu", "logits"));
  EXPECT_THAT(NamesOf(SelectLayers(layers, {"*relu", "features*", "features/fire[12]/relu"})),
              ElementsAre("features/fire1/relu", "features/fire2/relu"));
  EXPECT_THAT(NamesOf(SelectLayers(layers, {"features/fire?/relu"})),
              ElementsAre("features/fire1/relu", "features/fire2/relu"));
  EXPECT_THAT(NamesOf(SelectLayers(layers, {"odd[0]"})), ElementsAre("odd[0]"));
  EXPECT_THAT(NamesOf(SelectLayers(layers, {"*"})).size(), 4U);
}

TEST(SelectLayers, AGlobPassesOverLayersWithoutUnits) {
  const std::vector<Layer> layers = {Map("a.relu", "Relu", 8, 8),
                                     {"a.tokens", "MatMul", Layout::kOther, {1, 4, 8}, 0, 0, 0}};
  EXPECT_THAT(NamesOf(SelectLayers(layers, {"a.*"})), ElementsAre("a.relu"));
  EXPECT_THAT(MessageOf([&] { SelectLayers(layers, {"a.tokens"}); }, ErrorKind::kUsage),
              AllOf(HasSubstr("'a.tokens'"), HasSubstr("no units"), HasSubstr("a.relu")));
}

TEST(SelectLayers, AnUnknownNameGivesTheNearest) {
  const std::vector<Layer> layers = {Map("layer1", "Relu", 8, 8), Map("layer2", "Relu", 8, 8),
                                     Map("stem", "Relu", 8, 8)};
  EXPECT_EQ(MessageOf([&] { SelectLayers(layers, {"stemm"}); }, ErrorKind::kUsage),
            "layer 'stemm' matches no layer; the nearest names are stem, layer1, layer2");
}

TEST(DefaultLayers, TakesTheLastActivationOfEachResolution) {
  const std::vector<Layer> layers = {Map("conv1", "Conv", 8, 32),
                                     Map("relu1", "Relu", 8, 32),
                                     Map("pool1", "MaxPool", 8, 16),
                                     Map("conv2", "Conv", 16, 16),
                                     Map("relu2", "Relu", 16, 16),
                                     Map("conv3", "Conv", 16, 16),
                                     Map("bn3", "BatchNormalization", 16, 16),
                                     Map("conv4", "Conv", 4, 4),
                                     Vector("average", "GlobalAveragePool", 4),
                                     Vector("logits", "Gemm", 10)};
  EXPECT_THAT(NamesOf(DefaultLayers(layers)), ElementsAre("relu1", "relu2", "conv4"));
}

TEST(DefaultLayers, APaddedCopyIsNotALayer) {
  const std::vector<Layer> layers = {Map("conv1", "Conv", 8, 16), Map("relu1", "Relu", 8, 16),
                                     Map("padded", "Pad", 8, 17)};
  EXPECT_THAT(NamesOf(DefaultLayers(layers)), ElementsAre("relu1"));
}

TEST(DefaultLayers, TheScaledPhotoIsNotALayer) {
  const std::vector<Layer> layers = {Map("scaled", "Mul", 3, 32), Map("conv1", "Conv", 8, 16),
                                     Map("relu1", "Relu", 8, 16)};
  EXPECT_THAT(NamesOf(DefaultLayers(layers)), ElementsAre("relu1"));
}

TEST(DefaultLayers, MapsOfClassesAreLeftOutUnlessNothingElseHasTheirResolution) {
  std::vector<Layer> layers = {Map("conv1", "Conv", 8, 8), Map("features", "Relu", 8, 8),
                               Map("conv2", "Conv", 10, 8), Map("classes", "Relu", 10, 8),
                               Vector("logits", "GlobalAveragePool", 10)};
  EXPECT_THAT(NamesOf(DefaultLayers(layers)), ElementsAre("features"));
  // A trunk that ends in its pooled features looks alike, but keeps its residual sum.
  layers[3].op_type = "Add";
  EXPECT_THAT(NamesOf(DefaultLayers(layers)), ElementsAre("classes"));
  layers = {Map("conv1", "Conv", 10, 8), Map("relu1", "Relu", 10, 8),
            Vector("pooled", "GlobalAveragePool", 10)};
  EXPECT_THAT(NamesOf(DefaultLayers(layers)), ElementsAre("relu1"));
}

TEST(DefaultLayers, WithoutMapsThereAreNone) {
  EXPECT_THAT(DefaultLayers({}), IsEmpty());
  EXPECT_THAT(DefaultLayers({Vector("logits", "Gemm", 10)}), IsEmpty());
}

TEST(SelectLayers, RegularExpressionsStopBeforeTheStackDoes) {
  Layer layer{std::string(60'000, 'a'), "Relu", Layout::kMap, {1, 4, 2, 2}, 4, 2, 2};
  Layer other = layer;
  other.name = "conv1";
  EXPECT_EQ(SelectLayers({layer, other}, {"re:(a|c|o|n|v)*1"}).at(0).name, "conv1");
}

TEST(SelectLayers, ANameIsFirstOfAllItself) {
  for (const char* name : {"re:conv1", "re:(", "features[0]", "*"}) {
    const Layer layer{name, "Relu", Layout::kMap, {1, 4, 2, 2}, 4, 2, 2};
    Layer other = layer;
    other.name = "conv1";
    EXPECT_EQ(SelectLayers({other, layer}, {name}).back().name, name);
  }
}

}  // namespace
}  // namespace milan
