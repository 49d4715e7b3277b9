#include "milan/exemplar/mask.h"

#include <algorithm>
#include <cmath>

#include "milan/base/error.h"

namespace milan {
namespace {

/// Where one output position reads the map along one axis: two neighbours and their weights. A
/// neighbour outside the map has weight 0 (border of zeros) or is the edge itself (clamp).
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

/// Upsamples row by row: along the rows first, each row of the map once, then between them.
class Upsampler {
 public:
  Upsampler(std::span<const float> map, MapSize size, MaskBorder border)
      : map_(map), size_(size), border_(border) {
    MILAN_CHECK(size.height >= 1 && size.width >= 1 && map.size() == size.Count(),
                "an activation map of another size");
  }

  /// Calls receive(y, row) for every output row.
  template <typename Receive>
  void Run(MapSize out, const Receive& receive) const {
    MILAN_CHECK(out.height >= 1 && out.width >= 1, "a mask without pixels");
    const std::vector<float> wide = Widen(out.width);
    const std::vector<Tap> rows = MakeTaps(size_.height, out.height, border_);
    std::vector<float> row(out.width);
    for (int y = 0; y < out.height; ++y) {
      const Tap& tap = rows[y];
      const float* upper = wide.data() + static_cast<ptrdiff_t>(tap.first) * out.width;
      const float* lower = wide.data() + static_cast<ptrdiff_t>(tap.second) * out.width;
      for (int x = 0; x < out.width; ++x) {
        row[x] = upper[x] * tap.first_weight + lower[x] * tap.second_weight;
      }
      receive(y, row);
    }
  }

 private:
  /// The map's own rows at the output's width.
  std::vector<float> Widen(int out_width) const {
    const std::vector<Tap> columns = MakeTaps(size_.width, out_width, border_);
    std::vector<float> wide(MapSize{size_.height, out_width}.Count());
    auto out = wide.begin();
    for (int y = 0; y < size_.height; ++y) {
      const float* row = map_.data() + static_cast<ptrdiff_t>(y) * size_.width;
      for (const Tap& tap : columns) {
        *out++ = row[tap.first] * tap.first_weight + row[tap.second] * tap.second_weight;
      }
    }
    return wide;
  }

  std::span<const float> map_;
  MapSize size_;
  MaskBorder border_;
};

}  // namespace

std::string ToString(MaskBorder border) { return border == MaskBorder::kZeros ? "zeros" : "clamp"; }

MaskBorder ParseMaskBorder(const std::string& text) {
  if (text == "zeros") return MaskBorder::kZeros;
  if (text == "clamp") return MaskBorder::kClamp;
  throw UsageError("mask border '" + text + "': expected zeros or clamp");
}

std::vector<float> UpsampleMap(std::span<const float> map, MapSize size, MapSize out_size,
                               MaskBorder border) {
  std::vector<float> result;
  result.reserve(out_size.Count());
  Upsampler(map, size, border).Run(out_size, [&](int, const std::vector<float>& row) {
    result.insert(result.end(), row.begin(), row.end());
  });
  return result;
}

std::vector<uint8_t> ComputeMask(std::span<const float> map, MapSize size, float threshold,
                                 MapSize out_size, MaskBorder border) {
  std::vector<uint8_t> mask(out_size.Count());
  Upsampler(map, size, border).Run(out_size, [&](int y, const std::vector<float>& row) {
    uint8_t* out = mask.data() + static_cast<ptrdiff_t>(y) * out_size.width;
    for (size_t x = 0; x < row.size(); ++x) out[x] = row[x] > threshold ? 1 : 0;
  });
  return mask;
}

}  // namespace milan
