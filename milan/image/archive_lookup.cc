#include "milan/image/archive_lookup.h"

#include <filesystem>

#include "milan/base/error.h"
#include "milan/image/photo_names.h"

namespace milan {

void ArchiveLookup::AppendPhotosOf(const std::string& archive) {
  const auto place = static_cast<int32_t>(set_.archives.size());
  const std::vector<TarPhoto> photos = ListTarPhotos(set_.root / archive);
  set_.archives.push_back({archive, ""});
  for (const TarPhoto& photo : photos)
    set_.photos.push_back({archive + "/" + photo.name, photo.size, place, photo.offset});
}

void ArchiveLookup::Locate(Photo& photo) {
  const std::string& name = photo.name;
  for (size_t end = name.find('/'); end != std::string::npos; end = name.find('/', end + 1)) {
    if (!IsArchiveName(std::string_view(name).substr(0, end))) continue;
    const Index& index = IndexOf(name.substr(0, end));
    if (index.archive == Photo::kNoArchive) continue;  // a folder that is called like an archive
    photo.archive = index.archive;
    photo.offset = Photo::kNotInArchive;
    const auto found = index.photos.find(name.substr(end + 1));
    if (found == index.photos.end()) return;
    photo.offset = found->second.offset;
    photo.bytes = found->second.size;
    return;
  }
}

const ArchiveLookup::Index& ArchiveLookup::IndexOf(const std::string& name) {
  const auto [entry, is_new] = indices_.try_emplace(name);
  Index& index = entry->second;
  std::error_code error;
  if (!is_new || !std::filesystem::is_regular_file(set_.root / name, error)) return index;
  index.archive = static_cast<int32_t>(set_.archives.size());
  PhotoArchive& archive = set_.archives.emplace_back(PhotoArchive{name, ""});
  try {
    for (TarPhoto& photo : ListTarPhotos(set_.root / name)) {
      std::string key = photo.name;
      index.photos.emplace(std::move(key), std::move(photo));
    }
  } catch (const Error& unreadable) {
    archive.failure = unreadable.what();
  }
  return index;
}

}  // namespace milan
