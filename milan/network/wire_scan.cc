#include <limits>
#include <unordered_map>
#include <vector>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <onnx/onnx_pb.h>

#include "milan/network/limits.h"

namespace milan {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// What the messages' library and the allocator take besides the content, rounded up.
constexpr uint64_t kPerObject = 48;
constexpr uint64_t kPerUnknownByte = 32;

/// Walks through messages in messages with a stack of its own: the depth is the file's choice.
class WireScan {
 public:
  explicit WireScan(std::string_view bytes)
      : stream_(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size())) {
    stream_.SetTotalBytesLimit(std::numeric_limits<int>::max());
    stream_.SetRecursionLimit(limits::kDeepestMessages);
  }

  WireVerdict Run() {
    levels_.push_back({onnx::ModelProto::descriptor(), 0});
    while (true) {
      const uint32_t tag = stream_.ReadTag();
      if (tag == 0) {
        if (!stream_.ConsumedEntireMessage()) return WireVerdict::kBroken;
        if (levels_.size() == 1) return WireVerdict::kFits;
        stream_.PopLimit(levels_.back().outer_limit);
        levels_.pop_back();
        continue;
      }
      if (!Field(tag)) return WireVerdict::kBroken;
      if (levels_.size() > limits::kDeepestMessages) return WireVerdict::kTooDeep;
      if (nodes_ > limits::kMostNodes) return WireVerdict::kTooManyNodes;
      if (memory_ > limits::kMostMemory) return WireVerdict::kTooMuchMemory;
    }
  }

 private:
  struct Level {
    const Descriptor* message;
    CodedInputStream::Limit outer_limit;
  };

  bool Field(uint32_t tag) {
    const auto* field =
        levels_.back().message->FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
    const auto wire_type = WireFormatLite::GetTagWireType(tag);
    const bool is_delimited = wire_type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    if (field == nullptr || (!is_delimited && !HasWireType(*field, wire_type))) return Skip(tag);
    if (!is_delimited) {
      memory_ += field->is_repeated() ? 2 * sizeof(int64_t) : 0;  // arrays grow by doubling
      return WireFormatLite::SkipField(&stream_, tag);
    }
    uint32_t length = 0;
    if (!stream_.ReadVarint32(&length)) return false;
    if (static_cast<int64_t>(length) > stream_.BytesUntilLimit()) return false;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Enter(field->message_type(), static_cast<int>(length));
      return true;
    }
    memory_ += MemoryOf(*field, length);
    return stream_.Skip(static_cast<int>(length));
  }

  static bool HasWireType(const FieldDescriptor& field, WireFormatLite::WireType wire_type) {
    return WireFormatLite::WireTypeForFieldType(
               static_cast<WireFormatLite::FieldType>(field.type())) == wire_type;
  }

  /// A field that milan's ONNX does not know; messages keep it.
  bool Skip(uint32_t tag) {
    const int begin = stream_.CurrentPosition();
    if (!WireFormatLite::SkipField(&stream_, tag)) return false;
    const auto bytes = static_cast<uint64_t>(stream_.CurrentPosition() - begin);
    const bool is_group =
        WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_START_GROUP;
    memory_ += 2 * kPerObject + (is_group ? kPerUnknownByte * bytes : bytes);
    return true;
  }

  void Enter(const Descriptor* message, int length) {
    levels_.push_back({message, stream_.PushLimit(length)});
    memory_ += kPerObject + SizeOf(message);
    if (message == onnx::NodeProto::descriptor()) ++nodes_;
  }

  /// Of numbers packed into `length` bytes, or of a text.
  static uint64_t MemoryOf(const FieldDescriptor& field, uint64_t length) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return kPerObject + length;
      case FieldDescriptor::CPPTYPE_FLOAT:
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return length;
      case FieldDescriptor::CPPTYPE_INT64:
      case FieldDescriptor::CPPTYPE_UINT64:
        return length * sizeof(int64_t);  // a byte each at least
      default:
        return length * sizeof(int32_t);
    }
  }

  uint64_t SizeOf(const Descriptor* message) {
    const auto [size, is_new] = sizes_.try_emplace(message, 0);
    if (is_new) {
      size->second = google::protobuf::MessageFactory::generated_factory()
                         ->GetPrototype(message)
                         ->SpaceUsedLong();
    }
    return size->second;
  }

  CodedInputStream stream_;
  std::vector<Level> levels_;
  std::unordered_map<const Descriptor*, uint64_t> sizes_;
  uint64_t memory_ = 0;
  uint64_t nodes_ = 0;
};

}  // namespace

WireVerdict ScanWire(std::string_view bytes) { return WireScan(bytes).Run(); }

}  // namespace milan
