#include "milan/base/torch_archive.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

#include <zip.h>

#include "milan/base/error.h"
#include "milan/base/pickle_content.h"
#include "milan/base/printable.h"

namespace milan {
namespace {

constexpr const char* kPickleMember = "/data.pkl";

std::string OpenProblem(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string problem = zip_error_strerror(&error);
  zip_error_fini(&error);
  return problem;
}

}  // namespace

/// The members of a zip file, by libzip.
class TorchArchive::Zip {
 public:
  explicit Zip(const Path& path) : path_(path) {
    std::error_code error;
    file_size_ = std::filesystem::file_size(path, error);
    if (error) throw InputError(path.string() + ": cannot read: " + error.message());
    int code = 0;
    archive_.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
    if (archive_) return;
    throw InputError(
        path.string() +
        ": not a checkpoint that torch.save wrote (torch 1.6 or later): " + OpenProblem(code));
  }

  /// What precedes "/data.pkl" in the first member of that name.
  std::string Prefix() const {
    const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
    for (zip_int64_t i = 0; i < count; ++i) {
      const char* name = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
      const std::string text = name == nullptr ? "" : name;
      if (!text.ends_with(kPickleMember)) continue;
      return text.substr(0, text.size() - std::strlen(kPickleMember));
    }
    throw InputError(path_.string() + ": a zip file, but not of torch.save (no data.pkl in it)");
  }

  bool Has(const std::string& member) const {
    return zip_name_locate(archive_.get(), member.c_str(), ZIP_FL_ENC_RAW) >= 0;
  }

  /// Size of a member, which is then known to be stored and no larger than the file.
  uint64_t SizeOf(const std::string& member) const {
    zip_stat_t stat;
    zip_stat_init(&stat);
    constexpr zip_uint64_t kNeeded =
        ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (zip_stat(archive_.get(), member.c_str(), ZIP_FL_ENC_RAW, &stat) != 0 ||
        (stat.valid & kNeeded) != kNeeded) {
      Fail(member, "is missing");
    }
    if (stat.comp_method != ZIP_CM_STORE || stat.encryption_method != ZIP_EM_NONE) {
      Fail(member, "is compressed or encrypted; torch.save stores its members as they are");
    }
    if (stat.size > file_size_) Fail(member, "is said to be larger than the file");
    return stat.size;
  }

  /// Reads a member whole. REQUIRES: `size` is its size.
  void Read(const std::string& member, char* bytes, uint64_t size) const {
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(
        zip_fopen(archive_.get(), member.c_str(), ZIP_FL_ENC_RAW), zip_fclose);
    if (!file) Fail(member, zip_strerror(archive_.get()));
    uint64_t done = 0;
    for (zip_int64_t got = 1; got > 0 && done < size; done += static_cast<uint64_t>(got)) {
      got = zip_fread(file.get(), bytes + done, size - done);
      if (got < 0) Fail(member, zip_file_strerror(file.get()));
    }
    char more = 0;  // the checksum is compared where the member ends
    if (done != size || zip_fread(file.get(), &more, 1) != 0) {
      Fail(member, "is damaged: its length or checksum is wrong");
    }
  }

 private:
  [[noreturn]] void Fail(const std::string& member, const std::string& problem) const {
    throw InputError(path_.string() + ": " + Printable(member) + ": " + problem);
  }

  struct Discard {
    void operator()(zip_t* archive) const { zip_discard(archive); }
  };
  Path path_;
  uint64_t file_size_ = 0;
  std::unique_ptr<zip_t, Discard> archive_;
};

TorchArchive::TorchArchive(const Path& path) : path_(path), zip_(std::make_unique<Zip>(path)) {
  prefix_ = zip_->Prefix();
  const std::string member = prefix_ + kPickleMember;
  const uint64_t size = zip_->SizeOf(member);
  if (size > Pickle::kMostBytes) {
    throw InputError(path.string() + ": " + Printable(member) + ": has " + std::to_string(size) +
                     " bytes; at most " + std::to_string(Pickle::kMostBytes) + " are read");
  }
  std::string content(size, '\0');
  zip_->Read(member, content.data(), size);
  pickle_ = std::make_unique<Pickle>(std::move(content), path.string() + ": data.pkl");
  const std::string order = prefix_ + "/byteorder";
  if (!zip_->Has(order)) return;
  std::string text(std::min<uint64_t>(zip_->SizeOf(order), 16), '\0');
  zip_->Read(order, text.data(), text.size());
  if (text != "little")
    throw InputError(path.string() + ": " + Printable(order) + ": is not 'little'");
}
TorchArchive::~TorchArchive() = default;
TorchArchive::TorchArchive(TorchArchive&&) noexcept = default;
TorchArchive& TorchArchive::operator=(TorchArchive&&) noexcept = default;

Array TorchArchive::Read(const PickledTensor& tensor, const std::string& name) const {
  if (tensor.type != DataType::kF32) {
    throw InputError(path_.string() + ": tensor '" + Printable(name) +
                     "' has integers, expected float32");
  }
  const std::string member = prefix_ + "/data/" + std::string(tensor.storage);
  const uint64_t size = zip_->SizeOf(member);
  if (size != static_cast<uint64_t>(tensor.storage_count) * sizeof(float) ||
      size > kMostStorageBytes) {
    throw InputError(path_.string() + ": " + Printable(member) + ": has " + std::to_string(size) +
                     " bytes; data.pkl says " + std::to_string(tensor.storage_count) +
                     " float32, and at most 2 GiB are read");
  }
  std::vector<float> storage(static_cast<size_t>(tensor.storage_count));
  zip_->Read(member, reinterpret_cast<char*>(storage.data()), size);
  const auto first = storage.begin() + tensor.offset;
  const int64_t count = ElementCount(tensor.shape);
  if (count == tensor.storage_count) return {tensor.shape, std::move(storage)};
  return {tensor.shape, std::vector<float>(first, first + count)};
}

StateDict::StateDict(const TorchArchive& archive, const PickleView& state_dict)
    : archive_(&archive) {
  for (auto& [key, value] : state_dict.Members()) tensors_[key] = value.AsTensor();
}

const PickledTensor& StateDict::At(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw InputError(path().string() + ": has no tensor '" + Printable(name) + "'");
  }
  return found->second;
}

const Shape& StateDict::ShapeOf(const std::string& name, size_t dimensions) const {
  const PickledTensor& tensor = At(name);
  const bool is_empty =
      std::any_of(tensor.shape.begin(), tensor.shape.end(), [](int64_t size) { return size < 1; });
  if (tensor.shape.size() != dimensions || is_empty) {
    throw InputError(path().string() + ": tensor '" + Printable(name) + "' has the shape " +
                     ToString(tensor.shape) + ", expected " + std::to_string(dimensions) +
                     " dimensions");
  }
  return tensor.shape;
}

void StateDict::Expect(const std::string& name, const Shape& expected) const {
  if (At(name).shape == expected) return;
  throw InputError(path().string() + ": tensor '" + Printable(name) + "' has the shape " +
                   ToString(At(name).shape) + ", expected " + ToString(expected));
}

Array StateDict::Read(const std::string& name) const { return archive_->Read(At(name), name); }

Array StateDict::Read(const std::string& name, const Shape& expected) const {
  Expect(name, expected);
  return Read(name);
}

}  // namespace milan
