#include "milan/base/npz.h"

#include <array>
#include <deque>
#include <memory>
#include <system_error>

#include <zip.h>

#include "milan/base/error.h"
#include "milan/base/npy.h"

namespace milan {
namespace {

/// 1 January 1980, the first day of zip's calendar: the time of writing would make equal content
/// differ.
constexpr zip_uint16_t kFirstDay = (1 << 5) | 1;

/// A zip file in the making. libzip writes everything in Close, from the memory of the callers.
class Archive {
 public:
  Archive(const Path& temporary, const Path& path) : path_(path) {
    int code = 0;
    archive_.reset(zip_open(temporary.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
    if (archive_) return;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    throw ResourceError(path_.string() + ": cannot create: " + reason);
  }

  void Add(const std::string& name, std::string_view header, std::span<const std::byte> data) {
    // libzip reads through pointers to non-const; it does not write to them.
    std::array<zip_buffer_fragment_t, 2> parts = {
        {{reinterpret_cast<zip_uint8_t*>(const_cast<char*>(header.data())), header.size()},
         {reinterpret_cast<zip_uint8_t*>(const_cast<std::byte*>(data.data())), data.size()}}};
    const size_t count = data.empty() ? 1 : 2;
    zip_source_t* source = zip_source_buffer_fragment(archive_.get(), parts.data(), count, 0);
    if (source == nullptr) Fail();
    const zip_int64_t index = zip_file_add(archive_.get(), name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      Fail();
    }
    const auto entry = static_cast<zip_uint64_t>(index);
    if (zip_set_file_compression(archive_.get(), entry, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(archive_.get(), entry, 0, kFirstDay, 0) != 0) {
      Fail();
    }
  }

  void Close() {
    if (zip_close(archive_.get()) != 0) Fail();
    (void)archive_.release();  // freed by zip_close
  }

 private:
  [[noreturn]] void Fail() const {
    throw ResourceError(path_.string() + ": cannot write: " + zip_strerror(archive_.get()));
  }

  struct Discard {
    void operator()(zip_t* archive) const { zip_discard(archive); }
  };
  Path path_;
  std::unique_ptr<zip_t, Discard> archive_;
};

}  // namespace

void WriteNpz(const Path& path, const std::vector<NpzEntry>& entries) {
  const Path temporary = TemporaryBeside(path);
  Archive archive(temporary, path);
  std::deque<std::string> headers;  // a deque: they must stay where they are until Close
  for (const NpzEntry& entry : entries) {
    headers.push_back(NpyHeader(entry.type, entry.shape));
    archive.Add(entry.name + ".npy", headers.back(), entry.bytes);
  }
  archive.Close();
  PublishFile(temporary, path);
}

}  // namespace milan
