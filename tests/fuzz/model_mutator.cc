// Changes a network as a network: bytes changed at random are mostly no protobuf any more, and
// would never get past the parser.

#include <cstdint>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <onnx/onnx_pb.h>

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace milan {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

class ModelMutator {
 public:
  ModelMutator(onnx::ModelProto* model, unsigned seed) : random_(seed) { Collect(model); }

  void Mutate() {
    Message* message = messages_[Below(messages_.size())];
    const auto* descriptor = message->GetDescriptor();
    const FieldDescriptor* field =
        descriptor->field(static_cast<int>(Below(descriptor->field_count())));
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      MutateMessages(message, field);
    } else if (field->is_repeated()) {
      MutateList(message, field);
    } else {
      Set(message, field);
    }
  }

 private:
  size_t Below(size_t count) { return count == 0 ? 0 : random_() % count; }

  void Collect(Message* message) {
    if (messages_.size() > 5000) return;
    messages_.push_back(message);
    const Reflection* reflection = message->GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection->ListFields(*message, &fields);
    for (const FieldDescriptor* field : fields) {
      const int count = field->is_repeated() ? reflection->FieldSize(*message, field) : 1;
      for (int i = 0; i < count && i < 500; ++i) {
        if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
          Collect(field->is_repeated() ? reflection->MutableRepeatedMessage(message, field, i)
                                       : reflection->MutableMessage(message, field));
        } else if (field->type() == FieldDescriptor::TYPE_STRING) {
          texts_.push_back(field->is_repeated() ? reflection->GetRepeatedString(*message, field, i)
                                                : reflection->GetString(*message, field));
        }
      }
    }
  }

  /// A copy of some message of that type, small enough for the network to stay small.
  std::unique_ptr<Message> CopyOfAny(const google::protobuf::Descriptor* type) {
    for (int tries = 0; tries < 40; ++tries) {
      const Message* other = messages_[Below(messages_.size())];
      if (other->GetDescriptor() != type || other->ByteSizeLong() > 8192) continue;
      std::unique_ptr<Message> copy(other->New());
      copy->CopyFrom(*other);
      return copy;
    }
    return nullptr;
  }

  void MutateMessages(Message* message, const FieldDescriptor* field) {
    const Reflection* reflection = message->GetReflection();
    const auto copy = CopyOfAny(field->message_type());
    const size_t action = Below(4);
    if (!field->is_repeated()) {
      if (action == 0) return reflection->ClearField(message, field);
      Message* target = reflection->MutableMessage(message, field);
      if (copy) target->CopyFrom(*copy);
      return;
    }
    const int count = reflection->FieldSize(*message, field);
    if (action == 0 && count > 0) return reflection->RemoveLast(message, field);
    if (action == 1 && count > 1) {
      return reflection->SwapElements(message, field, static_cast<int>(Below(count)),
                                      static_cast<int>(Below(count)));
    }
    Message* added = reflection->AddMessage(message, field);
    if (copy) added->CopyFrom(*copy);
  }

  void MutateList(Message* message, const FieldDescriptor* field) {
    const Reflection* reflection = message->GetReflection();
    const int count = reflection->FieldSize(*message, field);
    const size_t action = Below(4);
    if (action == 0 && count > 0) return reflection->RemoveLast(message, field);
    if (action == 1 && count > 0) return SetElement(message, field, static_cast<int>(Below(count)));
    Add(message, field);
  }

  int64_t AnyNumber() {
    constexpr int64_t kNumbers[] = {0,         1,         2,         3,         4,
                                    7,         11,        16,        -1,        -2,
                                    224,       255,       65536,     1LL << 31, 1LL << 32,
                                    1LL << 40, 1LL << 61, INT64_MAX, INT64_MIN, INT64_MAX / 4};
    return Below(3) == 0 ? static_cast<int64_t>(Below(64)) : kNumbers[Below(std::size(kNumbers))];
  }

  std::string AnyText() {
    const std::string kTexts[] = {
        "",         "..",       "/etc/passwd", "a/../../b", "*/_ORT_MEM_ADDR_/*",
        "location", "offset",   "length",      "w.bin",     "99999999999999999999",
        "-1",       "ai.onnx",  "If",          "Loop",      "Conv",
        "Relu",     "Constant", "\x1b[31m",    "\xFF\xFE",  std::string(70'000, 'n')};
    if (!texts_.empty() && Below(5) != 0) return texts_[Below(texts_.size())];
    return kTexts[Below(std::size(kTexts))];
  }

  std::string AnyBytes() { return std::string(Below(40), static_cast<char>(Below(256))); }

  std::string AnyString(const FieldDescriptor* field) {
    return field->type() == FieldDescriptor::TYPE_BYTES ? AnyBytes() : AnyText();
  }

  int AnyEnum(const FieldDescriptor* field) {
    const auto* type = field->enum_type();
    return type->value(static_cast<int>(Below(type->value_count())))->number();
  }

  void Set(Message* message, const FieldDescriptor* field) {
    const Reflection* r = message->GetReflection();
    if (Below(5) == 0) return r->ClearField(message, field);
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return r->SetString(message, field, AnyString(field));
      case FieldDescriptor::CPPTYPE_INT32:
        return r->SetInt32(message, field, static_cast<int32_t>(AnyNumber()));
      case FieldDescriptor::CPPTYPE_INT64:
        return r->SetInt64(message, field, AnyNumber());
      case FieldDescriptor::CPPTYPE_ENUM:
        return r->SetEnumValue(message, field, AnyEnum(field));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return r->SetFloat(message, field, static_cast<float>(AnyNumber()));
      default:
        return;
    }
  }

  void SetElement(Message* message, const FieldDescriptor* field, int i) {
    const Reflection* r = message->GetReflection();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return r->SetRepeatedString(message, field, i, AnyString(field));
      case FieldDescriptor::CPPTYPE_INT32:
        return r->SetRepeatedInt32(message, field, i, static_cast<int32_t>(AnyNumber()));
      case FieldDescriptor::CPPTYPE_INT64:
        return r->SetRepeatedInt64(message, field, i, AnyNumber());
      default:
        return;
    }
  }

  void Add(Message* message, const FieldDescriptor* field) {
    const Reflection* r = message->GetReflection();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return r->AddString(message, field, AnyString(field));
      case FieldDescriptor::CPPTYPE_INT32:
        return r->AddInt32(message, field, static_cast<int32_t>(AnyNumber()));
      case FieldDescriptor::CPPTYPE_INT64:
        return r->AddInt64(message, field, AnyNumber());
      case FieldDescriptor::CPPTYPE_FLOAT:
        return r->AddFloat(message, field, static_cast<float>(AnyNumber()));
      case FieldDescriptor::CPPTYPE_UINT64:
        return r->AddUInt64(message, field, static_cast<uint64_t>(AnyNumber()));
      default:
        return;
    }
  }

  std::mt19937 random_;
  std::vector<Message*> messages_;
  std::vector<std::string> texts_;
};

}  // namespace
}  // namespace milan

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  onnx::ModelProto model;
  if (seed % 5 == 0 || !model.ParseFromArray(data, static_cast<int>(size))) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  // Each mutation finds the messages anew: the one before may have removed some.
  for (unsigned i = 0; i <= seed % 3; ++i) milan::ModelMutator(&model, seed + i).Mutate();
  if (model.ByteSizeLong() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  model.SerializeToArray(data, static_cast<int>(max_size));
  return model.ByteSizeLong();
}
