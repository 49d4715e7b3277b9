#include "milan/image/photo_names.h"

#include <algorithm>
#include <initializer_list>

namespace milan {
namespace {

char Lower(char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// The name's file is more than the ending: ".jpg" alone is a hidden file, not a photo.
bool EndsWithOneOf(std::string_view name, std::initializer_list<std::string_view> endings) {
  name.remove_prefix(name.find_last_of('/') + 1);
  return std::any_of(endings.begin(), endings.end(), [name](std::string_view ending) {
    return name.size() > ending.size() &&
           std::equal(ending.begin(), ending.end(), name.end() - std::ssize(ending),
                      [](char a, char b) { return a == Lower(b); });
  });
}

}  // namespace

bool IsPhotoName(std::string_view name) {
  return EndsWithOneOf(name, {".jpg", ".jpeg", ".png", ".webp"});
}

bool IsArchiveName(std::string_view name) { return EndsWithOneOf(name, {".tar"}); }

bool IsCompressedArchiveName(std::string_view name) {
  return EndsWithOneOf(name, {".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst",
                              ".tzst", ".tar.lz4"});
}

bool IsListName(std::string_view name) { return EndsWithOneOf(name, {".txt"}); }

}  // namespace milan
