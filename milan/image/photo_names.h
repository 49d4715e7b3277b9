#pragma once

#include <string_view>

namespace milan {

// What the name of a file says that it is, whatever the case of its letters.

/// JPEG, PNG or WebP.
bool IsPhotoName(std::string_view name);
/// A tar archive, in which photos can be read where they are.
bool IsArchiveName(std::string_view name);
/// A compressed tar archive, in which they cannot.
bool IsCompressedArchiveName(std::string_view name);
bool IsListName(std::string_view name);

/// What messages say is looked for.
inline constexpr const char* kPhotoNames = ".jpg, .jpeg, .png and .webp, also in .tar archives";

}  // namespace milan
