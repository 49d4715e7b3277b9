#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "milan/image/photo_set.h"
#include "milan/image/tar_index.h"

namespace milan {

/// Gives photos of a set their places in archives. Lives while a set is made; reads the headers of
/// each archive once.
class ArchiveLookup {
 public:
  /// `set`, whose root is known, must outlive the lookup.
  explicit ArchiveLookup(PhotoSet& set) : set_(set) {}

  /// Appends all photos of an archive to the set. Throws kInput.
  void AppendPhotosOf(const std::string& archive);

  /// When a part of the photo's name is an archive: sets the photo's place there. A broken archive
  /// and a photo that it lacks are noted, not thrown.
  void Locate(Photo& photo);

 private:
  struct Index {
    int32_t archive = Photo::kNoArchive;
    std::unordered_map<std::string, TarPhoto> photos;
  };

  const Index& IndexOf(const std::string& name);

  PhotoSet& set_;
  std::map<std::string, Index, std::less<>> indices_;
};

}  // namespace milan
