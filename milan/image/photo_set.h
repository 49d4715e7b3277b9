#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/image/image.h"

namespace milan {

/// One photo of a set. Its id is its place in the set.
struct Photo {
  std::string
      name;  ///< Path relative to the root with '/' separators: what tables and reports show.
  uint64_t bytes = 0;
};

/// Photos in a stable order: the same files give the same ids on every machine.
struct PhotoSet {
  Path root;                  ///< Absolute; photo files are root / name.
  std::vector<Photo> photos;  ///< A folder's: sorted by name as bytes. A list's: in its order.

  Path PathOf(size_t id) const { return root / photos[id].name; }
};

/// Lists the .jpg/.jpeg/.png files (any case) of a folder tree, hidden files and folders left out,
/// or, when `path` is a .txt file, the photos that it names: one path per line, relative to the
/// list's folder or absolute; empty lines and lines starting with # are ignored (a file with a "#
/// root: DIR" line has its paths relative to DIR). Throws kInput naming the path: missing, or
/// without any photo (says what was found instead).
PhotoSet OpenPhotoSet(const Path& path);

/// Hash of one photo's bytes; empty when they cannot be read.
std::string HashPhoto(const PhotoSet& set, size_t id);

/// Reads and decodes one photo. An unreadable or broken file is a failure in the result.
/// `content_hash` receives the hash of the file's bytes when it was readable.
DecodeResult LoadPhoto(const PhotoSet& set, size_t id, std::string* content_hash = nullptr);

}  // namespace milan
