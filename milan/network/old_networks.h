#pragma once

// What the tests of old files share.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "milan/network/network.h"

namespace milan {

/// The network as exporters of 2017 wrote it: operator set 7, weights listed among the inputs.
inline Network AsOldFile(const Network& network) {
  onnx::ModelProto model = network.model();
  model.set_ir_version(3);
  model.mutable_opset_import(0)->set_version(7);
  for (const auto& tensor : model.graph().initializer()) {
    onnx::ValueInfoProto* input = model.mutable_graph()->add_input();
    input->set_name(tensor.name());
    auto* type = input->mutable_type()->mutable_tensor_type();
    type->set_elem_type(tensor.data_type());
    for (const int64_t size : tensor.dims()) type->mutable_shape()->add_dim()->set_dim_value(size);
  }
  return network.WithModel(std::move(model));
}

/// What ONNX's checker demands of an old file: every weight is an input, every input has a shape.
inline void ExpectOldFileInOrder(const Network& network) {
  std::vector<std::string> inputs;
  for (const auto& input : network.model().graph().input()) {
    EXPECT_TRUE(input.type().tensor_type().has_shape()) << input.name();
    inputs.push_back(input.name());
  }
  for (const auto& tensor : network.model().graph().initializer()) {
    EXPECT_EQ(std::count(inputs.begin(), inputs.end(), tensor.name()), 1) << tensor.name();
  }
}

}  // namespace milan
