#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/image/image.h"

namespace milan {

/// One photo of a set. Its id is its place in the set. It is a file of its own or lies in a tar
/// archive.
struct Photo {
  static constexpr int32_t kNoArchive = -1;
  static constexpr uint64_t kNotInArchive = UINT64_MAX;

  /// Path relative to the root with '/' separators, what tables and reports show. In an archive:
  /// the archive's path, '/', the member's name.
  std::string name;
  uint64_t bytes = 0;
  int32_t archive = kNoArchive;  ///< Place in `PhotoSet::archives`.
  uint64_t offset = 0;           ///< Of its bytes in the archive; kNotInArchive when it lacks them.
};

struct PhotoArchive {
  std::string name;     ///< Path relative to the root.
  std::string failure;  ///< Empty, or why none of its photos can be read.
};

/// Photos in a stable order: the same files give the same ids on every machine.
struct PhotoSet {
  Path root;  ///< Absolute; what names are relative to.
  /// A folder's: sorted by name as bytes, an archive's photos at its place and in its order. A
  /// list's: in its order.
  std::vector<Photo> photos;
  std::vector<PhotoArchive> archives;

  /// Names a photo in messages; for one in an archive no such file exists.
  Path PathOf(size_t id) const { return root / photos[id].name; }
};

/// Lists the photos (.jpg, .jpeg, .png, .webp, any case) of `path`:
/// - a folder: those of its tree and of the .tar archives in it, hidden files and folders left out;
/// - a .tar archive (compressed ones are refused);
/// - a .txt file: the photos and archives that it names, one path per line, relative to the list's
///   folder or absolute; a single photo of an archive is named as in `Photo::name`. Empty lines and
///   lines starting with # are ignored (a file with a "# root: DIR" line has its paths relative to
///   DIR).
/// Throws kInput naming the path: missing, without any photo (says what was found instead), or an
/// archive that is damaged or ends too early.
PhotoSet OpenPhotoSet(const Path& path);

/// Photos whose names are known, such as those of a run: finds those that lie in archives, reading
/// the headers of each archive once. Photos and archives that are not there, or not readable, are
/// failures when they are loaded. Only the names of `photos` and the sizes of files of their own
/// are used.
PhotoSet FindPhotos(const Path& root, std::vector<Photo> photos);

/// Hash of one photo's bytes; empty when they cannot be read.
std::string HashPhoto(const PhotoSet& set, size_t id);

/// Reads and decodes one photo. An unreadable or broken file is a failure in the result.
/// `content_hash` receives the hash of the file's bytes when it was readable. Thread-safe.
DecodeResult LoadPhoto(const PhotoSet& set, size_t id, std::string* content_hash = nullptr);

}  // namespace milan
