#include "milan/network/external_data.h"

#include <charconv>
#include <filesystem>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/network/graph.h"

namespace milan {
namespace {

std::string Entry(const onnx::TensorProto& tensor, const std::string& key) {
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == key) return entry.value();
  }
  return "";
}

uint64_t NumberIn(const onnx::TensorProto& tensor, const std::string& key, uint64_t fallback,
                  const std::string& name) {
  const std::string text = Entry(tensor, key);
  if (text.empty()) return fallback;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw InputError(fmt::format("{}: weight {}: the {} of its external data is {}, not a number",
                                 name, Quoted(tensor.name()), key, Quoted(text)));
  }
  return number;
}

/// Links are followed first: what counts is where the file is.
Path Locate(const Path& folder, const onnx::TensorProto& tensor, const std::string& name) {
  const std::string location = Entry(tensor, "location");
  std::error_code error;
  const Path root = std::filesystem::weakly_canonical(folder, error);
  const Path path = std::filesystem::weakly_canonical(root / location, error);
  const Path inside = path.lexically_relative(root);
  if (error || location.empty() || inside.empty() || *inside.begin() == "..") {
    throw InputError(
        fmt::format("{}: weight {}: its external data {} are not in the folder of "
                    "the network",
                    name, Quoted(tensor.name()), Quoted(location)));
  }
  return path;
}

void LoadTensor(const Path& folder, const std::string& name, onnx::TensorProto* tensor) {
  if (tensor->data_location() != onnx::TensorProto::EXTERNAL) return;
  const Path path = Locate(folder, *tensor, name);
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  if (error) {
    throw InputError(fmt::format("{}: weight {}: its external data {} cannot be read: {}", name,
                                 Quoted(tensor->name()), path.string(), error.message()));
  }
  const uint64_t offset = NumberIn(*tensor, "offset", 0, name);
  const uint64_t length = NumberIn(*tensor, "length", size - std::min(size, offset), name);
  tensor->set_raw_data(ReadFilePart(path, offset, length));
  tensor->clear_external_data();
  tensor->clear_data_location();
}

void LoadGraph(const Path& folder, const std::string& name, onnx::GraphProto* graph) {
  for (auto& tensor : *graph->mutable_initializer()) LoadTensor(folder, name, &tensor);
  for (auto& node : *graph->mutable_node()) {
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) LoadTensor(folder, name, attribute.mutable_t());
      if (attribute.has_g()) LoadGraph(folder, name, attribute.mutable_g());
      for (auto& inner : *attribute.mutable_graphs()) LoadGraph(folder, name, &inner);
    }
  }
}

}  // namespace

void LoadExternalData(const Path& folder, const std::string& name, onnx::ModelProto* model) {
  LoadGraph(folder, name, model->mutable_graph());
}

}  // namespace milan
