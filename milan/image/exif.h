#pragma once

#include <cstddef>
#include <span>

#include "milan/image/image.h"

namespace milan {

/// Exif orientation (1..8) in the payload of a JPEG APP1 segment ("Exif", two zeros, a TIFF header
/// and its first directory); 1, upright, when the segment is of another kind, damaged or says
/// nothing.
int ReadOrientation(std::span<const std::byte> app1);

/// The same of Exif data that begin with their TIFF header, as in WebP files.
int ReadTiffOrientation(std::span<const std::byte> tiff);

/// The image as its orientation says that it is to be seen: 2 mirrored, 3 turned by half, 4
/// flipped, 5 transposed, 6 turned right by a quarter, 7 transposed along the other diagonal, 8
/// turned left. REQUIRES: orientation in 1..8.
Image Upright(Image image, int orientation);

}  // namespace milan
