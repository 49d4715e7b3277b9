#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/steps.h"

namespace milan {

void AddDeviceOption(CLI::App& command, std::string& device) {
  command
      .add_option("--device", device,
                  "What runs the network: cpu, cuda (the first GPU), cuda:N, or auto (a GPU when "
                  "there is one that ONNX Runtime can use)")
      ->capture_default_str();
}

EngineOptions ResolveDevice(const std::string& device) {
  EngineOptions options;
  options.device = ChooseDevice(device, ProbeDevices()).device;
  return options;
}

EngineOptions ResolveDevice(const std::string& device, Terminal& terminal) {
  const ChosenDevice chosen = ChooseDevice(device, ProbeDevices());
  const std::string reason = chosen.reason.empty() ? "" : " (" + chosen.reason + ")";
  terminal.Say("device: " + ToString(chosen.device) + reason);
  EngineOptions options;
  options.device = chosen.device;
  return options;
}

}  // namespace milan
