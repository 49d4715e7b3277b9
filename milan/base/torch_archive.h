#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "milan/base/array.h"
#include "milan/base/file.h"
#include "milan/base/pickle.h"

namespace milan {

/// Reader of a file of torch.save: a zip with a pickle, NAME/data.pkl, and each storage's elements
/// in a member of its own, NAME/data/KEY. Members must be stored, not compressed, so that none is
/// larger than the file; the pickle is read as pickle.h says and nothing is executed. Throws kInput
/// naming file and member. Not thread-safe.
class TorchArchive {
 public:
  static constexpr uint64_t kMostStorageBytes = uint64_t{1} << 31;  ///< Of one storage: 2 GiB.

  explicit TorchArchive(const Path& path);
  ~TorchArchive();
  TorchArchive(TorchArchive&&) noexcept;
  TorchArchive& operator=(TorchArchive&&) noexcept;

  const Path& path() const { return path_; }
  PickleView root() const { return pickle_->root(); }

  /// The elements of a tensor of floats; only its storage is read. `name` is for errors.
  Array Read(const PickledTensor& tensor, const std::string& name) const;

 private:
  class Zip;
  Path path_;
  std::unique_ptr<Zip> zip_;
  std::string prefix_;  ///< Of all members.
  std::unique_ptr<Pickle> pickle_;
};

/// The tensors of a module: a state dict of an archive, which must outlive it.
class StateDict {
 public:
  StateDict(const TorchArchive& archive, const PickleView& state_dict);

  bool Has(const std::string& name) const { return tensors_.contains(name); }
  const std::map<std::string, PickledTensor>& tensors() const { return tensors_; }
  /// Throws kInput naming file and tensor: missing, no floats, another number of dimensions.
  const Shape& ShapeOf(const std::string& name, size_t dimensions) const;
  Array Read(const std::string& name) const;
  /// Throws kInput also when it has another shape.
  Array Read(const std::string& name, const Shape& expected) const;
  void Expect(const std::string& name, const Shape& expected) const;
  const Path& path() const { return archive_->path(); }

 private:
  const PickledTensor& At(const std::string& name) const;

  const TorchArchive* archive_;
  std::map<std::string, PickledTensor> tensors_;
};

}  // namespace milan
