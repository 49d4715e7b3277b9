#include "milan/exemplar/run_directions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/exemplar/tally_run.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// A manifest of two sets of directions and a layer whose units have names.
RunManifest Manifest() {
  RunManifest manifest;
  manifest.layers = {{"layer@pca", 2, 3, 4}, {"layer@sae", 5, 3, 4}, {"groups", 2, 1, 1}};
  manifest.layers[2].unit_names = {"cats, and", "dogs"};
  manifest.directions = {
      {"layer@pca",
       "layer",
       {"/d/pca.npy", "aa"},
       std::nullopt,
       RunFile{"/d/mean.npy", "bb"},
       false},
      {"layer@sae", "layer", {"/d/sae.npy", "cc"}, RunFile{"/d/b.npy", "dd"}, std::nullopt, true}};
  manifest.device = "cuda";
  return manifest;
}

TEST(RunDirections, ComeBackAsTheyWereWritten) {
  const TemporaryFolder folder;
  WriteRunManifest(folder.path(), Manifest());
  const RunManifest read = ReadRunManifest(folder.path());
  EXPECT_EQ(Difference(read, Manifest()), "");
  EXPECT_EQ(read.device, "cuda");
  EXPECT_THAT(read.layers[2].unit_names, ElementsAre("cats, and", "dogs"));
  ASSERT_EQ(read.directions.size(), 2U);
  EXPECT_EQ(read.directions[0].weight.path, "/d/pca.npy");
  EXPECT_EQ(read.directions[0].center->path, "/d/mean.npy");
  EXPECT_FALSE(read.directions[0].bias);
  EXPECT_EQ(read.directions[1].bias->hash, "dd");
  EXPECT_TRUE(read.directions[1].relu);
}

TEST(RunDirections, ManifestsOfBeforeHaveNoneAndAreTheProcessors) {
  const TemporaryFolder folder;
  RunManifest manifest;
  manifest.layers = {{"layer", 2, 3, 4}};
  WriteRunManifest(folder.path(), manifest);
  std::string text = ReadFile(folder / "run.json");
  const std::string device = "  \"device\": \"cpu\",\n";
  ASSERT_NE(text.find(device), std::string::npos) << text;
  WriteFileAtomically(folder / "run.json", text.erase(text.find(device), device.size()));
  const RunManifest read = ReadRunManifest(folder.path());
  EXPECT_EQ(read.device, "cpu");
  EXPECT_TRUE(read.directions.empty());
  EXPECT_TRUE(read.layers[0].unit_names.empty());
}

TEST(RunDirections, NamesOfUnitsAreAsManyAsUnits) {
  const TemporaryFolder folder;
  RunManifest manifest = Manifest();
  manifest.layers[2].unit_names.pop_back();
  WriteRunManifest(folder.path(), manifest);
  EXPECT_THROW(ReadRunManifest(folder.path()), Error);
}

TEST(RunDirections, WhateverDiffersIsNamed) {
  const RunManifest run = Manifest();
  RunManifest wanted = Manifest();
  wanted.directions[1].weight.path = "/elsewhere/sae.npy";  // the same file in another place
  EXPECT_EQ(Difference(run, wanted), "");
  wanted.directions[1].weight.hash = "ee";
  EXPECT_THAT(Difference(run, wanted), AllOf(HasSubstr("layer@sae"), HasSubstr("/d/sae.npy")));

  wanted = Manifest();
  wanted.directions[0].center.reset();
  EXPECT_THAT(Difference(run, wanted),
              AllOf(HasSubstr("--directions-center of layer@pca"), HasSubstr("/d/mean.npy")));
  EXPECT_THAT(Difference(wanted, run), HasSubstr("(none)"));

  wanted = Manifest();
  wanted.directions[1].bias->hash = "ff";
  EXPECT_THAT(Difference(run, wanted), HasSubstr("--directions-bias of layer@sae"));

  wanted = Manifest();
  wanted.directions[1].relu = false;
  EXPECT_THAT(Difference(run, wanted), HasSubstr("--directions-activation relu"));

  wanted = Manifest();
  wanted.directions[0].of = "other";
  EXPECT_THAT(Difference(run, wanted), HasSubstr("directions of layer"));

  wanted = Manifest();
  wanted.directions.pop_back();
  EXPECT_NE(Difference(run, wanted), "");

  wanted = Manifest();
  wanted.device = "cpu";
  EXPECT_EQ(Difference(run, wanted), "--device cuda");
}

}  // namespace
}  // namespace milan
