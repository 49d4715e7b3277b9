#pragma once

#include <span>
#include <string_view>

namespace milan {

/// A file of the web page: part of this program, so that an installed milan needs no data folder.
struct PageFile {
  std::string_view name;  ///< Inside the report: "index.html", "scripts/gallery.js".
  std::string_view content;
};

/// The files under web/ as they were when milan was built (cmake/EmbedFiles.cmake).
std::span<const PageFile> PageFiles();

/// The files under web/ that only the page for annotators has.
std::span<const PageFile> AnnotationPageFiles();

}  // namespace milan
