#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/safetensors.h"

namespace milan {

/// A tensor as torch pickles it: which part of which storage. The storages lie in files of their
/// own (torch_archive.h).
struct PickledTensor {
  DataType type = DataType::kF32;
  std::string_view storage;   ///< Its key; digits only.
  int64_t storage_count = 0;  ///< Elements that the storage is said to have.
  int64_t offset = 0;         ///< Of the first element.
  Shape shape;                ///< In C order: the elements lie side by side.
};

struct PickleContent;
struct PickleValue;

/// One value of a pickle, with the way to it for errors: every access throws kInput naming file,
/// way and what was expected. Cheap to copy; refers to the Pickle, which must outlive it.
class PickleView {
 public:
  bool IsNone() const;
  bool IsDict() const;
  bool AsBool() const;
  int64_t AsInteger() const;
  double AsNumber() const;  ///< An integer or a float.
  std::string AsText() const;
  PickledTensor AsTensor() const;
  /// The items of a tuple or list.
  std::vector<PickleView> Items() const;
  /// The members of a dict, in its order; what was set twice is there twice.
  std::vector<std::pair<std::string, PickleView>> Members() const;
  /// A member of a dict, what was set last; nothing where it is missing.
  std::optional<PickleView> Find(std::string_view key) const;
  bool Has(std::string_view key) const;
  /// Throws where it is missing.
  PickleView At(std::string_view key) const;

 private:
  friend class Pickle;
  PickleView(const PickleContent& content, uint32_t place, std::string way)
      : content_(&content), place_(place), way_(std::move(way)) {}
  const PickleValue& Value() const;
  PickleView Member(size_t key) const;
  const std::vector<uint32_t>& DictItems() const;
  [[noreturn]] void Fail(const std::string& expected) const;

  const PickleContent* content_;
  uint32_t place_;
  std::string way_;  ///< "properties.indexer"; empty for the whole.
};

/// Reader of the pickles that the original's checkpoints consist of. A pickle is a program that may
/// call anything; this reader executes nothing. It knows protocol 2, the opcodes of plain values,
/// and six names, whose calls it replaces by what they are known to build:
///
/// | name | becomes |
/// | --- | --- |
/// | collections OrderedDict | a dict |
/// | torch._utils _rebuild_tensor_v2 | a PickledTensor |
/// | torch FloatStorage, LongStorage | part of a PickledTensor |
/// | _codecs encode (with 'latin1') | opaque bytes |
/// | thinc.config Config, confection Config (spaCy's) | a dict |
///
/// Every other opcode and name is an error that names it and its offset. Memory: the content (at
/// most kMostBytes; texts are views into it) and at most about 100 bytes for each of at most
/// kMostOpcodes opcodes. Nothing is allocated by a number that the content states, and nothing
/// recurses however deep values nest.
class Pickle {
 public:
  static constexpr size_t kMostBytes = size_t{1} << 28;       ///< 256 MiB.
  static constexpr size_t kMostOpcodes = size_t{2} << 20;     ///< 2,097,152.
  static constexpr size_t kDeepestNesting = size_t{1} << 10;  ///< Of unfinished containers.

  /// `name` says in errors where it came from. Throws kInput: "<name>: byte 17: opcode GLOBAL:
  /// ...".
  Pickle(std::string content, const std::string& name);
  ~Pickle();
  Pickle(Pickle&&) noexcept;
  Pickle& operator=(Pickle&&) noexcept;

  PickleView root() const;

 private:
  std::unique_ptr<PickleContent> content_;
};

}  // namespace milan
