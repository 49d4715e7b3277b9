#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/file.h"

namespace onnx {
class ModelProto;
}

namespace milan {

/// A value that a network takes or gives. Dimensions that the file leaves open are -1.
struct NetworkValue {
  std::string name;
  Shape shape;
  std::string type;  ///< "float32", "float16", "int64", ...
};

/// A value computed inside the network, with the ONNX node that computes it.
struct ComputedValue {
  std::string name;
  std::string op_type;
  std::string node;  ///< The node's name; may be empty.
  std::vector<std::string>
      inputs;  ///< Names of the computed values or network inputs that it reads.
};

/// An ONNX network as a graph that can be listed and tapped. Immutable: surgery returns a new
/// network. Thread-safe (const). milan never runs operators itself: `CreateEngine` does, with ONNX
/// Runtime.
class Network {
 public:
  /// Reads an .onnx file. Throws kInput naming the file and, where one is at fault, the node: not
  /// ONNX, truncated, no graph, a node that reads a value nobody computes, a cycle, a duplicate
  /// value.
  static Network Load(const Path& path);
  /// The same from memory; `name` stands for the file in errors.
  static Network Parse(std::string_view bytes, const std::string& name);
  /// `folder` holds the model's external data files, if it has any.
  explicit Network(onnx::ModelProto model, std::string name, Path folder = {});

  const std::string& name() const;           ///< File name, for messages.
  std::vector<NetworkValue> Inputs() const;  ///< Without initializers.
  std::vector<NetworkValue> Outputs() const;
  std::vector<ComputedValue> ComputedValues() const;  ///< In topological order.

  /// The network whose outputs are exactly `values` (computed values, in this order), with every
  /// node and weight dropped that they do not need: nothing after the last tap runs. Throws kUsage
  /// naming the value and the nearest names that exist.
  Network Tap(const std::vector<std::string>& values) const;

  /// The network with the height and width of its one image input [N, C, H, W] left open, for
  /// networks whose operators work at any size; outputs lose the sizes that the file stated. Throws
  /// kInput when the input is not an image.
  Network WithOpenInputSize() const;

  /// The ONNX file's bytes.
  std::string Serialize() const;
  const onnx::ModelProto& model() const { return *model_; }
  /// Folder for external data files; empty for networks from memory.
  const Path& folder() const { return folder_; }

 private:
  std::shared_ptr<const onnx::ModelProto> model_;
  std::string name_;
  Path folder_;
};

/// Names of `candidates` nearest to `name` (edit distance, substring matches first), at most
/// `count`.
std::vector<std::string> NearestNames(const std::string& name,
                                      const std::vector<std::string>& candidates, size_t count);

}  // namespace milan
