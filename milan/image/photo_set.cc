#include "milan/image/photo_set.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "milan/base/error.h"
#include "milan/base/hash.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

std::string LowerExtension(const Path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) {
    if ('A' <= c && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return extension;
}

bool HasPhotoExtension(const Path& path) {
  const std::string extension = LowerExtension(path);
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

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

  std::vector<Photo> Run() {
    folders_.insert("");
    while (!folders_.empty() || !links_.empty()) {
      auto& next = folders_.empty() ? links_ : folders_;
      const std::string folder = *next.begin();
      next.erase(next.begin());
      if (seen_.insert(fs::canonical(root_ / folder)).second) List(folder);
    }
    std::sort(photos_.begin(), photos_.end(),
              [](const Photo& a, const Photo& b) { return a.name < b.name; });
    return std::move(photos_);
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
    } else if (entry.is_regular_file(broken_link) && HasPhotoExtension(entry.path())) {
      photos_.push_back({name, SizeOrZero(entry.path())});
    } else {
      if (example_.empty() || name < example_) example_ = name;
      ++others_;
    }
  }

  Path root_;
  std::set<std::string> folders_;
  std::set<std::string> links_;
  std::set<Path> seen_;
  std::vector<Photo> photos_;
  size_t others_ = 0;
  std::string example_;
};

PhotoSet OpenFolder(const Path& folder) {
  PhotoSet set{folder, {}};
  FolderWalk walk(folder);
  try {
    set.photos = walk.Run();
  } catch (const fs::filesystem_error& error) {
    throw InputError(error.path1().string() +
                     ": cannot list the folder: " + error.code().message());
  }
  if (!set.photos.empty()) return set;
  const std::string others = walk.others() == 0 ? "there are no other files either"
                                                : "there are " + std::to_string(walk.others()) +
                                                      " other files, such as " + walk.example();
  throw InputError(
      folder.string() +
      ": no photos in this folder or its subfolders (looked for .jpg, .jpeg and .png; " + others +
      ")");
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

PhotoSet OpenList(const Path& list) {
  constexpr std::string_view kRoot = "# root: ";
  PhotoSet set{list.parent_path(), {}};
  std::vector<std::string> names;
  for (std::string& line : Lines(ReadFile(list))) {
    if (line.starts_with(kRoot)) set.root = list.parent_path() / line.substr(kRoot.size());
    if (!line.empty() && !line.starts_with('#')) names.push_back(std::move(line));
  }
  if (names.empty())
    throw InputError(list.string() + ": names no photos (expected one path per line)");
  bool any_exists = false;
  for (std::string& name : names) {
    const Path path = set.root / name;
    std::error_code error;
    any_exists = any_exists || fs::is_regular_file(path, error);
    const uint64_t bytes = SizeOrZero(path);
    set.photos.push_back({std::move(name), bytes});
  }
  if (!any_exists)
    throw InputError(list.string() + ": none of its " + std::to_string(names.size()) +
                     " photos exists; its paths are relative to " + set.root.string() +
                     " (a line '# root: DIR' changes that)");
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
  if (!fs::exists(status)) throw InputError(path.string() + ": no such folder or list of photos");
  if (fs::is_directory(status)) return OpenFolder(AbsolutePath(path));
  if (LowerExtension(path) == ".txt") return OpenList(AbsolutePath(path));
  throw InputError(path.string() +
                   ": is neither a folder nor a .txt list of photos; give the folder it is in");
}

std::string HashPhoto(const PhotoSet& set, size_t id) {
  try {
    return HashFile(set.PathOf(id));
  } catch (const Error&) {
    return "";
  }
}

DecodeResult LoadPhoto(const PhotoSet& set, size_t id, std::string* content_hash) {
  const Path path = set.PathOf(id);
  std::error_code error;
  // Reading a pipe or a device would wait forever.
  if (!fs::is_regular_file(path, error))
    return {{}, error ? "cannot be read: " + error.message() : "is not a file"};
  std::string content;
  try {
    content = ReadFile(path);
  } catch (const Error& unreadable) {
    return {{}, std::string("cannot be read: ") + unreadable.what()};
  }
  const auto bytes = std::as_bytes(std::span(content));
  if (content_hash != nullptr) *content_hash = HashBytes(bytes);
  return Decode(bytes);
}

}  // namespace milan
