#pragma once

// Private to the module: what the pickle reader makes.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "milan/base/pickle.h"

namespace milan {

/// The names that a pickle may use (pickle.h).
enum class PickleName {
  kOrderedDict,
  kRebuildTensor,
  kFloatStorage,
  kLongStorage,
  kEncode,
  kConfig
};

struct PickleBytes {};  ///< Bytes whose content nothing needs.
struct PickleTuple {
  std::vector<uint32_t> items;
};
struct PickleList {
  std::vector<uint32_t> items;
};
struct PickleDict {
  std::vector<uint32_t> items;  ///< Key, value, key, value, ...; keys are texts.
};
struct PickleStorage {
  DataType type = DataType::kF32;
  std::string_view key;
  int64_t count = 0;
};

/// Values refer to others by their place, so that shared and even circular ones cost nothing.
struct PickleValue {
  std::variant<std::monostate, bool, int64_t, double, std::string_view, PickleBytes, PickleTuple,
               PickleList, PickleDict, PickleName, PickleStorage, std::unique_ptr<PickledTensor>>
      value;
};

struct PickleContent {
  std::string text;  ///< The pickle; texts are views into it.
  std::string name;
  std::vector<PickleValue> values;
  uint32_t root = 0;
};

/// Reads content.text into the rest. Throws kInput.
void ParsePickle(PickleContent& content);

/// "a dict", "a list", ...
std::string KindOf(const PickleValue& value);
/// The name that Python's pickletools gives an opcode; "" for a byte that is none.
std::string_view PickleOpcodeName(uint8_t opcode);

}  // namespace milan
