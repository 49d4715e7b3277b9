// Sessions of ONNX Runtime, which only the files ort_*.cc know.

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <onnx/onnx_pb.h>
#include <onnxruntime_cxx_api.h>
#include <onnxruntime_session_options_config_keys.h>

#include "milan/base/error.h"
#include "milan/base/temporary_file.h"
#include "milan/network/engine.h"
#include "milan/network/graph.h"
#include "milan/network/ort_tensors.h"
#include "milan/network/output_types.h"
#include "milan/network/parse.h"
#include "milan/network/photo_input.h"

namespace milan {
namespace {

/// ONNX Runtime prints nothing: what matters arrives as an exception.
void DiscardLog(void*, OrtLoggingLevel, const char*, const char*, const char*, const char*) {}

/// ONNX Runtime's text on one line, without its source positions' line breaks.
std::string OneLine(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

/// The failing node, when ONNX Runtime says "... running Conv node. Name:'conv1' Status ...".
std::string NodeIn(const std::string& text) {
  constexpr std::string_view kMark = "Name:'";
  const size_t mark = text.find(kMark);
  if (mark == std::string::npos) return "";
  const size_t begin = mark + kMark.size();
  const size_t end = text.find('\'', begin);
  return end == std::string::npos || end == begin ? "" : text.substr(begin, end - begin);
}

Error Translate(const Ort::Exception& exception, const std::string& network) {
  const std::string text = OneLine(exception.what());
  const std::string node = NodeIn(text);
  const std::string where = node.empty() ? network : network + ": node " + Quoted(node);
  if (text.find("bad_alloc") != std::string::npos ||
      text.find("Failed to allocate") != std::string::npos) {
    return ResourceError(where + ": not enough memory to run it: " + text);
  }
  return InputError(where + ": ONNX Runtime cannot run it: " + text);
}

/// Runs `work`; an exception of ONNX Runtime becomes one of milan that names the network.
template <typename Work>
auto Translated(const std::string& network, const Work& work) {
  try {
    return work();
  } catch (const Ort::Exception& exception) {
    throw Translate(exception, network);
  }
}

/// Full float32 precision, and algorithms that are chosen by the sizes of the values: those chosen
/// by their measured speed would differ from one start to the next, and with them last bits.
void UseCuda(int index, Ort::SessionOptions& session) {
  const OrtApi& api = Ort::GetApi();
  OrtCUDAProviderOptionsV2* created = nullptr;
  Ort::ThrowOnError(api.CreateCUDAProviderOptions(&created));
  const std::unique_ptr<OrtCUDAProviderOptionsV2, decltype(api.ReleaseCUDAProviderOptions)> options(
      created, api.ReleaseCUDAProviderOptions);
  const std::string device = std::to_string(index);
  const std::array keys = {"device_id", "use_tf32", "cudnn_conv_algo_search"};
  const std::array values = {device.c_str(), "0", "HEURISTIC"};
  Ort::ThrowOnError(
      api.UpdateCUDAProviderOptions(options.get(), keys.data(), values.data(), keys.size()));
  session.AppendExecutionProvider_CUDA_V2(*options);
  session.SetDeterministicCompute(true);
}

GraphOptimizationLevel LevelOf(Optimization optimization) {
  switch (optimization) {
    case Optimization::kNone:
      return ORT_DISABLE_ALL;
    case Optimization::kFused:
      return ORT_ENABLE_EXTENDED;
    case Optimization::kAll:
      break;
  }
  return ORT_ENABLE_ALL;
}

Ort::SessionOptions SessionOptionsFor(const Network& network, const EngineOptions& options) {
  Ort::SessionOptions session;
  session.SetIntraOpNumThreads(options.intra_op_threads);
  session.SetExecutionMode(ORT_SEQUENTIAL);
  session.SetGraphOptimizationLevel(LevelOf(options.optimization));
  session.SetLogSeverityLevel(ORT_LOGGING_LEVEL_ERROR);
  // Waiting threads sleep: the other workers of a tally need the processor.
  session.AddConfigEntry(kOrtSessionOptionsConfigAllowIntraOpSpinning, "0");
  session.AddConfigEntry(kOrtSessionOptionsConfigAllowInterOpSpinning, "0");
  if (!network.folder().empty()) {
    session.AddConfigEntry(kOrtSessionOptionsModelExternalInitializersFileFolderPath,
                           network.folder().c_str());
  }
  if (options.device.kind == Device::Kind::kCuda) UseCuda(options.device.index, session);
  return session;
}

/// "[?, 3, 224, 224]": -1 is a size that the network leaves open.
std::string OpenShape(const Shape& shape) {
  std::vector<std::string> sizes;
  for (const int64_t size : shape) sizes.push_back(size < 0 ? "?" : std::to_string(size));
  return fmt::format("[{}]", fmt::join(sizes, ", "));
}

bool Fits(const Shape& given, const Shape& expected) {
  return std::equal(given.begin(), given.end(), expected.begin(), expected.end(),
                    [](int64_t size, int64_t wanted) { return wanted < 0 || size == wanted; });
}

NetworkValue ValueOf(const std::string& name, const Ort::TypeInfo& type) {
  if (type.GetONNXType() != ONNX_TYPE_TENSOR) return {name, {}, "not a tensor"};
  const auto tensor = type.GetTensorTypeAndShapeInfo();
  return {name, tensor.GetShape(), ElementTypeName(tensor.GetElementType())};
}

void CheckFloatingPoint(const NetworkValue& value, const std::string& network) {
  if (IsFloatingPoint(value.type)) return;
  throw InputError(fmt::format("{}: value {} is {}; milan works on floating-point values only",
                               network, Quoted(value.name), value.type));
}

void CheckInputType(const NetworkValue& input, const std::string& network) {
  if (IsFloatingPoint(input.type) || RangeOf(input.type)) return;
  throw InputError(fmt::format("{}: input {} is {}; milan gives numbers only", network,
                               Quoted(input.name), input.type));
}

class OrtEngine final : public Engine {
 public:
  OrtEngine(const Network& network, const EngineOptions& options)
      : network_(network.name()),
        session_(Translated(network_,
                            [&] {
                              const std::string bytes = network.Serialize();
                              return Ort::Session(environment_, bytes.data(), bytes.size(),
                                                  SessionOptionsFor(network, options));
                            })),
        inputs_(network.Inputs()),
        outputs_(OutputsOf(session_)) {
    for (const NetworkValue& input : inputs_) CheckInputType(input, network_);
    for (const NetworkValue& output : outputs_) CheckFloatingPoint(output, network_);
    for (const NetworkValue& input : inputs_) input_names_.push_back(input.name.c_str());
    for (const NetworkValue& output : outputs_) output_names_.push_back(output.name.c_str());
  }

  void Run(std::span<const ArrayView> inputs, const Receiver& receiver) override {
    CheckInputs(inputs);
    std::vector<Ort::Value> outputs = Translated(network_, [&] { return Compute(inputs); });
    std::vector<std::vector<float>> converted(outputs.size());
    std::vector<ArrayView> views;
    views.reserve(outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      views.push_back(ViewOf(outputs[i], &converted[i]));
    }
    receiver(views);
  }

  static std::vector<NetworkValue> OutputsOf(const Ort::Session& session) {
    const Ort::AllocatorWithDefaultOptions allocator;
    std::vector<NetworkValue> outputs;
    for (size_t i = 0; i < session.GetOutputCount(); ++i) {
      outputs.push_back(ValueOf(session.GetOutputNameAllocated(i, allocator).get(),
                                session.GetOutputTypeInfo(i)));
    }
    return outputs;
  }

 private:
  void CheckInputs(std::span<const ArrayView> inputs) const {
    if (inputs.size() != inputs_.size()) {
      throw InputError(fmt::format("{}: takes {} inputs ({}) but was given {}", network_,
                                   inputs_.size(), fmt::join(input_names_, ", "), inputs.size()));
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      const NetworkValue& expected = inputs_[i];
      // A file that tells no shape at all leaves the check to ONNX Runtime.
      if (!expected.shape.empty() && !Fits(inputs[i].shape, expected.shape)) {
        throw InputError(fmt::format("{}: input {} takes shape {} but was given {}", network_,
                                     Quoted(expected.name), OpenShape(expected.shape),
                                     ToString(inputs[i].shape)));
      }
      if (static_cast<size_t>(ElementCount(inputs[i].shape)) != inputs[i].values.size()) {
        throw InputError(fmt::format("{}: input {} of shape {} was given {} values", network_,
                                     Quoted(expected.name), ToString(inputs[i].shape),
                                     inputs[i].values.size()));
      }
    }
  }

  std::vector<Ort::Value> Compute(std::span<const ArrayView> inputs) {
    std::vector<InputTensor> tensors;
    std::vector<Ort::Value> values;
    for (size_t i = 0; i < inputs.size(); ++i) {
      tensors.push_back(TensorOf(inputs[i], inputs_[i].type));
      values.push_back(std::move(tensors.back().value));
    }
    return session_.Run(Ort::RunOptions{nullptr}, input_names_.data(), values.data(), values.size(),
                        output_names_.data(), output_names_.size());
  }

  std::string network_;
  // ONNX Runtime counts its environments: all engines share one, and the last one closes it.
  Ort::Env environment_{ORT_LOGGING_LEVEL_ERROR, "milan", DiscardLog, nullptr};
  Ort::Session session_;
  std::vector<NetworkValue> inputs_;
  std::vector<NetworkValue> outputs_;
  std::vector<const char*> input_names_;
  std::vector<const char*> output_names_;
};

}  // namespace

std::unique_ptr<Engine> CreateEngine(const Network& network, const EngineOptions& options) {
  return std::make_unique<OrtEngine>(network, options);
}

std::vector<NetworkValue> InferOutputTypes(const Network& network) {
  return Translated(network.name(), [&] {
    const Ort::Env environment(ORT_LOGGING_LEVEL_ERROR, "milan", DiscardLog, nullptr);
    Ort::SessionOptions options = SessionOptionsFor(network, {});
    options.SetGraphOptimizationLevel(ORT_DISABLE_ALL);  // nothing is run: types only
    const std::string bytes = network.Serialize();
    const Ort::Session session(environment, bytes.data(), bytes.size(), options);
    return OrtEngine::OutputsOf(session);
  });
}

Network Optimize(const Network& network) {
  const TemporaryFile file("milan-optimized");
  Translated(network.name(), [&] {
    const Ort::Env environment(ORT_LOGGING_LEVEL_ERROR, "milan", DiscardLog, nullptr);
    Ort::SessionOptions options =
        SessionOptionsFor(network, {.optimization = Optimization::kFused});
    options.SetOptimizedModelFilePath(file.path().c_str());
    const std::string bytes = network.Serialize();
    return Ort::Session(environment, bytes.data(), bytes.size(), options);
  });
  return Network(ParseModel(file.path()), network.name());
}

std::string EngineVersion() { return OrtGetApiBase()->GetVersionString(); }

}  // namespace milan
