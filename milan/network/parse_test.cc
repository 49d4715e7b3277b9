// Files that are not what they say: milan explains, and never crashes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/network/layer.h"
#include "milan/network/test_networks.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::HasSubstr;

std::string ProblemOf(std::string_view bytes) {
  try {
    Network::Parse(bytes, "net.onnx");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_THAT(error.what(), ::testing::StartsWith("net.onnx: "));
    return error.what();
  }
  return "no error";
}

TEST(Parse, SaysWhatAFileOfAnotherKindIs) {
  EXPECT_EQ(ProblemOf(""), "net.onnx: the file is empty, not an ONNX network");
  EXPECT_EQ(ProblemOf("<!DOCTYPE html><html><body>not found</body>"),
            "net.onnx: not an ONNX file (it begins with '<!DOCTYPE html><html><bo')");
  EXPECT_THAT(ProblemOf("\n\nversion https://example.org/spec/v1\noid sha256:0"),
              HasSubstr("not an ONNX file (it begins with '??version"));
  EXPECT_EQ(ProblemOf("\xFF\xD8\xFF\xE0 a photograph"), "net.onnx: not an ONNX file");
}

TEST(Parse, AMissingFileIsNamed) {
  EXPECT_THAT([] { Network::Load("no/such/file.onnx"); },
              ::testing::ThrowsMessage<Error>(HasSubstr("no/such/file.onnx")));
}

TEST(Parse, EveryTruncationIsAnError) {
  const std::string bytes = SmallNetwork().Build("small").Serialize();
  for (size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_NE(ProblemOf(std::string_view(bytes).substr(0, length)), "no error") << length;
  }
  EXPECT_EQ(ProblemOf(std::string_view(bytes).substr(0, bytes.size() / 2)),
            "net.onnx: truncated after " + std::to_string(bytes.size() / 2) +
                " bytes; fetch the file again");
}

TEST(Parse, FlippedBytesGiveAnErrorOrANetwork) {
  const std::string bytes = SmallNetwork().Build("small", WeightStorage::kHalf).Serialize();
  Random random(7);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string mutated = bytes;
    const uint64_t flips = 1 + random.Below(8);
    for (uint64_t i = 0; i < flips; ++i) {
      mutated[random.Below(mutated.size())] ^= static_cast<char>(1U << random.Below(8));
    }
    try {
      const Network network = Network::Parse(mutated, "net.onnx");
      const auto values = network.ComputedValues();
      network.Tap({values.back().name});
      network.Inputs();
      network.Outputs();
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(Parse, FlippedBytesThatGiveANetworkRunOrAreRefused) {
  const std::string bytes = SmallNetwork().Build("small").Serialize();
  Random random(11);
  for (int round = 0; round < 40; ++round) {
    std::string mutated = bytes;
    mutated[random.Below(mutated.size())] ^= static_cast<char>(1U << random.Below(8));
    try {
      ListLayers(Network::Parse(mutated, "net.onnx"), 16, 16);
    } catch (const Error& error) {
      EXPECT_NE(error.kind(), ErrorKind::kInternal) << error.what();
    }
  }
}

TEST(Parse, ATruncatedRealNetworkIsAnError) {
  MILAN_NEEDS_SHARED_DATA();
  const std::string bytes = ReadFile(SharedData("networks/resnet20_cifar10.onnx"));
  for (size_t length = 1; length < bytes.size(); length += bytes.size() / 200) {
    ASSERT_NE(ProblemOf(std::string_view(bytes).substr(0, length)), "no error") << length;
  }
}

}  // namespace
}  // namespace milan
