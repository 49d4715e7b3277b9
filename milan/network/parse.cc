#include "milan/network/parse.h"

#include <limits>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/network/graph.h"
#include "milan/network/limits.h"

namespace milan {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr size_t kLargestFile = std::numeric_limits<int>::max();  // protobuf's own limit

CodedInputStream StreamOf(std::string_view bytes) {
  return CodedInputStream(reinterpret_cast<const uint8_t*>(bytes.data()),
                          static_cast<int>(bytes.size()));
}

/// Whether the bytes begin as a model's do, field by field, until one is longer than the file.
bool IsTruncated(std::string_view bytes) {
  CodedInputStream stream = StreamOf(bytes);
  while (const uint32_t tag = stream.ReadTag()) {
    const auto* field =
        onnx::ModelProto::descriptor()->FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
    if (field == nullptr) return false;
    const auto wire_type =
        WireFormatLite::WireTypeForFieldType(static_cast<WireFormatLite::FieldType>(field->type()));
    if (wire_type != WireFormatLite::GetTagWireType(tag)) return false;
    if (wire_type != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&stream, tag)) return true;
      continue;
    }
    uint32_t length = 0;
    if (!stream.ReadVarint32(&length)) return true;
    const int left = static_cast<int>(bytes.size()) - stream.CurrentPosition();
    if (length > static_cast<uint32_t>(left)) return true;
    stream.Skip(static_cast<int>(length));
  }
  return false;
}

/// How the file begins, when that is text: a person sees at once that it is a web page or a
/// pointer.
std::string Beginning(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, 24);
  for (const char c : start) {
    if ((c < 0x20 || c > 0x7E) && c != '\n' && c != '\r' && c != '\t') return "";
  }
  return fmt::format(" (it begins with {})", Quoted(start));
}

/// Throws where parsing would take more than a network may ask for. False: the bytes are no model.
bool IsModel(std::string_view bytes, const std::string& name) {
  switch (ScanWire(bytes)) {
    case WireVerdict::kFits:
      return true;
    case WireVerdict::kBroken:
      return false;
    case WireVerdict::kTooDeep:
      throw InputError(name + ": graphs lie in graphs more than 32 deep, milan's limit");
    case WireVerdict::kTooManyNodes:
      throw InputError(
          fmt::format("{}: has more than {} nodes, milan's limit", name, limits::kMostNodes));
    case WireVerdict::kTooMuchMemory:
      break;
  }
  throw InputError(
      fmt::format("{}: {} bytes that would take more than {} GiB once read, milan's "
                  "limit; is it a network?",
                  name, bytes.size(), limits::kMostMemory >> 30));
}

}  // namespace

onnx::ModelProto ParseModel(std::string_view bytes, const std::string& name) {
  if (bytes.empty()) throw InputError(name + ": the file is empty, not an ONNX network");
  if (bytes.size() > kLargestFile) {
    throw InputError(name + ": larger than 2 GiB, the limit of ONNX; " + kExternalDataHint);
  }
  CodedInputStream stream = StreamOf(bytes);
  stream.SetTotalBytesLimit(std::numeric_limits<int>::max());
  stream.SetRecursionLimit(limits::kDeepestMessages);
  onnx::ModelProto model;
  if (!IsModel(bytes, name) || !model.ParseFromCodedStream(&stream) ||
      !stream.ConsumedEntireMessage()) {
    if (IsTruncated(bytes)) {
      throw InputError(
          fmt::format("{}: truncated after {} bytes; fetch the file again", name, bytes.size()));
    }
    throw InputError(name + ": not an ONNX file" + Beginning(bytes));
  }
  return model;
}

onnx::ModelProto ParseModel(const Path& path) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  return ParseModel({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                    path.filename().string());
}

}  // namespace milan
