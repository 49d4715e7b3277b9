#pragma once

#include <functional>
#include <string>
#include <vector>

namespace milan {

/// What runs a network.
struct Device {
  enum class Kind { kCpu, kCuda };
  Kind kind = Kind::kCpu;
  int index = 0;  ///< Which of several GPUs.
  friend bool operator==(const Device&, const Device&) = default;
};

std::string ToString(const Device& device);  ///< "cpu", "cuda:0"
/// "cpu", "cuda": what a run remembers. Results differ in last bits between kinds.
std::string KindName(const Device& device);

/// What the ONNX Runtime in use can do; tests script it.
struct DeviceProbe {
  /// Its execution providers by ONNX Runtime's names: "CPUExecutionProvider", ...
  std::vector<std::string> providers;
  /// Why a device whose provider is there cannot be used (no driver, no such GPU); empty when it
  /// can.
  std::function<std::string(const Device&)> problem;
};
DeviceProbe ProbeDevices();

struct ChosenDevice {
  Device device;
  std::string reason;  ///< Of "auto", for people: "auto; ..."; empty when the user chose.
};

/// The device that `text` means: "cpu", "cuda" (the first GPU), "cuda:1", or "auto": the first GPU
/// when it can be used, else the CPU. Throws kUsage for any other text, kResource with what to do
/// when the device is not there.
ChosenDevice ChooseDevice(const std::string& text, const DeviceProbe& probe);

}  // namespace milan
