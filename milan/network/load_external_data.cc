#include "milan/network/load_external_data.h"

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
  uint64_t length = ElementBytes(tensor->data_type());
  for (const int64_t size : tensor->dims()) length *= static_cast<uint64_t>(size);
  tensor->set_raw_data(
      ReadFilePart(folder / place.location, place.offset, place.length.value_or(length)));
  tensor->clear_external_data();
  tensor->clear_data_location();
}

void LoadSparse(const Path& folder, const std::string& name, onnx::SparseTensorProto* sparse) {
  LoadTensor(folder, name, sparse->mutable_values());
  LoadTensor(folder, name, sparse->mutable_indices());
}

void LoadGraph(const Path& folder, const std::string& name, onnx::GraphProto* graph);

template <typename Nodes>
void LoadNodes(const Path& folder, const std::string& name, Nodes* nodes) {
  for (auto& node : *nodes) {
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) LoadTensor(folder, name, attribute.mutable_t());
      for (auto& tensor : *attribute.mutable_tensors()) LoadTensor(folder, name, &tensor);
      if (attribute.has_sparse_tensor()) {
        LoadSparse(folder, name, attribute.mutable_sparse_tensor());
      }
      for (auto& sparse : *attribute.mutable_sparse_tensors()) LoadSparse(folder, name, &sparse);
      if (attribute.has_g()) LoadGraph(folder, name, attribute.mutable_g());
      for (auto& inner : *attribute.mutable_graphs()) LoadGraph(folder, name, &inner);
    }
  }
}

void LoadGraph(const Path& folder, const std::string& name, onnx::GraphProto* graph) {
  for (auto& tensor : *graph->mutable_initializer()) LoadTensor(folder, name, &tensor);
  for (auto& sparse : *graph->mutable_sparse_initializer()) LoadSparse(folder, name, &sparse);
  LoadNodes(folder, name, graph->mutable_node());
}

}  // namespace

void LoadExternalData(const Path& folder, const std::string& name, onnx::ModelProto* model) {
  CheckExternalFiles(*model, folder / name, name);  // the files may have changed since
  LoadGraph(folder, name, model->mutable_graph());
  for (auto& function : *model->mutable_functions()) {
    LoadNodes(folder, name, function.mutable_node());
  }
}

}  // namespace milan
