#include "milan/network/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/network/test_networks.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr const char* kCpu = "CPUExecutionProvider";
constexpr const char* kCuda = "CUDAExecutionProvider";

/// A machine with that many GPUs, and an ONNX Runtime for them.
DeviceProbe Gpus(int count) {
  return {{kCuda, kCpu}, [count](const Device& device) {
            return device.index < count ? std::string() : "no such GPU";
          }};
}

DeviceProbe CpuOnly() {
  return {{kCpu}, [](const Device&) -> std::string {
            ADD_FAILURE() << "asked for a device without its provider";
            return "";
          }};
}

std::string MessageOf(const std::string& text, const DeviceProbe& probe, ErrorKind kind) {
  try {
    ChooseDevice(text, probe);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown for " << text;
  return "";
}

TEST(ChooseDevice, TakesWhatTheUserNames) {
  EXPECT_EQ(ToString(ChooseDevice("cpu", Gpus(1)).device), "cpu");
  EXPECT_EQ(ToString(ChooseDevice("cuda", Gpus(1)).device), "cuda:0");
  EXPECT_EQ(ToString(ChooseDevice("cuda:1", Gpus(2)).device), "cuda:1");
  EXPECT_EQ(KindName(ChooseDevice("cuda:1", Gpus(2)).device), "cuda");
  EXPECT_EQ(ChooseDevice("cuda:1", Gpus(2)).reason, "");
}

TEST(ChooseDevice, AutoIsAGpuThatCanBeUsedElseTheCpuAndSaysWhy) {
  EXPECT_EQ(ToString(ChooseDevice("auto", Gpus(1)).device), "cuda:0");
  const ChosenDevice without_driver = ChooseDevice("auto", Gpus(0));
  EXPECT_EQ(ToString(without_driver.device), "cpu");
  EXPECT_THAT(without_driver.reason, AllOf(HasSubstr("cuda:0"), HasSubstr("no such GPU")));
  const ChosenDevice without_provider = ChooseDevice("auto", CpuOnly());
  EXPECT_EQ(ToString(without_provider.device), "cpu");
  EXPECT_THAT(without_provider.reason, HasSubstr("no other"));
}

TEST(ChooseDevice, AMissingDeviceIsAnErrorWithTheRemedy) {
  EXPECT_THAT(MessageOf("cuda", CpuOnly(), ErrorKind::kResource),
              AllOf(HasSubstr("--device cuda:0"), HasSubstr("-DONNXRUNTIME_ROOT"),
                    HasSubstr("has no CUDA"), HasSubstr("--device cpu")));
  EXPECT_THAT(
      MessageOf("cuda:4", Gpus(2), ErrorKind::kResource),
      AllOf(HasSubstr("cuda:4"), HasSubstr("no such GPU"), HasSubstr("-DONNXRUNTIME_ROOT")));
}

TEST(ChooseDevice, OtherTextIsWrongUse) {
  for (const char* text :
       {"", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:1x", "cuda:99999999999", "cpu:0", "cuda:+1"}) {
    EXPECT_THAT(MessageOf(text, Gpus(2), ErrorKind::kUsage), HasSubstr("cuda:N")) << text;
  }
}

TEST(ProbeDevices, TellsOfTheOnnxRuntimeInUse) {
  const DeviceProbe probe = ProbeDevices();
  EXPECT_THAT(probe.providers, Contains(kCpu));
  EXPECT_EQ(probe.problem({}), "");
}

/// Also without any GPU: whatever ONNX Runtime lacks becomes an error of milan.
TEST(ProbeDevices, AGpuThatIsNotThereIsAProblemAndNoCrash) {
  const Device gpu{Device::Kind::kCuda, 4096};
  EXPECT_NE(ProbeDevices().problem(gpu), "");
  EXPECT_THROW(CreateEngine(SmallNetwork().Build("small"), {.intra_op_threads = 1, .device = gpu}),
               Error);
}

}  // namespace
}  // namespace milan
