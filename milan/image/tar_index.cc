#include "milan/image/tar_index.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <string_view>
#include <unordered_map>

#include <archive.h>
#include <archive_entry.h>

#include "milan/base/error.h"
#include "milan/image/photo_names.h"

namespace milan {
namespace {

// Headers lie apart and are read one by one: a larger block would read data only to skip them.
constexpr size_t kBlockBytes = 4096;

struct FreeArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using ArchiveReader = std::unique_ptr<archive, FreeArchive>;

std::string_view CleanName(const char* name) {
  std::string_view clean = name == nullptr ? "" : name;
  for (;;) {
    if (clean.starts_with("/")) {
      clean.remove_prefix(1);
    } else if (clean.starts_with("./")) {
      clean.remove_prefix(2);
    } else {
      return clean;
    }
  }
}

bool IsHidden(std::string_view name) {
  return name.starts_with('.') || name.find("/.") != std::string_view::npos;
}

void RefuseCompressed(const Path& path, uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kBeginnings = {"\x1F\x8B", "BZh",
                                                           "\xFD"
                                                           "7zXZ",
                                                           "\x28\xB5\x2F\xFD"};
  const std::string beginning = ReadFilePart(path, 0, std::min<uint64_t>(bytes, 5));
  for (const std::string_view compressed : kBeginnings) {
    if (!beginning.starts_with(compressed)) continue;
    throw InputError(path.string() +
                     ": is compressed, so its photos cannot be read where they are; unpack it and "
                     "give the folder");
  }
}

/// One pass over the headers of an archive.
class TarScan {
 public:
  explicit TarScan(const Path& path) : path_(path) {
    std::error_code error;
    bytes_ = std::filesystem::file_size(path, error);
    if (error) throw InputError(path.string() + ": cannot read: " + error.message());
    RefuseCompressed(path, bytes_);
    reader_.reset(archive_read_new());
    if (reader_ == nullptr) throw std::bad_alloc();
    archive_read_support_format_tar(reader_.get());
    if (archive_read_open_filename(reader_.get(), path.c_str(), kBlockBytes) != ARCHIVE_OK) Fail();
  }

  std::vector<TarPhoto> Run() {
    for (;;) {
      archive_entry* entry = nullptr;
      const int status = archive_read_next_header(reader_.get(), &entry);
      if (status == ARCHIVE_EOF) return std::move(photos_);
      // A warning is about what is not used here, such as letters that the locale cannot show.
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN) Fail();
      Visit(entry);
    }
  }

 private:
  [[noreturn]] void Fail() const {
    const char* reason = archive_error_string(reader_.get());
    const std::string place = last_.empty() ? "" : " after member " + last_;
    throw InputError(path_.string() + ": not a readable tar archive" + place + ": " +
                     (reason == nullptr ? "unknown error" : reason));
  }
  [[noreturn]] void FailMember(const std::string& problem) const {
    throw InputError(path_.string() + ": member " + last_ + ": " + problem);
  }

  void Visit(archive_entry* entry) {
    last_ = CleanName(archive_entry_pathname(entry));
    const char* target = archive_entry_hardlink(entry);
    if (target == nullptr && archive_entry_filetype(entry) != AE_IFREG) return;
    if (!IsPhotoName(last_) || IsHidden(last_)) return;
    Add(target != nullptr ? PlaceOf(CleanName(target)) : PlaceOf(entry));
  }

  TarPhoto PlaceOf(std::string_view linked) const {
    const auto found = by_name_.find(std::string(linked));
    if (found == by_name_.end())
      FailMember("is a link to " + std::string(linked) + ", which is no photo before it");
    return {last_, photos_[found->second].offset, photos_[found->second].size};
  }

  TarPhoto PlaceOf(archive_entry* entry) const {
    if (archive_entry_sparse_count(entry) > 0)
      FailMember("is stored with holes (a sparse file); archive it without --sparse");
    // Nothing of the data is read yet, and without compression what libarchive has consumed is the
    // place in the file.
    const auto offset = static_cast<uint64_t>(archive_filter_bytes(reader_.get(), 0));
    const auto size = static_cast<uint64_t>(archive_entry_size(entry));
    if (offset > bytes_ || size > bytes_ - offset)
      FailMember("has " + std::to_string(size) +
                 " bytes according to its header, but the archive ends before; it is truncated or "
                 "damaged");
    return {last_, offset, size};
  }

  void Add(TarPhoto photo) {
    const auto [place, is_new] = by_name_.try_emplace(photo.name, photos_.size());
    if (is_new) {
      photos_.push_back(std::move(photo));
    } else {
      photos_[place->second] = std::move(photo);
    }
  }

  Path path_;
  uint64_t bytes_ = 0;
  ArchiveReader reader_;
  std::string last_;  ///< Name of the member that is or was visited last.
  std::vector<TarPhoto> photos_;
  std::unordered_map<std::string, size_t> by_name_;
};

}  // namespace

std::vector<TarPhoto> ListTarPhotos(const Path& archive) { return TarScan(archive).Run(); }

}  // namespace milan
