#include "milan/network/token_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Property;
using ::testing::Throws;

void AddInput(const std::string& name, int type, onnx::GraphProto* graph) {
  onnx::ValueInfoProto* input = graph->add_input();
  input->set_name(name);
  auto* tensor = input->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  tensor->mutable_shape()->add_dim()->set_dim_param("batch");
  tensor->mutable_shape()->add_dim()->set_dim_param("tokens");
}

void AddNode(const std::string& type, const std::vector<std::string>& inputs,
             const std::string& output, onnx::GraphProto* graph) {
  onnx::NodeProto* node = graph->add_node();
  node->set_op_type(type);
  node->set_name(output);
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(output);
}

void AddTable(const std::string& name, const std::vector<float>& values, int64_t columns,
              onnx::GraphProto* graph) {
  onnx::TensorProto* table = graph->add_initializer();
  table->set_name(name);
  table->set_data_type(onnx::TensorProto::FLOAT);
  table->add_dims(static_cast<int64_t>(values.size()) / columns);
  table->add_dims(columns);
  for (const float value : values) table->add_float_data(value);
}

/// Token i has the vector [10 i, 10 i + 1]; the mask's and type's rows of other tables are added.
onnx::ModelProto SmallEncoder(int type = onnx::TensorProto::INT64) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(13);
  onnx::GraphProto* graph = model.mutable_graph();
  AddInput("input_ids", type, graph);
  AddInput("attention_mask", type, graph);
  AddInput("token_type_ids", type, graph);
  AddTable("words", {0, 1, 10, 11, 20, 21, 30, 31}, 2, graph);
  AddTable("masks", {100, 100, 0.5F, 0.25F}, 2, graph);
  AddTable("types", {0, 0, 100, 100}, 2, graph);
  AddNode("Gather", {"words", "input_ids"}, "word", graph);
  AddNode("Gather", {"masks", "attention_mask"}, "mask", graph);
  AddNode("Gather", {"types", "token_type_ids"}, "type", graph);
  AddNode("Add", {"word", "mask"}, "sum", graph);
  AddNode("Add", {"sum", "type"}, "last_hidden_state", graph);
  AddNode("ReduceMean", {"last_hidden_state"}, "mean", graph);
  for (const char* output : {"last_hidden_state", "mean"}) {
    onnx::ValueInfoProto* info = graph->add_output();
    info->set_name(output);
    info->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  }
  return model;
}

TEST(TokenEncoderTest, GivesAVectorForEveryToken) {
  for (const int type : {onnx::TensorProto::INT64, onnx::TensorProto::INT32}) {
    const TokenEncoder encoder(Network(SmallEncoder(type), "tiny.onnx"), "");
    const std::vector<int64_t> ids = {3, 0, 1};
    const Array vectors = encoder.Encode(ids);
    EXPECT_THAT(vectors.shape, ElementsAre(3, 2));
    EXPECT_THAT(vectors.values, ElementsAre(30.5F, 31.25F, 0.5F, 1.25F, 10.5F, 11.25F));
    EXPECT_THAT(encoder.Encode(std::vector<int64_t>{2}).values, ElementsAre(20.5F, 21.25F));
  }
}

TEST(TokenEncoderTest, ReadsAnotherValueWhenAsked) {
  const TokenEncoder encoder(Network(SmallEncoder(), "tiny.onnx"), "word");
  EXPECT_THAT(encoder.Encode(std::vector<int64_t>{2}).values, ElementsAre(20, 21));
}

TEST(TokenEncoderTest, SaysWhatDoesNotFit) {
  const auto fails = [](ErrorKind kind, const std::string& a, const std::string& b) {
    return Throws<Error>(AllOf(Property(&Error::kind, kind),
                               Property(&Error::what, AllOf(HasSubstr(a), HasSubstr(b)))));
  };
  const Network network(SmallEncoder(), "tiny.onnx");
  EXPECT_THAT([&] { TokenEncoder(network, "absent"); },
              fails(ErrorKind::kUsage, "'absent'", "nearest names"));
  const TokenEncoder mean(network, "mean");
  EXPECT_THAT(
      [&] {
        mean.Encode(std::vector<int64_t>{1, 2});
      },
      fails(ErrorKind::kInput, "'mean'", "2 tokens"));
  // An id that the table lacks is ONNX Runtime's to refuse.
  EXPECT_THAT([&] { TokenEncoder(network, "").Encode(std::vector<int64_t>{9}); },
              fails(ErrorKind::kInput, "tiny.onnx", "word"));

  onnx::ModelProto other = SmallEncoder();
  AddInput("pixels", onnx::TensorProto::FLOAT, other.mutable_graph());
  EXPECT_THAT([&] { TokenEncoder(Network(other, "other.onnx"), ""); },
              fails(ErrorKind::kInput, "other.onnx", "'pixels'"));
  onnx::ModelProto without = SmallEncoder();
  without.mutable_graph()->mutable_input(0)->set_name("ids");
  without.mutable_graph()->mutable_node(0)->set_input(1, "ids");
  EXPECT_THAT([&] { TokenEncoder(Network(without, "without.onnx"), ""); },
              fails(ErrorKind::kInput, "without.onnx", "input_ids"));
}

}  // namespace
}  // namespace milan
