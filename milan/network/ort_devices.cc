// What ONNX Runtime can run on.

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <dlfcn.h>
#include <onnxruntime_cxx_api.h>

#include "milan/base/error.h"
#include "milan/base/file.h"
#include "milan/network/device.h"
#include "milan/network/engine.h"
#include "milan/network/model_builder.h"

namespace milan {
namespace {

/// What is wrong with a device, of all that ONNX Runtime says: without its source positions and, of
/// a library that does not load (its GPU builds come in parts), without folders.
std::string Reason(std::string text) {
  constexpr std::string_view kMark = "[ONNXRuntimeError] : ";
  constexpr std::string_view kLibrary = "with error: ";
  if (const size_t mark = text.find(kMark); mark != std::string::npos) {
    text.erase(0, mark + kMark.size());
  }
  const size_t library = text.find(kLibrary);
  if (library == std::string::npos) return text;
  text.erase(0, library + kLibrary.size());
  return text.erase(0, text.rfind('/', text.find(':')) + 1);
}

/// What ONNX Runtime runs on. It also lists a provider whose library was left out of the package;
/// it looks for that beside its own.
std::vector<std::string> UsableProviders() {
  std::vector<std::string> providers = Ort::GetAvailableProviders();
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&OrtGetApiBase), &info) == 0) return providers;
  const Path folder = Path(info.dli_fname).parent_path();
  std::error_code error;
  if (!std::filesystem::exists(folder / "libonnxruntime_providers_cuda.so", error)) {
    std::erase(providers, "CUDAExecutionProvider");
  }
  return providers;
}

}  // namespace

DeviceProbe ProbeDevices() {
  return {UsableProviders(), [](const Device& device) -> std::string {
            ModelBuilder builder("input", {1});
            builder.Output(builder.Relu("relu", builder.input()));
            try {
              CreateEngine(builder.Build("probe"), {.intra_op_threads = 1, .device = device});
            } catch (const Error& error) {
              return Reason(error.what());
            }
            return "";
          }};
}

}  // namespace milan
