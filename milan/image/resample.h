#pragma once

#include <cstdint>

#include "milan/image/image.h"

namespace milan {

/// One axis of a resampling: the input's interval [begin, end) becomes `size` outputs, of which
/// only [first, first + count) are computed. Every output depends on its own index alone, so a part
/// is equal, bit by bit, to the same part of the whole.
struct ResampledAxis {
  double begin = 0;
  double end = 0;
  int64_t size = 0;
  int64_t first = 0;
  int count = 0;
};

/// Resamples as `Resize` does, but computes (and reads) only what the parts need.
/// REQUIRES: intervals inside the image and not empty, parts inside their sizes, counts >= 1.
Image Resample(const Image& image, const ResampledAxis& horizontal, const ResampledAxis& vertical);

}  // namespace milan
