#include "milan/network/device.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/network/engine.h"

namespace milan {
namespace {

constexpr std::string_view kCudaProvider = "CUDAExecutionProvider";
constexpr std::string_view kCuda = "cuda";

bool HasCuda(const DeviceProbe& probe) {
  return std::find(probe.providers.begin(), probe.providers.end(), kCudaProvider) !=
         probe.providers.end();
}

Device Parse(const std::string& text) {
  if (text == "cpu") return {};
  if (text == kCuda) return {Device::Kind::kCuda, 0};
  const std::string prefix = std::string(kCuda) + ":";
  if (text.starts_with(prefix)) {
    int index = 0;
    const char* end = text.data() + text.size();
    const auto [next, error] = std::from_chars(text.data() + prefix.size(), end, index);
    if (error == std::errc() && next == end && index >= 0) return {Device::Kind::kCuda, index};
  }
  throw UsageError("--device " + text +
                   ": expected auto, cpu, cuda or cuda:N (the N-th GPU, from 0)");
}

void RequireCuda(const Device& device, const DeviceProbe& probe) {
  if (!HasCuda(probe)) {
    throw ResourceError(fmt::format(
        "--device {}: the ONNX Runtime {} that milan was built with has no CUDA; build milan with "
        "-DONNXRUNTIME_ROOT=FOLDER of an ONNX Runtime for GPUs, or use --device cpu",
        ToString(device), EngineVersion()));
  }
  const std::string problem = probe.problem(device);
  if (problem.empty()) return;
  throw ResourceError(fmt::format(
      "--device {}: cannot be used: {}; needed are an ONNX Runtime for GPUs (build milan with "
      "-DONNXRUNTIME_ROOT=FOLDER of one), CUDA with cuDNN, and a GPU that nvidia-smi lists; or use "
      "--device cpu",
      ToString(device), problem));
}

}  // namespace

std::string KindName(const Device& device) {
  return device.kind == Device::Kind::kCuda ? std::string(kCuda) : "cpu";
}

std::string ToString(const Device& device) {
  return device.kind == Device::Kind::kCuda ? fmt::format("{}:{}", kCuda, device.index) : "cpu";
}

ChosenDevice ChooseDevice(const std::string& text, const DeviceProbe& probe) {
  if (text != "auto") {
    const Device device = Parse(text);
    if (device.kind == Device::Kind::kCuda) RequireCuda(device, probe);
    return {device, ""};
  }
  const Device gpu{Device::Kind::kCuda, 0};
  if (!HasCuda(probe)) return {{}, "auto; this ONNX Runtime has no other"};
  const std::string problem = probe.problem(gpu);
  if (problem.empty()) return {gpu, "auto"};
  return {{}, fmt::format("auto; {} cannot be used: {}", ToString(gpu), problem)};
}

}  // namespace milan
