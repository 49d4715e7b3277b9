// Networks exported by PyTorch (export_network.py): layers are found by their modules and equal
// what hooks saw; tokens and heads become the maps that PyTorch's own reshaping gives.

#include <algorithm>
#include <cstddef>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/network/engine.h"
#include "milan/network/interpret_layers.h"
#include "tests/networks/compare_values.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Path Fixture(const std::string& name) { return Path(MILAN_NETWORK_FIXTURES) / name; }

Network Load(const std::string& name) { return Network::Load(Fixture(name + ".onnx")); }

SafetensorsFile HooksOf(const std::string& name) {
  return SafetensorsFile(Fixture(name + ".values.safetensors"));
}

std::vector<Layer> LayersOfFixture(const std::string& name, const TokenOptions& options = {}) {
  const Shape input = HooksOf(name).At("input").shape;
  const Network network = Load(name);
  return InterpretLayers(
      network, ListLayers(network, static_cast<int>(input[2]), static_cast<int>(input[3])),
      options);
}

Layer OfModule(const std::vector<Layer>& layers, const std::string& module) {
  for (const Layer& layer : layers) {
    if (std::count(layer.modules.begin(), layer.modules.end(), module) > 0) return layer;
  }
  ADD_FAILURE() << "no layer is an output of " << module;
  return {};
}

std::vector<std::string> ProposedModules(const std::vector<Layer>& layers) {
  std::vector<std::string> modules;
  for (const Layer& layer : layers) {
    if (layer.is_proposed) modules.push_back(layer.modules.empty() ? "" : layer.modules.front());
  }
  return modules;
}

std::string MessageOf(const std::vector<Layer>& layers, const std::string& pattern) {
  try {
    SelectLayers(layers, {pattern});
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  ADD_FAILURE() << pattern << " selects something";
  return "";
}

/// The maps that the network tapped at a layer computes for the fixture's input.
Array MapsOf(const std::string& name, const Layer& layer) {
  const SafetensorsFile hooks = HooksOf(name);
  const Array input{hooks.At("input").shape, hooks.At("input").AsFloats()};
  const ArrayView view = input.View();
  Array maps;
  CreateEngine(TapLayers(Load(name), {layer}))->Run({&view, 1}, [&](auto outputs) {
    maps = {outputs[0].shape, {outputs[0].values.begin(), outputs[0].values.end()}};
  });
  return maps;
}

class ExportedNetwork : public ::testing::TestWithParam<std::string> {};

TEST_P(ExportedNetwork, EveryModuleIsFoundAndEqualsItsHook) {
  const ModuleComparison comparison =
      CompareModules(Load(GetParam()), LayersOfFixture(GetParam()), HooksOf(GetParam()));
  EXPECT_THAT(comparison.missing, IsEmpty());
  EXPECT_GE(comparison.compared, 12);
  EXPECT_LT(comparison.largest, 1e-4) << comparison.worst;
}

INSTANTIATE_TEST_SUITE_P(Networks, ExportedNetwork,
                         ::testing::Values("tiny_resnet", "tiny_resnet_preserved", "tiny_vit"),
                         [](const auto& instance) { return instance.param; });

TEST(ExportedLayers, BlocksAreProposedAndTheirInsideIsNot) {
  EXPECT_THAT(ProposedModules(LayersOfFixture("tiny_resnet")),
              ElementsAre("relu", "layer1.0", "layer1", "features", "fc"));
  EXPECT_THAT(ProposedModules(LayersOfFixture("tiny_resnet_preserved")),
              ElementsAre("relu", "layer1.0", "layer1", "features", "fc"));
}

TEST(ExportedLayers, AModuleThatIsCalledTwiceKeepsItsName) {
  const auto selected = SelectLayers(LayersOfFixture("tiny_resnet"), {"layer1.0.relu"});
  ASSERT_EQ(selected.size(), 2U);
  EXPECT_THAT(selected[1].modules, ElementsAre("layer1.0", "layer1.0.relu"));
}

TEST(ExportedLayers, StagesTellWhatIsBeforeAndAfterTheActivation) {
  const auto layers = LayersOfFixture("tiny_resnet_preserved");
  EXPECT_EQ(OfModule(layers, "conv1").stage, "before BatchNormalization");
  EXPECT_EQ(OfModule(layers, "bn1").stage, "after BatchNormalization, before Relu");
  EXPECT_EQ(OfModule(layers, "relu").stage, "after Relu");
  EXPECT_EQ(OfModule(layers, "features.1").stage, "after BatchNormalization, before Silu");
  EXPECT_EQ(OfModule(layers, "features.2").stage, "after Silu");
}

TEST(ExportedLayers, AFoldedBatchNormIsSaidToBeGone) {
  const auto layers = LayersOfFixture("tiny_resnet");
  EXPECT_THAT(MessageOf(layers, "layer1.0.conv1"),
              AllOf(HasSubstr("folded the BatchNorm"),
                    HasSubstr("/layer1/layer1.0/conv1/Conv_output_0"), HasSubstr("PRESERVE")));
  EXPECT_THAT(MessageOf(layers, "bn1"), HasSubstr("folded each BatchNorm"));
  EXPECT_THAT(MessageOf(layers, "features.1"), HasSubstr("/features/features.0/Conv_output_0"));
  // The value can be had by its name, and says what it is.
  const auto named = SelectLayers(layers, {"/conv1/Conv_output_0"});
  EXPECT_EQ(named.at(0).stage, "after BatchNorm, before Relu");
  EXPECT_THAT(SelectLayers(LayersOfFixture("tiny_resnet_preserved"), {"conv1", "layer1.0.bn1"}),
              ::testing::SizeIs(2));
}

TEST(ExportedLayers, NamesModulesGlobsAndRegularExpressionsSelect) {
  const auto layers = LayersOfFixture("tiny_resnet");
  const auto names = [&](const std::string& pattern) {
    std::vector<std::string> modules;
    for (const Layer& layer : SelectLayers(layers, {pattern})) {
      modules.push_back(layer.modules.front());
    }
    return modules;
  };
  EXPECT_THAT(names("layer1"), ElementsAre("layer1"));
  EXPECT_THAT(names("layer1.?"), ElementsAre("layer1.0", "layer1"));
  EXPECT_THAT(names("re:^(relu|fc)$"), ElementsAre("relu", "fc"));
  EXPECT_THAT(MessageOf(layers, "re:("), HasSubstr("not a regular expression"));
  EXPECT_THAT(MessageOf(layers, "layer1.0.relo"), HasSubstr("layer1.0.relu"));
}

TEST(ExportedTokens, GridAndSpecialTokensAreFollowedFromThePatches) {
  const auto layers = LayersOfFixture("tiny_vit");
  const Layer block = OfModule(layers, "blocks.0");
  EXPECT_EQ(block.layout, Layout::kTokens);
  EXPECT_EQ(block.view.grid, (TokenGrid{4, 6, 3, 0}));
  EXPECT_EQ(block.units, 16);
  EXPECT_EQ(block.height, 4);
  EXPECT_EQ(block.width, 6);
  const Layer hidden = OfModule(layers, "blocks.1.mlp.1");
  EXPECT_EQ(hidden.units, 32);
  EXPECT_EQ(hidden.stage, "after Gelu");
  EXPECT_EQ(OfModule(layers, "blocks.1.mlp.0").stage, "before Gelu");
  const Layer heads = OfModule(layers, "blocks.0.attn.probabilities");
  EXPECT_EQ(heads.layout, Layout::kHeads);
  EXPECT_EQ(heads.units, 4);
  EXPECT_THAT(ProposedModules(layers),
              AllOf(Contains("blocks.0"), Contains("blocks.0.mlp.1"),
                    Contains("blocks.0.attn.probabilities"), Not(Contains("blocks.0.norm1"))));
  std::vector<std::string> defaults;
  for (const Layer& layer : DefaultLayers(layers)) defaults.push_back(layer.modules.front());
  EXPECT_THAT(defaults, ElementsAre("blocks.1.mlp.1"));
}

// The reference dropped the last token instead of the first for a year, so that every map was
// shifted by one patch.
TEST(ExportedTokens, PatchesStayInTheirPlaces) {
  const Layer layer = OfModule(LayersOfFixture("tiny_vit"), "blocks.0");
  const Array maps = MapsOf("tiny_vit", layer);
  ASSERT_EQ(maps.shape, (Shape{1, 16, 4, 6}));
  const auto tokens = HooksOf("tiny_vit").At("module:blocks.0#0").AsFloats();  // [1, 27, 16]
  constexpr int kSpecial = 3;
  for (size_t unit = 0; unit < 16; ++unit) {
    for (size_t patch = 0; patch < 24; ++patch) {
      ASSERT_NEAR(maps.values[unit * 24 + patch], tokens[(kSpecial + patch) * 16 + unit], 1e-4)
          << "unit " << unit << ", patch " << patch;
    }
  }
}

TEST(ExportedTokens, HeadsShowWhatTheClassTokenOrThePatchesLookAt) {
  const auto hooked = HooksOf("tiny_vit").At("module:blocks.0.attn.probabilities#0").AsFloats();
  const auto attention = [&](size_t head, size_t query, size_t key) {
    return hooked[(head * 27 + query) * 27 + key];
  };
  const std::string module = "blocks.0.attn.probabilities";
  const Array of_class = MapsOf("tiny_vit", OfModule(LayersOfFixture("tiny_vit"), module));
  TokenOptions options;
  options.attention = AttentionFrom::kMean;
  const Array mean = MapsOf("tiny_vit", OfModule(LayersOfFixture("tiny_vit", options), module));
  ASSERT_EQ(of_class.shape, (Shape{1, 4, 4, 6}));
  ASSERT_EQ(mean.shape, (Shape{1, 4, 4, 6}));
  for (size_t head = 0; head < 4; ++head) {
    for (size_t patch = 0; patch < 24; ++patch) {
      EXPECT_NEAR(of_class.values[head * 24 + patch], attention(head, 0, 3 + patch), 1e-5);
      double sum = 0;
      for (size_t query = 3; query < 27; ++query) sum += attention(head, query, 3 + patch);
      EXPECT_NEAR(mean.values[head * 24 + patch], sum / 24, 1e-5);
    }
  }
}

TEST(ExportedTokens, OptionsThatFitNothingAreRefused) {
  TokenOptions options;
  options.grid = {5, 5};
  options.special_tokens = 1;
  try {
    LayersOfFixture("tiny_vit", options);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("--grid 5x5"), HasSubstr("26 tokens"), HasSubstr("27")));
  }
  options.grid = {6, 4};  // turned, against what the network tells
  options.special_tokens = 3;
  const Layer turned = OfModule(LayersOfFixture("tiny_vit", options), "blocks.0");
  EXPECT_EQ(turned.height, 6);
}

}  // namespace
}  // namespace milan
