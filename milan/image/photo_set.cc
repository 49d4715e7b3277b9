#include "milan/image/photo_set.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "milan/base/error.h"
#include "milan/image/archive_lookup.h"
#include "milan/image/photo_names.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

/// 0 when there is no such file: reading it will say why.
uint64_t SizeOrZero(const Path& path) {
  std::error_code error;
  const uint64_t size = fs::file_size(path, error);
  return error ? 0 : size;
}

/// Walks a folder tree. Every folder is listed once, whatever links lead to it, and real folders go
/// before links to folders: the names do not depend on the order in which the disk lists a folder.
class FolderWalk {
 public:
  explicit FolderWalk(const Path& root) : root_(root) {}

  /// Photos and archives, sorted by name.
  std::vector<Photo> Run() {
    folders_.insert("");
    while (!folders_.empty() || !links_.empty()) {
      auto& next = folders_.empty() ? links_ : folders_;
      const std::string folder = *next.begin();
      next.erase(next.begin());
      if (seen_.insert(fs::canonical(root_ / folder)).second) List(folder);
    }
    std::sort(found_.begin(), found_.end(),
              [](const Photo& a, const Photo& b) { return a.name < b.name; });
    return std::move(found_);
  }

  size_t others() const { return others_; }
  const std::string& example() const { return example_; }

 private:
  void List(const std::string& folder) {
    const std::string prefix = folder.empty() ? "" : folder + "/";
    for (const fs::directory_entry& entry : fs::directory_iterator(root_ / folder)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with('.')) continue;
      Visit(entry, prefix + name);
    }
  }

  void Visit(const fs::directory_entry& entry, const std::string& name) {
    std::error_code broken_link;  // such an entry is neither folder nor file
    if (entry.is_directory(broken_link)) {
      (entry.is_symlink() ? links_ : folders_).insert(name);
    } else if (entry.is_regular_file(broken_link) && (IsPhotoName(name) || IsArchiveName(name))) {
      found_.push_back({name, SizeOrZero(entry.path())});
    } else {
      if (others_++ == 0 || IsBetterExample(name)) example_ = name;
    }
  }

  /// Compressed archives first: one may be what the folder is there for.
  bool IsBetterExample(const std::string& name) const {
    const bool is_compressed = IsCompressedArchiveName(name);
    if (is_compressed != IsCompressedArchiveName(example_)) return is_compressed;
    return name < example_;
  }

  Path root_;
  std::set<std::string> folders_;
  std::set<std::string> links_;
  std::set<Path> seen_;
  std::vector<Photo> found_;
  size_t others_ = 0;
  std::string example_;
};

/// Why a folder has no photos: what is there instead.
[[noreturn]] void FailEmptyFolder(const PhotoSet& set, const FolderWalk& walk) {
  std::string others = "there are no other files either";
  if (walk.others() != 0) {
    others =
        "there are " + std::to_string(walk.others()) + " other files, such as " + walk.example();
    if (IsCompressedArchiveName(walk.example())) others += ", which must be unpacked first";
  }
  const std::string archives =
      set.archives.empty()
          ? ""
          : "; of the " + std::to_string(set.archives.size()) + " archives none has a photo";
  throw InputError(set.root.string() + ": no photos in this folder or its subfolders (looked for " +
                   kPhotoNames + "; " + others + archives + ")");
}

PhotoSet OpenFolder(const Path& folder) {
  PhotoSet set;
  set.root = folder;
  FolderWalk walk(folder);
  std::vector<Photo> found;
  try {
    found = walk.Run();
  } catch (const fs::filesystem_error& error) {
    throw InputError(error.path1().string() +
                     ": cannot list the folder: " + error.code().message());
  }
  ArchiveLookup lookup(set);
  for (Photo& photo : found) {
    if (IsArchiveName(photo.name)) {
      lookup.AppendPhotosOf(photo.name);
    } else {
      set.photos.push_back(std::move(photo));
    }
  }
  if (set.photos.empty()) FailEmptyFolder(set, walk);
  return set;
}

PhotoSet OpenArchive(const Path& path) {
  PhotoSet set;
  set.root = path.parent_path();
  ArchiveLookup(set).AppendPhotosOf(path.filename().string());
  if (!set.photos.empty()) return set;
  throw InputError(path.string() +
                   ": no photos in this archive (looked for members called .jpg, "
                   ".jpeg, .png and .webp)");
}

[[noreturn]] void RefuseCompressed(const Path& path) {
  throw InputError(path.string() +
                   ": is a compressed archive, whose photos cannot be read where they are; unpack "
                   "it and give the folder");
}

/// Lines without their line ends.
std::vector<std::string> Lines(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// Adds what one line of a list names; true when it is there.
bool AddListed(const std::string& name, ArchiveLookup& lookup, PhotoSet& set) {
  const Path path = set.root / name;
  std::error_code error;
  const bool is_file = fs::is_regular_file(path, error);
  if (IsCompressedArchiveName(name)) RefuseCompressed(path);
  if (IsArchiveName(name)) {
    if (!is_file) throw InputError(path.string() + ": the list names this archive, no such file");
    lookup.AppendPhotosOf(name);
    return true;
  }
  Photo photo{name, is_file ? SizeOrZero(path) : 0};
  if (!is_file) lookup.Locate(photo);
  const bool is_in_archive =
      photo.archive != Photo::kNoArchive && photo.offset != Photo::kNotInArchive;
  set.photos.push_back(std::move(photo));
  return is_file || is_in_archive;
}

PhotoSet OpenList(const Path& list) {
  constexpr std::string_view kRoot = "# root: ";
  PhotoSet set;
  set.root = list.parent_path();
  std::vector<std::string> names;
  for (std::string& line : Lines(ReadFile(list))) {
    if (line.starts_with(kRoot)) set.root = list.parent_path() / line.substr(kRoot.size());
    if (!line.empty() && !line.starts_with('#')) names.push_back(std::move(line));
  }
  if (names.empty())
    throw InputError(list.string() + ": names no photos (expected one path per line)");
  bool any_exists = false;
  ArchiveLookup lookup(set);
  for (const std::string& name : names) any_exists |= AddListed(name, lookup, set);
  if (!any_exists)
    throw InputError(list.string() + ": none of its " + std::to_string(names.size()) +
                     " photos exists; its paths are relative to " + set.root.string() +
                     " (a line '# root: DIR' changes that)");
  if (set.photos.empty()) throw InputError(list.string() + ": no photos in the archives it names");
  return set;
}

Path AbsolutePath(const Path& path) {
  const Path absolute = fs::absolute(path).lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

}  // namespace

PhotoSet OpenPhotoSet(const Path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status))
    throw InputError(path.string() + ": no such folder, list or archive of photos");
  if (fs::is_directory(status)) return OpenFolder(AbsolutePath(path));
  if (IsListName(path.native())) return OpenList(AbsolutePath(path));
  if (IsArchiveName(path.native())) return OpenArchive(AbsolutePath(path));
  if (IsCompressedArchiveName(path.native())) RefuseCompressed(path);
  throw InputError(path.string() +
                   ": is neither a folder, a .txt list of photos nor a .tar archive; give the "
                   "folder it is in");
}

PhotoSet FindPhotos(const Path& root, std::vector<Photo> photos) {
  PhotoSet set;
  set.root = root;
  ArchiveLookup lookup(set);
  for (Photo& photo : photos) lookup.Locate(photo);
  set.photos = std::move(photos);
  return set;
}

}  // namespace milan
