#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/file.h"

namespace milan {

/// Writes files as torch.save does, for tests of what reads them. A value is the part of a pickle
/// (protocol 2, nothing remembered) that leaves it on the stack.
class TorchFile {
 public:
  using Members = std::vector<std::pair<std::string, std::string>>;

  static std::string Text(const std::string& text);
  static std::string Integer(int32_t value);
  static std::string Real(double value);
  static std::string Bool(bool value) { return value ? "\x88" : "\x89"; }
  static std::string None() { return "N"; }
  static std::string Tuple(const std::vector<std::string>& items);
  static std::string Dict(const Members& members);
  /// A tensor, whose elements become a storage of their own.
  std::string Tensor(const Array& array);

  void Write(const Path& path, const std::string& root) const;

 private:
  std::vector<std::vector<float>> storages_;
};

}  // namespace milan
