#include "milan/base/safetensors.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/random.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// A file with this header text and data, as an attacker could write it.
void WriteRaw(const Path& path, const std::string& header, const std::string& data) {
  const uint64_t size = header.size();
  std::string bytes(sizeof(size), '\0');
  std::memcpy(bytes.data(), &size, sizeof(size));
  WriteFileAtomically(path, bytes + header + data);
}

SafetensorsWriter Sample() {
  SafetensorsWriter writer;
  writer.SetMetadata("format", "test");
  writer.Add<float>("b", {2, 2}, std::vector<float>{1, 2, 3, 4});
  writer.Add<uint8_t>("a", {3}, std::vector<uint8_t>{7, 8, 9});
  writer.AddAsHalf("half", {2}, std::vector<float>{0.5F, -2});
  writer.Add<int64_t>("none", {0}, std::vector<int64_t>{});
  return writer;
}

TEST(Safetensors, TensorsSurviveTheRoundTrip) {
  const TemporaryFolder folder;
  Sample().Write(folder / "t.safetensors");
  const SafetensorsFile file(folder / "t.safetensors");
  EXPECT_EQ(file.metadata().at("format"), "test");
  EXPECT_THAT(file.At("b").shape, ElementsAre(2, 2));
  EXPECT_THAT(file.At("b").As<float>(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(file.At("a").As<uint8_t>(), ElementsAre(7, 8, 9));
  EXPECT_THAT(file.At("half").AsFloats(), ElementsAre(0.5F, -2.0F));
  EXPECT_THAT(file.At("none").As<int64_t>(), ElementsAre());
}

TEST(Safetensors, EqualContentGivesEqualBytes) {
  const TemporaryFolder folder;
  Sample().Write(folder / "1");
  Sample().Write(folder / "2");
  EXPECT_EQ(ReadFile(folder / "1"), ReadFile(folder / "2"));
}

TEST(Safetensors, InMemoryItIsTheFile) {
  const TemporaryFolder folder;
  Sample().Write(folder / "t");
  std::vector<std::byte> bytes = Sample().ToBytes();
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  EXPECT_EQ(text, ReadFile(folder / "t"));
  const SafetensorsFile read("a message", bytes);
  EXPECT_THAT(read.At("b").As<float>(), ElementsAre(1, 2, 3, 4));
  bytes.back() ^= std::byte{1};
  EXPECT_THAT([&] { SafetensorsFile("a message", bytes); },
              ThrowsMessage<Error>(HasSubstr("a message: is damaged")));
}

TEST(Safetensors, ReadsFilesOfOtherWriters) {
  MILAN_NEEDS_SHARED_DATA();
  const SafetensorsFile file(SharedData("networks/squeezenet1_1.golden.safetensors"));
  EXPECT_THAT(file.At("pixels").shape, ElementsAre(227, 227, 3));
}

TEST(Safetensors, ForgedHeadersAreRefused) {
  const TemporaryFolder folder;
  const Path path = folder / "forged";
  const auto refused = [&](const std::string& header, const std::string& data,
                           const std::string& reason) {
    WriteRaw(path, header, data);
    EXPECT_THAT([&] { SafetensorsFile file(path); }, ThrowsMessage<Error>(HasSubstr(reason)))
        << header;
  };
  refused(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "abcd", "does not fit");
  refused(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", "abcd", "outside the file");
  refused(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}})", "abcdabcd", "outside");
  refused(R"({"t":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "abcd", "not possible");
  refused(R"({"t":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", "",
          "not possible");
  refused(R"({"t":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}})", "abcd", "not supported");
  refused(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
          R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
          "abc", "overlap");
  refused(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", "ab", "holes");
  refused(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "ab", "after the last");
  refused("[1,2]", "", "not an object");
  refused("{", "", "not valid JSON");
}

TEST(Safetensors, TruncatedAndFlippedFilesNeverCrash) {
  const TemporaryFolder folder;
  Sample().Write(folder / "t");
  const std::string whole = ReadFile(folder / "t");
  for (size_t length = 0; length < whole.size(); ++length) {
    WriteFileAtomically(folder / "cut", whole.substr(0, length));
    EXPECT_THROW(SafetensorsFile(folder / "cut"), Error) << length;
  }
  Random random(1);
  for (int i = 0; i < 300; ++i) {
    std::string changed = whole;
    changed[random.Below(changed.size())] ^= static_cast<char>(1 + random.Below(255));
    WriteFileAtomically(folder / "flipped", changed);
    try {
      const SafetensorsFile file(folder / "flipped");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput) << error.what();
    }
  }
}

TEST(Safetensors, AMissingTensorIsNamed) {
  const TemporaryFolder folder;
  Sample().Write(folder / "t");
  const SafetensorsFile file(folder / "t");
  EXPECT_THAT([&] { file.At("weights"); }, ThrowsMessage<Error>(HasSubstr("'weights' is missing")));
}

}  // namespace
}  // namespace milan
