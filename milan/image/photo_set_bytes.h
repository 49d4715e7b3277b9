#pragma once

#include <cstddef>
#include <vector>

#include "milan/image/photo_set.h"

namespace milan {

/// A photo set as a message to another process, which then need not list folders and read the
/// headers of archives itself.
std::vector<std::byte> ToBytes(const PhotoSet& set);
/// Throws kInput when it is not such a message.
PhotoSet PhotoSetFromBytes(std::vector<std::byte> bytes);

}  // namespace milan
