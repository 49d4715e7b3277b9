#pragma once

// Private to this module: which PyTorch module a node was exported from.

#include <string>
#include <unordered_map>
#include <vector>

#include "milan/network/network.h"

namespace milan {

/// Path of the innermost module ("layer1.0.conv1") of each value of the graph, as far as the file
/// tells. The TorchScript exporter (PyTorch 1.13 and later) puts it into the names of nodes
/// ("/layer1/layer1.0/conv1/Conv"), the dynamo exporter into their metadata. Values of the
/// outermost module are left out; so the map is empty for files of other exporters.
std::unordered_map<std::string, std::string> ModulesOfValues(const onnx::ModelProto& model);

/// `path` is `module`, or inside of it.
bool IsInModule(const std::string& path, const std::string& module);

/// "a.b.c", "a.b", "a" for "a.b.c".
std::vector<std::string> EnclosingModules(const std::string& path);

/// Convolutions that an exporter multiplied a BatchNorm into: the names of their values. PyTorch's
/// exporter gives weights that it computed a number ("onnx::Conv_193") and keeps the parameter's
/// name ("conv1.weight") otherwise.
std::vector<std::string> FoldedConvolutions(const onnx::ModelProto& model);

}  // namespace milan
