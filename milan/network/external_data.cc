#include "milan/network/external_data.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/network/graph.h"
#include "milan/network/limits.h"
#include "milan/network/tensor_walk.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

/// ONNX Runtime takes this name for an address in its own memory.
constexpr std::string_view kMemoryMark = "*/";

void CheckLocation(const std::string& location, const std::string& place) {
  const auto refuse = [&](const char* why) {
    throw InputError(fmt::format("{} lies in the file {}, {}; weights must lie beside the network",
                                 place, Quoted(location), why));
  };
  if (location.empty()) throw InputError(place + " lies in another file that is not named");
  if (location.size() > 4096) refuse("a name that is too long");
  if (location.find('\0') != std::string::npos) refuse("a name that no file can have");
  const Path path(location);
  if (path.is_absolute()) refuse("an absolute path");
  if (std::find(path.begin(), path.end(), "..") != path.end()) refuse("a path out of its folder");
  if (location.starts_with(kMemoryMark)) refuse("which is no file");
}

uint64_t ParseNumber(const std::string& text, const char* what, const std::string& place) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number > static_cast<uint64_t>(INT64_MAX)) {
    throw InputError(
        fmt::format("{} lies in another file at the {} {}, which is no number of bytes", place,
                    what, Quoted(text)));
  }
  return number;
}

bool IsBelow(const Path& path, const Path& folder) {
  const auto [at, unused] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return at == folder.end();
}

class ExternalFiles {
 public:
  ExternalFiles(const Path& file, const std::string& network)
      : folder_(fs::absolute(file).parent_path()),
        real_folder_(fs::weakly_canonical(folder_)),
        network_(network) {}

  void Check(const onnx::TensorProto& tensor, const std::string& where) {
    if (!IsExternal(tensor)) return;
    const std::string place = network_ + ": " + where;
    const ExternalPlace external = ReadExternalPlace(tensor, place);
    const uint64_t size = SizeOf(external.location, place);
    uint64_t needed = ElementBytes(tensor.data_type());
    for (const int64_t count : tensor.dims()) needed *= static_cast<uint64_t>(count);
    if (external.length) needed = *external.length;
    if (external.offset > size || needed > size - external.offset) {
      throw InputError(
          fmt::format("{} needs bytes {} to {} of {}, which has {}; fetch the file again", place,
                      external.offset, external.offset + needed, Quoted(external.location), size));
    }
    total_ += needed;
    if (total_ > limits::kMostExternal) {
      throw InputError(
          fmt::format("{}: weights beside the file take more than {} GiB, milan's "
                      "limit (at {})",
                      network_, limits::kMostExternal >> 30, where));
    }
  }

 private:
  uint64_t SizeOf(const std::string& location, const std::string& place) const {
    std::error_code error;
    const Path path = fs::canonical(folder_ / location, error);
    if (error) {
      throw InputError(fmt::format("{} lies in the file {}, which cannot be opened: {}", place,
                                   Quoted(location), error.message()));
    }
    if (!IsBelow(path, real_folder_)) {
      throw InputError(
          fmt::format("{} lies in {}, a link out of the network's folder (to {}); copy the file to "
                      "where the link is",
                      place, Quoted(location), Quoted(path.string())));
    }
    if (!fs::is_regular_file(path, error)) {
      throw InputError(fmt::format("{} lies in {}, which is not a file", place, Quoted(location)));
    }
    const auto size = fs::file_size(path, error);
    if (error) throw InputError(fmt::format("{}: {}", path.string(), error.message()));
    return size;
  }

  Path folder_;
  Path real_folder_;
  const std::string& network_;
  uint64_t total_ = 0;
};

template <typename Work>
void ForEachPart(const onnx::ModelProto& model, const Work& work) {
  ForEachTensor(model, {work, [&](const auto& sparse, const std::string& where) {
                          work(sparse.values(), where);
                          work(sparse.indices(), where);
                        }});
}

}  // namespace

bool IsExternal(const onnx::TensorProto& tensor) {
  return tensor.data_location() == onnx::TensorProto::EXTERNAL;
}

ExternalPlace ReadExternalPlace(const onnx::TensorProto& tensor, const std::string& place) {
  ExternalPlace external;
  bool is_located = false;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") {
      if (is_located) throw InputError(place + " lies in two files");
      is_located = true;
      external.location = entry.value();
    } else if (entry.key() == "offset") {
      external.offset = ParseNumber(entry.value(), "offset", place);
    } else if (entry.key() == "length") {
      external.length = ParseNumber(entry.value(), "length", place);
    }
  }
  CheckLocation(external.location, place);
  return external;
}

void CheckExternalFiles(const onnx::ModelProto& model, const Path& file, const std::string& name) {
  ExternalFiles files(file, name);
  ForEachPart(model,
              [&](const auto& tensor, const std::string& where) { files.Check(tensor, where); });
}

void RefuseExternalFiles(const onnx::ModelProto& model, const std::string& name) {
  ForEachPart(model, [&](const auto& tensor, const std::string& where) {
    if (!IsExternal(tensor)) return;
    throw InputError(
        fmt::format("{}: {} lies in another file, but the network has no folder: load "
                    "it from its file",
                    name, where));
  });
}

}  // namespace milan
