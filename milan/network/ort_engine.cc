// The only file that knows ONNX Runtime.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <memory>
#include <utility>

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <onnx/onnx_pb.h>
#include <onnxruntime_cxx_api.h>
#include <onnxruntime_session_options_config_keys.h>

#include "milan/base/error.h"
#include "milan/network/engine.h"
#include "milan/network/graph.h"
#include "milan/network/model_builder.h"
#include "milan/network/output_types.h"
#include "milan/network/parse.h"
#include "milan/network/photo_input.h"
#include "milan/network/temporary_file.h"

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

/// A tensor of the type that the network takes, and the memory behind it.
struct InputTensor {
  std::vector<std::byte> integers;
  std::vector<uint16_t> halves;
  std::vector<double> doubles;
  Ort::Value value{nullptr};
};

template <typename T>
Ort::Value Wrap(T* values, size_t count, const Shape& shape, ONNXTensorElementDataType type) {
  static const Ort::MemoryInfo memory =
      Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  return Ort::Value::CreateTensor(memory, values, count * sizeof(T), shape.data(), shape.size(),
                                  type);
}

/// The elements as whole numbers of type T.
template <typename T>
Ort::Value WrapIntegers(const ArrayView& array, const IntegerRange& range,
                        ONNXTensorElementDataType type, std::vector<std::byte>* memory) {
  memory->resize(array.values.size() * sizeof(T));
  auto* integers = reinterpret_cast<T*>(memory->data());
  for (size_t i = 0; i < array.values.size(); ++i) {
    const double value = std::nearbyint(static_cast<double>(array.values[i]));
    // NaN compares with nothing: it becomes the lowest.
    integers[i] =
        static_cast<T>(value > range.lowest ? std::min(value, range.highest) : range.lowest);
  }
  return Wrap(integers, array.values.size(), array.shape, type);
}

Ort::Value IntegerTensor(const ArrayView& array, const std::string& type,
                         std::vector<std::byte>* memory) {
  const IntegerRange range = *RangeOf(type);
  const auto wrap = [&]<typename T>(T, ONNXTensorElementDataType element) {
    return WrapIntegers<T>(array, range, element, memory);
  };
  if (type == "bool") return wrap(uint8_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL);
  if (type == "uint8") return wrap(uint8_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8);
  if (type == "int8") return wrap(int8_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8);
  if (type == "uint16") return wrap(uint16_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16);
  if (type == "int16") return wrap(int16_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16);
  if (type == "uint32") return wrap(uint32_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32);
  if (type == "int32") return wrap(int32_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32);
  if (type == "uint64") return wrap(uint64_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64);
  return wrap(int64_t{}, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64);
}

InputTensor TensorOf(const ArrayView& array, const std::string& type) {
  InputTensor tensor;
  const size_t count = array.values.size();
  if (type == "float16") {
    tensor.halves.resize(count);
    std::transform(array.values.begin(), array.values.end(), tensor.halves.begin(), ToHalf);
    tensor.value =
        Wrap(tensor.halves.data(), count, array.shape, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16);
  } else if (type == "float64") {
    tensor.doubles.assign(array.values.begin(), array.values.end());
    tensor.value =
        Wrap(tensor.doubles.data(), count, array.shape, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE);
  } else if (RangeOf(type)) {
    tensor.value = IntegerTensor(array, type, &tensor.integers);
  } else {
    // ONNX Runtime takes a pointer to non-const and does not write through it.
    auto* values = const_cast<float*>(array.values.data());
    tensor.value = Wrap(values, count, array.shape, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT);
  }
  return tensor;
}

/// An output as float32; `storage` holds the elements when they had to be converted.
ArrayView ViewOf(const Ort::Value& value, std::vector<float>* storage) {
  const auto info = value.GetTensorTypeAndShapeInfo();
  const size_t count = info.GetElementCount();
  switch (info.GetElementType()) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16: {
      const auto* halves = static_cast<const uint16_t*>(value.GetTensorRawData());
      storage->resize(count);
      std::transform(halves, halves + count, storage->begin(), FromHalf);
      break;
    }
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE: {
      const auto* doubles = value.GetTensorData<double>();
      storage->assign(doubles, doubles + count);
      break;
    }
    default:
      return {info.GetShape(), {value.GetTensorData<float>(), count}};
  }
  return {info.GetShape(), *storage};
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

namespace {

/// What is wrong with a device, of all that ONNX Runtime says: without its source positions and, of
/// a library that does not load (its GPU builds come in parts), without folders.
std::string Reason(std::string text) {
  constexpr std::string_view kMark = "[ONNXRuntimeError] : ";
  constexpr std::string_view kLibrary = "with error: ";
  if (const size_t mark = text.find(kMark); mark != std::string::npos) {
    text.erase(0, mark + kMark.size());
  }
  const size_t library = text.find(kLibrary);
  if (library == std::string::npos) return text;
  text.erase(0, library + kLibrary.size());
  return text.erase(0, text.rfind('/', text.find(':')) + 1);
}

/// What ONNX Runtime runs on. It also lists a provider whose library was left out of the package;
/// it looks for that beside its own.
std::vector<std::string> UsableProviders() {
  std::vector<std::string> providers = Ort::GetAvailableProviders();
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&OrtGetApiBase), &info) == 0) return providers;
  const Path folder = Path(info.dli_fname).parent_path();
  std::error_code error;
  if (!std::filesystem::exists(folder / "libonnxruntime_providers_cuda.so", error)) {
    std::erase(providers, "CUDAExecutionProvider");
  }
  return providers;
}

}  // namespace

DeviceProbe ProbeDevices() {
  return {UsableProviders(), [](const Device& device) -> std::string {
            ModelBuilder builder("input", {1});
            builder.Output(builder.Relu("relu", builder.input()));
            try {
              CreateEngine(builder.Build("probe"), {.intra_op_threads = 1, .device = device});
            } catch (const Error& error) {
              return Reason(error.what());
            }
            return "";
          }};
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
