#pragma once

// Private to this module: pixels and channels.

#include "milan/image/image.h"

namespace milan {

/// The photo without its colours: the luma of Pillow's convert("L") in all three channels.
Image ToGrey(const Image& photo);

}  // namespace milan
