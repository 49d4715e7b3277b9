#pragma once

// What the tests of hostile files share.

#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/network/test_networks.h"

namespace milan {

inline onnx::NodeProto* AddNode(const std::string& op_type, const std::vector<std::string>& inputs,
                                const std::string& output, onnx::GraphProto* graph) {
  onnx::NodeProto* node = graph->add_node();
  node->set_op_type(op_type);
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(output);
  return node;
}

/// A graph in a node: the body of an If, a Loop, a Scan.
inline onnx::GraphProto* AddGraph(const std::string& name, onnx::NodeProto* node) {
  onnx::AttributeProto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::GRAPH);
  attribute->mutable_g()->set_name(name);
  return attribute->mutable_g();
}

/// A network that is in order: conv1, conv1.relu, ..., logits.
inline onnx::ModelProto GoodModel() { return SmallNetwork().Build("small").model(); }

/// What milan says of a file with these bytes; every hostile file gets one line that begins with
/// its name.
inline std::string ProblemOfBytes(std::string_view bytes) {
  try {
    Network::Parse(bytes, "net.onnx");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput) << error.what();
    EXPECT_THAT(error.what(), ::testing::StartsWith("net.onnx: "));
    EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos);
    EXPECT_LT(std::string_view(error.what()).size(), 2000U);
    return error.what();
  }
  return "no error";
}

template <typename Change>
std::string ProblemAfter(const Change& change) {
  onnx::ModelProto model = GoodModel();
  change(&model);
  return ProblemOfBytes(model.SerializeAsString());
}

/// A field with a length, as protobuf writes it.
inline std::string Field(int number, std::string_view content) {
  std::string bytes;
  const auto append = [&](uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7F) | 0x80);
    bytes += static_cast<char>(value);
  };
  append(static_cast<uint64_t>(number) << 3 | 2);
  append(content.size());
  return bytes + std::string(content);
}

/// `text` that many times.
inline std::string Repeated(std::string_view text, size_t count) {
  std::string bytes;
  bytes.reserve(text.size() * count);
  for (size_t i = 0; i < count; ++i) bytes += text;
  return bytes;
}

}  // namespace milan
