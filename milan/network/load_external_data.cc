#include "milan/network/load_external_data.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "milan/network/external_data.h"
#include "milan/network/graph.h"
#include "milan/network/limits.h"

namespace milan {
namespace {

void LoadTensor(const Path& folder, const std::string& name, onnx::TensorProto* tensor) {
  if (!IsExternal(*tensor)) return;
  const ExternalPlace place =
      ReadExternalPlace(*tensor, fmt::format("{}: weight {}", name, Quoted(tensor->name())));
  const Path path = folder / place.location;
  const uint64_t size = std::filesystem::file_size(path);
  const uint64_t rest = size - std::min(size, place.offset);
  tensor->set_raw_data(ReadFilePart(path, place.offset, place.length.value_or(rest)));
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
  CheckExternalFiles(*model, folder / name, name);  // the files may have changed since
  LoadGraph(folder, name, model->mutable_graph());
}

}  // namespace milan
