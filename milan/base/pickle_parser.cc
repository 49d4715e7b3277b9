#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/pickle_content.h"
#include "milan/base/printable.h"

namespace milan {
namespace {

constexpr int kProtocol = 2;

struct AllowedName {
  std::string_view module;
  std::string_view name;
  PickleName meaning;
};
constexpr AllowedName kAllowedNames[] = {
    {"collections", "OrderedDict", PickleName::kOrderedDict},
    {"torch._utils", "_rebuild_tensor_v2", PickleName::kRebuildTensor},
    {"torch", "FloatStorage", PickleName::kFloatStorage},
    {"torch", "LongStorage", PickleName::kLongStorage},
    {"_codecs", "encode", PickleName::kEncode},
    {"thinc.config", "Config", PickleName::kConfig},
    {"confection", "Config", PickleName::kConfig},
};

/// Runs the opcodes over a stack of places in content.values.
class Parser {
 public:
  explicit Parser(PickleContent& content) : content_(content), rest_(content.text) {}

  void Run() {
    if (content_.text.size() > Pickle::kMostBytes) {
      throw InputError(content_.name + ": has more than " + std::to_string(Pickle::kMostBytes) +
                       " bytes");
    }
    size_t count = 0;
    while (!is_finished_) {
      start_ = content_.text.size() - rest_.size();
      opcode_ = 0;
      if (rest_.empty()) Fail("the pickle ends without STOP");
      opcode_ = Byte();
      if ((start_ == 0) != (opcode_ == 0x80)) Fail("a pickle begins, and only begins, with PROTO");
      if (++count > Pickle::kMostOpcodes) {
        Fail("more than " + std::to_string(Pickle::kMostOpcodes) + " opcodes");
      }
      Step();
    }
  }

 private:
  using Handler = void (Parser::*)();

  [[noreturn]] void Fail(const std::string& problem) const {
    std::string message = content_.name + ": byte " + std::to_string(start_) + ": ";
    if (opcode_ != 0) {
      const std::string_view name = PickleOpcodeName(opcode_);
      message +=
          name.empty() ? "byte value " + std::to_string(opcode_) : "opcode " + std::string(name);
      message += ": ";
    }
    throw InputError(message + problem);
  }

  void Step() {
    static const std::map<uint8_t, Handler> kHandlers = {
        {0x80, &Parser::Proto},       {'.', &Parser::Stop},      {'(', &Parser::Mark},
        {'N', &Parser::None},         {0x88, &Parser::True},     {0x89, &Parser::False},
        {'J', &Parser::Integer4},     {'K', &Parser::Integer1},  {'M', &Parser::Integer2},
        {'G', &Parser::Real},         {'X', &Parser::Text},      {')', &Parser::Tuple0},
        {0x85, &Parser::Tuple1},      {0x86, &Parser::Tuple2},   {0x87, &Parser::Tuple3},
        {'t', &Parser::TupleToMark},  {']', &Parser::EmptyList}, {'a', &Parser::Append},
        {'e', &Parser::Appends},      {'}', &Parser::EmptyDict}, {'s', &Parser::SetItem},
        {'u', &Parser::SetItems},     {'q', &Parser::Put1},      {'r', &Parser::Put4},
        {'h', &Parser::Get1},         {'j', &Parser::Get4},      {'c', &Parser::Global},
        {'Q', &Parser::PersistentId}, {'R', &Parser::Reduce},    {0x81, &Parser::NewObject},
        {'b', &Parser::Build}};
    const auto handler = kHandlers.find(opcode_);
    if (handler == kHandlers.end()) {
      Fail("is not one that the original's checkpoints use; it is refused");
    }
    (this->*handler->second)();
  }

  // The bytes.

  std::string_view Take(size_t size) {
    if (size > rest_.size()) Fail("the pickle ends in the middle of its argument");
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  uint8_t Byte() { return static_cast<uint8_t>(Take(1)[0]); }
  uint32_t Unsigned(size_t size) {
    uint32_t number = 0;
    int shift = 0;
    for (const char c : Take(size)) {
      number |= static_cast<uint32_t>(static_cast<uint8_t>(c)) << shift;
      shift += 8;
    }
    return number;
  }
  std::string_view Line() {
    constexpr size_t kLongest = 200;
    const size_t end = rest_.substr(0, kLongest).find('\n');
    if (end == std::string_view::npos) Fail("a name without an end");
    const std::string_view line = Take(end);
    Take(1);
    return line;
  }

  // The stack.

  template <typename T>
  void Push(T value) {
    content_.values.push_back({std::move(value)});
    stack_.push_back(static_cast<uint32_t>(content_.values.size() - 1));
  }
  /// How far the stack may be popped.
  size_t Floor() const { return marks_.empty() ? 0 : marks_.back(); }
  uint32_t Top() const {
    if (stack_.size() <= Floor()) Fail("needs a value, but there is none");
    return stack_.back();
  }
  uint32_t Pop() {
    const uint32_t place = Top();
    stack_.pop_back();
    return place;
  }
  /// The values since the last mark; removes both.
  std::vector<uint32_t> PopToMark() {
    if (marks_.empty()) Fail("needs a MARK, but there is none");
    const auto first = stack_.begin() + static_cast<ptrdiff_t>(marks_.back());
    std::vector<uint32_t> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }
  template <typename T>
  T& Expect(uint32_t place, const std::string& what) {
    PickleValue& value = content_.values[place];
    if (T* found = std::get_if<T>(&value.value)) return *found;
    Fail(what + " is " + KindOf(value));
  }

  // The opcodes.

  void Proto() {
    const int protocol = Byte();
    if (protocol != kProtocol) {
      Fail("protocol " + std::to_string(protocol) + "; the original's checkpoints use " +
           std::to_string(kProtocol));
    }
  }
  void Stop() {
    content_.root = Pop();
    if (!stack_.empty() || !marks_.empty()) Fail("values are left on the stack");
    if (!rest_.empty()) Fail("bytes follow it");
    is_finished_ = true;
  }
  void Mark() {
    if (marks_.size() >= Pickle::kDeepestNesting) {
      Fail("more than " + std::to_string(Pickle::kDeepestNesting) + " values are begun");
    }
    marks_.push_back(stack_.size());
  }
  void None() { Push(std::monostate()); }
  void True() { Push(true); }
  void False() { Push(false); }
  void Integer1() { Push(static_cast<int64_t>(Unsigned(1))); }
  void Integer2() { Push(static_cast<int64_t>(Unsigned(2))); }
  void Integer4() { Push(static_cast<int64_t>(static_cast<int32_t>(Unsigned(4)))); }
  void Real() {
    uint64_t bits = 0;
    for (const char c : Take(8)) bits = bits << 8 | static_cast<uint8_t>(c);
    Push(std::bit_cast<double>(bits));
  }
  void Text() { Push(Take(Unsigned(4))); }
  void Tuple0() { Push(PickleTuple()); }
  void Tuple1() { TupleOf(1); }
  void Tuple2() { TupleOf(2); }
  void Tuple3() { TupleOf(3); }
  void TupleOf(size_t count) {
    PickleTuple tuple;
    for (size_t i = 0; i < count; ++i) tuple.items.push_back(Pop());
    std::reverse(tuple.items.begin(), tuple.items.end());
    Push(std::move(tuple));
  }
  void TupleToMark() { Push(PickleTuple{PopToMark()}); }
  void EmptyList() { Push(PickleList()); }
  void Append() {
    const uint32_t item = Pop();
    Expect<PickleList>(Top(), "what it appends to").items.push_back(item);
  }
  void Appends() {
    const std::vector<uint32_t> items = PopToMark();
    auto& list = Expect<PickleList>(Top(), "what it appends to");
    list.items.insert(list.items.end(), items.begin(), items.end());
  }
  void EmptyDict() { Push(PickleDict()); }
  void SetItem() {
    const uint32_t value = Pop();
    const uint32_t key = Pop();
    SetAll({key, value});
  }
  void SetItems() { SetAll(PopToMark()); }
  void SetAll(const std::vector<uint32_t>& items) {
    if (items.size() % 2 != 0) Fail("a key without a value");
    for (size_t i = 0; i < items.size(); i += 2) {
      Expect<std::string_view>(items[i], "a key of a dict");
    }
    auto& dict = Expect<PickleDict>(Top(), "what it sets members of");
    dict.items.insert(dict.items.end(), items.begin(), items.end());
  }
  void Put1() { Put(Unsigned(1)); }
  void Put4() { Put(Unsigned(4)); }
  /// Picklers number what they remember one after the other, so the memory cannot be made huge.
  void Put(uint32_t index) {
    if (index != memory_.size()) {
      Fail("remembers as " + std::to_string(index) + " what should be " +
           std::to_string(memory_.size()));
    }
    memory_.push_back(Top());
  }
  void Get1() { Get(Unsigned(1)); }
  void Get4() { Get(Unsigned(4)); }
  void Get(uint32_t index) {
    if (index >= memory_.size()) Fail("nothing is remembered as " + std::to_string(index));
    stack_.push_back(memory_[index]);
  }

  void Global() {
    const std::string_view module = Line();
    const std::string_view name = Line();
    for (const AllowedName& allowed : kAllowedNames) {
      if (allowed.module != module || allowed.name != name) continue;
      Push(allowed.meaning);
      return;
    }
    Fail("'" + Printable(module) + " " + Printable(name) +
         "' is not a name that the original's checkpoints use; it is refused, and nothing of the "
         "file was executed");
  }

  /// ('storage', class, key, where it was, elements): what stands for the values of a tensor.
  void PersistentId() {
    const std::vector<uint32_t> items = Expect<PickleTuple>(Pop(), "a persistent id").items;
    if (items.size() != 5 ||
        Expect<std::string_view>(items[0], "the kind of a persistent id") != "storage") {
      Fail("a persistent id that is not ('storage', class, key, place, count)");
    }
    PickleStorage storage;
    storage.type = TypeOf(Expect<PickleName>(items[1], "a storage's class"));
    storage.key = Expect<std::string_view>(items[2], "a storage's key");
    const auto is_digit = [](char c) { return '0' <= c && c <= '9'; };
    if (storage.key.empty() || storage.key.size() > 9 ||
        !std::all_of(storage.key.begin(), storage.key.end(), is_digit)) {
      Fail("the storage's key '" + Printable(storage.key) + "' is not a number");
    }
    storage.count = Expect<int64_t>(items[4], "a storage's number of elements");
    if (storage.count < 0) Fail("a storage of " + std::to_string(storage.count) + " elements");
    Push(storage);
  }
  DataType TypeOf(PickleName name) const {
    if (name == PickleName::kFloatStorage) return DataType::kF32;
    if (name == PickleName::kLongStorage) return DataType::kI64;
    Fail("a storage's class is none");
  }

  void Reduce() {
    const std::vector<uint32_t> arguments = Expect<PickleTuple>(Pop(), "the arguments").items;
    switch (Expect<PickleName>(Pop(), "what is called")) {
      case PickleName::kOrderedDict:
        if (!arguments.empty()) Fail("OrderedDict with arguments");
        return Push(PickleDict());
      case PickleName::kEncode:
        if (arguments.size() != 2 ||
            Expect<std::string_view>(arguments[1], "the encoding") != "latin1") {
          Fail("encode with anything but a text and 'latin1'");
        }
        Expect<std::string_view>(arguments[0], "what is encoded");
        return Push(PickleBytes());
      case PickleName::kRebuildTensor:
        return RebuildTensor(arguments);
      default:
        Fail("calls what is not called in the original's checkpoints");
    }
  }

  /// (storage, offset, sizes, strides, requires_grad, hooks).
  void RebuildTensor(const std::vector<uint32_t>& arguments) {
    if (arguments.size() != 6) {
      Fail("_rebuild_tensor_v2 with " + std::to_string(arguments.size()) + " arguments");
    }
    const auto storage = Expect<PickleStorage>(arguments[0], "a tensor's storage");
    auto tensor = std::make_unique<PickledTensor>();
    tensor->type = storage.type;
    tensor->storage = storage.key;
    tensor->storage_count = storage.count;
    tensor->offset = Expect<int64_t>(arguments[1], "a tensor's offset");
    tensor->shape = Sizes(arguments[2]);
    const int64_t count = CountOf(tensor->shape);
    CheckStrides(tensor->shape, Sizes(arguments[3]));
    if (tensor->offset < 0 || tensor->offset > storage.count ||
        count > storage.count - tensor->offset) {
      Fail("a tensor of shape " + ToString(tensor->shape) + " at " +
           std::to_string(tensor->offset) + " is not inside its storage of " +
           std::to_string(storage.count) + " elements");
    }
    Push(std::move(tensor));
  }
  Shape Sizes(uint32_t place) {
    constexpr size_t kMostDimensions = 8;
    const std::vector<uint32_t> items = Expect<PickleTuple>(place, "a tensor's shape").items;
    if (items.size() > kMostDimensions) Fail("a tensor of more than 8 dimensions");
    Shape shape;
    for (const uint32_t item : items) {
      shape.push_back(Expect<int64_t>(item, "a size"));
      if (shape.back() < 0) Fail("a negative size");
    }
    return shape;
  }
  int64_t CountOf(const Shape& shape) const {
    try {
      return ElementCount(shape);
    } catch (const Error&) {
      Fail("a tensor of shape " + ToString(shape) + " is too large");
    }
  }
  /// Only C order: so no tensor has more elements than its storage.
  void CheckStrides(const Shape& shape, const Shape& strides) const {
    if (shape.size() != strides.size()) Fail("a tensor's sizes and strides differ in number");
    Shape inner;
    for (size_t i = shape.size(); i > 0; --i) {
      if (shape[i - 1] != 1 && strides[i - 1] != CountOf(inner)) {
        Fail("a tensor of shape " + ToString(shape) + " and strides " + ToString(strides) +
             " is not in C order");
      }
      inner.push_back(shape[i - 1]);
    }
  }

  void NewObject() {
    if (!Expect<PickleTuple>(Pop(), "the arguments").items.empty() ||
        Expect<PickleName>(Pop(), "what is made") != PickleName::kConfig) {
      Fail("makes an object of a class that the original's checkpoints have no objects of");
    }
    Push(PickleDict());
  }
  /// Attributes of dicts (the versions of modules, the order of a Config's sections): not needed.
  void Build() {
    Expect<PickleDict>(Pop(), "the state");
    Expect<PickleDict>(Top(), "what has a state");
  }

  PickleContent& content_;
  std::string_view rest_;
  size_t start_ = 0;    ///< Offset of the opcode that is run, for errors.
  uint8_t opcode_ = 0;  ///< 0: none.
  bool is_finished_ = false;
  std::vector<uint32_t> stack_;
  std::vector<size_t> marks_;  ///< Heights of the stack.
  std::vector<uint32_t> memory_;
};

}  // namespace

void ParsePickle(PickleContent& content) { Parser(content).Run(); }

}  // namespace milan
