#include "milan/base/torch_archive.h"

#include <span>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include "milan/base/error.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using namespace std::string_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// A state dict with one tensor 'w' [2, 2] over a storage of four floats.
const std::string kPickle =
    "\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(("
    "X\x07\0\0\0storagectorch\nFloatStorage\n"
    "X\x01\0\0\0"
    "0X\x03\0\0\0cpuK\x04tQK\0K\x02K\x02\x86K\x02K\x01\x86\x89"
    "ccollections\nOrderedDict\n)RtRs."s;

std::string Floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

class TorchArchiveTest : public testing::Test {
 protected:
  /// Writes a zip of these members.
  void Write(const std::vector<std::pair<std::string, std::string>>& members,
             int method = ZIP_CM_STORE) {
    int code = 0;
    zip_t* archive = zip_open(path_.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    ASSERT_NE(archive, nullptr);
    for (const auto& [name, content] : members) {
      zip_source_t* source = zip_source_buffer(archive, content.data(), content.size(), 0);
      const auto index = zip_file_add(archive, name.c_str(), source, 0);
      zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), method, 0);
    }
    ASSERT_EQ(zip_close(archive), 0);
  }
  std::string Failure() {
    try {
      const TorchArchive archive(path_);
      (void)StateDict(archive, archive.root()).Read("w", {2, 2});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      EXPECT_THAT(error.what(), HasSubstr("x.pth"));
      return error.what();
    }
    return "no error";
  }

  const TemporaryFolder folder_;
  const Path path_ = folder_ / "x.pth";
};

TEST_F(TorchArchiveTest, ReadsTensorsWhateverTheArchiveWasCalled) {
  for (const std::string prefix : {"archive", "milan base"}) {
    Write({{prefix + "/data.pkl", kPickle},
           {prefix + "/data/0", Floats({1, 2, 3, 4})},
           {prefix + "/version", "3\n"}});
    const TorchArchive archive(path_);
    const StateDict state(archive, archive.root());
    EXPECT_THAT(state.Read("w").values, ElementsAre(1, 2, 3, 4));
    EXPECT_EQ(state.ShapeOf("w", 2), (Shape{2, 2}));
    EXPECT_FALSE(state.Has("v"));
    EXPECT_THROW(state.Read("v"), Error);
    EXPECT_THROW(state.Read("w", {4}), Error);
  }
}

TEST_F(TorchArchiveTest, DamageIsFound) {
  const std::string floats = Floats({1, 2, 3, 4});
  Write({{"a/data.pkl", kPickle}});
  EXPECT_THAT(Failure(), HasSubstr("a/data/0: is missing"));
  Write({{"a/data.pkl", kPickle}, {"a/data/0", floats.substr(4)}});
  EXPECT_THAT(Failure(), AllOf(HasSubstr("12 bytes"), HasSubstr("4 float32")));
  Write({{"a/data.pkl", kPickle}, {"a/data/0", floats}}, ZIP_CM_DEFLATE);
  EXPECT_THAT(Failure(), HasSubstr("compressed"));
  Write({{"a/data.pkl", kPickle}, {"a/data/0", floats}, {"a/byteorder", "big"}});
  EXPECT_THAT(Failure(), HasSubstr("byteorder"));
  Write({{"a/other", "x"}});
  EXPECT_THAT(Failure(), HasSubstr("no data.pkl"));
  Write({{"a/data.pkl", kPickle}, {"a/data/0", floats}});
  std::string bytes = ReadFile(path_);
  bytes[bytes.find(floats)] ^= 1;
  WriteFileAtomically(path_, bytes);
  EXPECT_THAT(Failure(), HasSubstr("a/data/0"));
  for (size_t size = 0; size < bytes.size(); size += 7) {
    WriteFileAtomically(path_, bytes.substr(0, size));
    EXPECT_NE(Failure(), "no error") << size;
  }
}

TEST_F(TorchArchiveTest, OtherFilesAreToldFromCheckpoints) {
  WriteFileAtomically(path_, "not a zip file at all");
  EXPECT_THAT(Failure(), HasSubstr("not a checkpoint that torch.save wrote"));
}

TEST(TorchArchive, ReadsTheReferencesLanguageModel) {
  MILAN_NEEDS_SHARED_DATA();
  const TorchArchive archive(SharedData("parity/captioner/lm.pth"));
  const PickleView properties = archive.root().At("properties");
  EXPECT_EQ(properties.At("hidden_size").AsInteger(), 24);
  EXPECT_EQ(properties.At("dropout").AsNumber(), 0.2);
  const auto words =
      properties.At("indexer").At("properties").At("vocab").At("properties").At("tokens");
  EXPECT_EQ(words.Items().size(), 79);
  EXPECT_EQ(words.Items().at(4).AsText(), "white");
  const StateDict state(archive, archive.root().At("state_dict"));
  EXPECT_EQ(state.Read("embedding.weight", {83, 16}).values.size(), 83 * 16);
}

}  // namespace
}  // namespace milan
