#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/file.h"

namespace milan {

/// A photo in a tar archive: its bytes are those of the archive from `offset` on.
struct TarPhoto {
  std::string name;  ///< As archived, without a leading "./" or "/".
  uint64_t offset = 0;
  uint64_t size = 0;
};

/// The photos of an uncompressed tar archive in its order, by one pass over its headers (data are
/// skipped). As in folders, hidden members and those without a photo's name are left out. Of
/// members with one name the last counts, at the place of the first, as when unpacking. Hard links
/// lead to what they link. Throws kInput naming archive and member: compressed, not a tar, damaged,
/// or ending before the data of a photo. However large the sizes that it claims, memory is taken
/// for names only.
std::vector<TarPhoto> ListTarPhotos(const Path& archive);

}  // namespace milan
