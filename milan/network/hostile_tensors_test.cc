// Weights that lie about their size, and weights in files that are not the network's.

#include <filesystem>
#include <fstream>

#include "milan/network/hostile_networks.h"
#include "milan/network/layer.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

namespace fs = std::filesystem;

onnx::TensorProto* FirstWeight(onnx::ModelProto* model) {
  return model->mutable_graph()->mutable_initializer(0);
}

std::string ProblemOfWeight(const std::vector<int64_t>& sizes) {
  return ProblemAfter([&](onnx::ModelProto* model) {
    FirstWeight(model)->clear_dims();
    for (const int64_t size : sizes) FirstWeight(model)->add_dims(size);
  });
}

TEST(HostileTensor, SizesThatAreNoSizes) {
  EXPECT_EQ(ProblemOfWeight({8, -3, 3, 3}),
            "net.onnx: weight 'conv1.weight' has sizes [8, -3, 3, 3]: one is negative");
  EXPECT_THAT(ProblemOfWeight({0, INT64_MIN}), HasSubstr("one is negative"));
  EXPECT_THAT(ProblemOfWeight({INT64_MAX, 4}), HasSubstr("their product is too large"));
  EXPECT_THAT(ProblemOfWeight({1LL << 32, 1LL << 32}), HasSubstr("their product is too large"));
  EXPECT_THAT(ProblemOfWeight({1LL << 61}), HasSubstr("their product is too large"));
  // Too many to print.
  EXPECT_THAT(ProblemOfWeight(std::vector<int64_t>(100'000, 3)),
              HasSubstr("3] ...: their product is too large"));
}

TEST(HostileTensor, MoreOrFewerBytesThanTheSizesSay) {
  EXPECT_EQ(ProblemOfWeight({1'000'000'000}),
            "net.onnx: weight 'conv1.weight' of [1000000000] takes 4000000000 bytes but has 864");
  EXPECT_THAT(ProblemOfWeight({1}), HasSubstr("takes 4 bytes but has 864"));
  EXPECT_THAT(ProblemOfWeight({0, 5}), HasSubstr("takes 0 bytes but has 864"));
  EXPECT_THAT(ProblemAfter([](auto* model) {
                FirstWeight(model)->clear_raw_data();
                FirstWeight(model)->add_float_data(1);
              }),
              HasSubstr("has 1 elements instead of 216"));
}

TEST(HostileTensor, TensorsInAttributesAndGraphsInNodesAndFunctions) {
  const auto lie = [](onnx::NodeProto* node) {
    onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name("value");
    attribute->set_type(onnx::AttributeProto::TENSOR);
    attribute->mutable_t()->set_data_type(onnx::TensorProto::FLOAT);
    attribute->mutable_t()->add_dims(1'000'000'000'000);
  };
  EXPECT_THAT(
      ProblemAfter([&](auto* model) { lie(AddNode("Constant", {}, "c", model->mutable_graph())); }),
      HasSubstr("net.onnx: node Constant that computes 'c', attribute 'value' of "
                "[1000000000000] has 0 elements"));
  EXPECT_THAT(ProblemAfter([&](auto* model) {
                onnx::NodeProto* branch = AddNode("If", {"conv1"}, "x", model->mutable_graph());
                lie(AddNode("Constant", {}, "inner", AddGraph("then_branch", branch)));
              }),
              HasSubstr("computes 'inner', attribute 'value'"));
  EXPECT_THAT(ProblemAfter([&](auto* model) {
                onnx::FunctionProto* function = model->add_functions();
                function->set_name("f");
                onnx::NodeProto* node = function->add_node();
                node->set_op_type("Constant");
                node->add_output("inner");
                lie(node);
              }),
              HasSubstr("computes 'inner', attribute 'value'"));
}

TEST(HostileTensor, SparseWeightsThatAreHugeWhenWrittenOut) {
  const auto problem = [](const std::vector<int64_t>& sizes, int copies) {
    return ProblemAfter([&](auto* model) {
      for (int i = 0; i < copies; ++i) {
        onnx::SparseTensorProto* sparse = model->mutable_graph()->add_sparse_initializer();
        for (const int64_t size : sizes) sparse->add_dims(size);
        sparse->mutable_values()->set_name("sparse" + std::to_string(i));
        sparse->mutable_values()->set_data_type(onnx::TensorProto::FLOAT);
        sparse->mutable_values()->add_dims(0);
        sparse->mutable_indices()->set_data_type(onnx::TensorProto::INT64);
        sparse->mutable_indices()->add_dims(0);
      }
    });
  };
  EXPECT_THAT(problem({1'000'000, 1'000'000}, 1),
              AllOf(HasSubstr("sparse weight 'sparse0'"), HasSubstr("limit is 4 GiB")));
  EXPECT_THAT(problem({500'000'000}, 3), HasSubstr("sparse weights take more than 4 GiB"));
  EXPECT_EQ(problem({1000}, 3), "no error");
}

class ExternalData : public ::testing::Test {
 protected:
  /// The folder `net` with net.onnx, whose first weight lies at `location` and its data in w.bin.
  void Write(const std::string& location, const std::string& offset = "",
             const std::string& length = "") {
    onnx::ModelProto model = GoodModel();
    onnx::TensorProto* weight = FirstWeight(&model);
    fs::create_directories(folder_ / "net");
    std::ofstream(folder_ / "net/w.bin") << weight->raw_data();
    std::ofstream(folder_ / "secret.bin") << weight->raw_data();
    weight->clear_raw_data();
    weight->set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] :
         {std::pair{"location", location}, {"offset", offset}, {"length", length}}) {
      if (value.empty()) continue;
      onnx::StringStringEntryProto* entry = weight->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
    std::ofstream(folder_ / "net/net.onnx") << model.SerializeAsString();
  }

  /// What loading net.onnx says; when it loads, ONNX Runtime must read the weights.
  std::string Problem(const std::string& network = "net/net.onnx") {
    try {
      CreateEngine(Network::Load(folder_ / network));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput) << error.what();
      EXPECT_THAT(error.what(), ::testing::StartsWith("net.onnx: "));
      return error.what();
    }
    return "no error";
  }

  std::string ProblemAt(const std::string& location, const std::string& offset = "",
                        const std::string& length = "") {
    Write(location, offset, length);
    return Problem();
  }

  TemporaryFolder folder_;
};

TEST_F(ExternalData, BesideTheNetworkIsRead) {
  EXPECT_EQ(ProblemAt("w.bin"), "no error");
  EXPECT_EQ(ProblemAt("./w.bin", "0", "864"), "no error");
  fs::create_directories(folder_ / "net/data");
  fs::copy(folder_ / "net/w.bin", folder_ / "net/data/w.bin");
  EXPECT_EQ(ProblemAt("data/w.bin"), "no error");
}

TEST_F(ExternalData, PathsOutOfTheFolderAreRefused) {
  EXPECT_EQ(ProblemAt("../secret.bin"),
            "net.onnx: weight 'conv1.weight' lies in the file '../secret.bin', a path out of its "
            "folder; weights must lie beside the network");
  EXPECT_THAT(ProblemAt("data/../../secret.bin"), HasSubstr("a path out of its folder"));
  EXPECT_THAT(ProblemAt((folder_ / "secret.bin").string()), HasSubstr("an absolute path"));
  EXPECT_THAT(ProblemAt("/dev/zero"), HasSubstr("an absolute path"));
  EXPECT_THAT(ProblemAt(""), HasSubstr("is not named"));
  EXPECT_THAT(ProblemAt(std::string("w.bin\0/../x", 11)), HasSubstr("no file can have"));
}

TEST_F(ExternalData, AnAddressInMemoryIsNoFile) {
  EXPECT_THAT(ProblemAt("*/_ORT_MEM_ADDR_/*", "4096", "864"), HasSubstr("which is no file"));
}

TEST_F(ExternalData, LinksOutOfTheFolderAreRefused) {
  Write("link.bin");
  fs::create_symlink(folder_ / "secret.bin", folder_ / "net/link.bin");
  EXPECT_THAT(Problem(), HasSubstr("a link out of the network's folder"));
  Write("elsewhere/secret.bin");
  fs::create_directory_symlink(folder_.path(), folder_ / "net/elsewhere");
  EXPECT_THAT(Problem(), HasSubstr("a link out of the network's folder"));
  fs::remove(folder_ / "net/link.bin");
  fs::create_symlink("w.bin", folder_ / "net/link.bin");
  Write("link.bin");
  EXPECT_EQ(Problem(), "no error");  // a link within it
}

TEST_F(ExternalData, ANetworkThatIsALinkHasItsWeightsBesideTheLink) {
  Write("w.bin");
  fs::create_directories(folder_ / "links");
  fs::create_symlink(folder_ / "net/net.onnx", folder_ / "links/net.onnx");
  fs::copy(folder_ / "net/w.bin", folder_ / "links/w.bin");
  EXPECT_EQ(Problem("links/net.onnx"), "no error");
  fs::remove(folder_ / "links/w.bin");
  fs::create_symlink(folder_ / "net/w.bin", folder_ / "links/w.bin");
  EXPECT_THAT(Problem("links/net.onnx"), HasSubstr("copy the file to where the link is"));
}

TEST_F(ExternalData, WhatIsNoFileIsRefused) {
  Write("data");
  fs::create_directories(folder_ / "net/data");
  EXPECT_THAT(Problem(), HasSubstr("which is not a file"));
  EXPECT_THAT(ProblemAt("missing.bin"), HasSubstr("'missing.bin', which cannot be opened"));
}

TEST_F(ExternalData, PlacesBeyondTheFileAreNamed) {
  EXPECT_EQ(ProblemAt("w.bin", "1"),
            "net.onnx: weight 'conv1.weight' needs bytes 1 to 865 of 'w.bin', which has 864; fetch "
            "the file again");
  EXPECT_THAT(ProblemAt("w.bin", "9223372036854775807"), HasSubstr("needs bytes 9223372036854775"));
  EXPECT_THAT(ProblemAt("w.bin", "18446744073709551615"), HasSubstr("no number of bytes"));
  EXPECT_THAT(ProblemAt("w.bin", "-4"), HasSubstr("the offset '-4', which is no number of bytes"));
  EXPECT_THAT(ProblemAt("w.bin", "0x10"), HasSubstr("no number of bytes"));
  EXPECT_THAT(ProblemAt("w.bin", "0", "860"), HasSubstr("takes 864 bytes but the file 'w.bin' is"));
}

TEST_F(ExternalData, ANetworkFromMemoryHasNoFiles) {
  Write("w.bin");
  EXPECT_THAT([&] { Network::Parse(ReadFile(folder_ / "net/net.onnx"), "net.onnx"); },
              ThrowsMessage<Error>(HasSubstr("'conv1.weight' lies in another file")));
}

TEST_F(ExternalData, MoreThanAnyNetworkNeedsIsRefused) {
  Write("huge.bin");
  std::ofstream(folder_ / "net/huge.bin");
  fs::resize_file(folder_ / "net/huge.bin", uintmax_t{40} << 30);  // takes no disk
  onnx::ModelProto model;
  model.ParseFromString(ReadFile(folder_ / "net/net.onnx"));
  FirstWeight(&model)->set_dims(0, (int64_t{5} << 30) / 27);
  FirstWeight(&model)->set_dims(1, 27);
  FirstWeight(&model)->set_dims(2, 1);
  FirstWeight(&model)->set_dims(3, 1);
  std::ofstream(folder_ / "net/net.onnx") << model.SerializeAsString();
  EXPECT_THAT(Problem(), HasSubstr("more than 16 GiB"));
}

}  // namespace
}  // namespace milan
