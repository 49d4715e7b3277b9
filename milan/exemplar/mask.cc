#include "milan/exemplar/mask.h"

#include <cmath>

#include "milan/base/error.h"

namespace milan {
namespace {

/// Where one output position reads the map along one axis: two neighbours and the weight of the
/// second. A neighbour outside the map has weight 0 (border of zeros) or is the edge itself
/// (clamp).
struct Tap {
  int first;
  int second;
  float first_weight;
  float second_weight;
};

std::vector<Tap> MakeTaps(int size, int out_size, MaskBorder border) {
  std::vector<Tap> taps(out_size);
  for (int i = 0; i < out_size; ++i) {
    if (size == 1) {  // the reference treats a single position as constant, without fading
      taps[i] = {0, 0, 1, 0};
      continue;
    }
    const float source =
        (static_cast<float>(i) + 0.5F) * static_cast<float>(size) / static_cast<float>(out_size) -
        0.5F;
    const auto below = static_cast<int>(std::floor(source));
    const float fraction = source - static_cast<float>(below);
    Tap tap = {below, below + 1, 1 - fraction, fraction};
    if (tap.first < 0) {
      tap.first = 0;
      if (border == MaskBorder::kZeros) tap.first_weight = 0;
    }
    if (tap.second > size - 1) {
      tap.second = size - 1;
      if (border == MaskBorder::kZeros) tap.second_weight = 0;
    }
    taps[i] = tap;
  }
  return taps;
}

}  // namespace

std::vector<float> UpsampleMap(std::span<const float> map, int height, int width, int out_height,
                               int out_width, MaskBorder border) {
  MILAN_CHECK(map.size() == static_cast<size_t>(height) * static_cast<size_t>(width),
              "an activation map of another size");
  const std::vector<Tap> rows = MakeTaps(height, out_height, border);
  const std::vector<Tap> columns = MakeTaps(width, out_width, border);
  std::vector<float> result(static_cast<size_t>(out_height) * static_cast<size_t>(out_width));
  for (int y = 0; y < out_height; ++y) {
    const float* upper = map.data() + static_cast<ptrdiff_t>(rows[y].first) * width;
    const float* lower = map.data() + static_cast<ptrdiff_t>(rows[y].second) * width;
    float* out = result.data() + static_cast<ptrdiff_t>(y) * out_width;
    for (int x = 0; x < out_width; ++x) {
      const Tap& tap = columns[x];
      // The reference's order of operations: four products of weights, summed row by row.
      out[x] = upper[tap.first] * (tap.first_weight * rows[y].first_weight) +
               upper[tap.second] * (tap.second_weight * rows[y].first_weight) +
               lower[tap.first] * (tap.first_weight * rows[y].second_weight) +
               lower[tap.second] * (tap.second_weight * rows[y].second_weight);
    }
  }
  return result;
}

std::vector<uint8_t> ComputeMask(std::span<const float> map, int height, int width, float threshold,
                                 int out_height, int out_width, MaskBorder border) {
  const std::vector<float> values = UpsampleMap(map, height, width, out_height, out_width, border);
  std::vector<uint8_t> mask(values.size());
  for (size_t i = 0; i < values.size(); ++i) mask[i] = values[i] > threshold ? 1 : 0;
  return mask;
}

}  // namespace milan
