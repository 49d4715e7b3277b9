#include <algorithm>
#include <cmath>
#include <cstring>

#include "milan/base/error.h"
#include "milan/image/image.h"
#include "milan/image/resample.h"

namespace milan {
namespace {

// Pillow's fixed point for 8-bit pictures: weights have 22 fractional bits, so that a weighted sum
// of bytes fits 32 bits with two bits to spare.
constexpr int kFractionBits = 32 - 8 - 2;
constexpr int32_t kHalf = 1 << (kFractionBits - 1);

/// How each output of an axis is made: output i is the sum of `taps` inputs from first[i], weighted
/// by weights[i * taps ...]. Outputs that need fewer inputs than others have zero weights.
struct AxisWeights {
  int taps = 0;
  std::vector<int> first;
  std::vector<int32_t> weights;

  int count() const { return static_cast<int>(first.size()); }
  std::span<const int32_t> WeightsOf(int i) const {
    return std::span(weights).subspan(static_cast<size_t>(i) * taps, taps);
  }
};

/// The triangle filter under one output: inputs [first, first + values.size()).
struct Window {
  int first = 0;
  std::vector<double> values;
};

Window TriangleWindow(double center, double support, int input_size) {
  Window window;
  window.first = std::max(0, static_cast<int>(std::floor(center - support + 0.5)));
  const int last = std::min(input_size, static_cast<int>(std::floor(center + support + 0.5)));
  const double step = 1.0 / support;
  double sum = 0;
  for (int x = window.first; x < last; ++x) {
    const double value = std::max(0.0, 1.0 - std::abs((x - center + 0.5) * step));
    window.values.push_back(value);
    sum += value;
  }
  if (sum != 0) {
    for (double& value : window.values) value /= sum;
  }
  return window;
}

int32_t ToFixed(double weight) {
  return static_cast<int32_t>(std::floor(weight * (1 << kFractionBits) + 0.5));
}

AxisWeights ToWeights(const std::vector<Window>& windows, int input_size) {
  AxisWeights result;
  for (const Window& window : windows)
    result.taps = std::max(result.taps, static_cast<int>(window.values.size()));
  result.weights.assign(windows.size() * result.taps, 0);
  int32_t* weights = result.weights.data();
  for (const Window& window : windows) {
    // At the far edge the window moves inwards, so that all `taps` inputs exist.
    const int first = std::min(window.first, input_size - result.taps);
    std::transform(window.values.begin(), window.values.end(), weights + window.first - first,
                   ToFixed);
    result.first.push_back(first);
    weights += result.taps;
  }
  return result;
}

/// The interval's ends are rounded to float because Pillow passes its box as floats.
AxisWeights ComputeWeights(const ResampledAxis& axis, int input_size) {
  const auto begin = static_cast<float>(axis.begin);
  const double scale =
      static_cast<double>(static_cast<float>(axis.end) - begin) / static_cast<double>(axis.size);
  const double support = std::max(1.0, scale);  // the triangle's half width, wider when shrinking
  std::vector<Window> windows;
  windows.reserve(axis.count);
  for (int i = 0; i < axis.count; ++i) {
    const double center = begin + (static_cast<double>(axis.first + i) + 0.5) * scale;
    windows.push_back(TriangleWindow(center, support, input_size));
  }
  return ToWeights(windows, input_size);
}

// Rounding errors of a very wide window can add up to more than one, hence the upper limit; a
// triangle has no negative weights.
uint8_t ToByte(int32_t sum) { return static_cast<uint8_t>(std::min(sum >> kFractionBits, 255)); }

void ResampleRow(const uint8_t* row, const AxisWeights& axis, uint8_t* output) {
  for (int i = 0; i < axis.count(); ++i) {
    const uint8_t* pixel = row + static_cast<size_t>(axis.first[i]) * 3;
    int32_t red = kHalf;
    int32_t green = kHalf;
    int32_t blue = kHalf;
    for (const int32_t weight : axis.WeightsOf(i)) {
      red += weight * pixel[0];
      green += weight * pixel[1];
      blue += weight * pixel[2];
      pixel += 3;
    }
    *output++ = ToByte(red);
    *output++ = ToByte(green);
    *output++ = ToByte(blue);
  }
}

/// True when every output is the input at the same place: Pillow leaves such a pass out, and its
/// result would be the same.
bool IsIdentity(const ResampledAxis& axis, int input_size) {
  return axis.begin == 0 && axis.end == input_size && axis.size == input_size;
}

/// Rows [first_row, first_row + rows) of the image, resampled along x.
Image ResampleColumns(const Image& image, const ResampledAxis& axis, int first_row, int rows) {
  Image result{axis.count, rows, std::vector<uint8_t>(static_cast<size_t>(axis.count) * rows * 3)};
  const size_t input_stride = static_cast<size_t>(image.width) * 3;
  const size_t stride = static_cast<size_t>(axis.count) * 3;
  const uint8_t* input = image.pixels.data() + input_stride * first_row;
  uint8_t* output = result.pixels.data();
  if (IsIdentity(axis, image.width)) {
    for (int y = 0; y < rows; ++y, input += input_stride, output += stride)
      std::memcpy(output, input + axis.first * 3, stride);
    return result;
  }
  const AxisWeights weights = ComputeWeights(axis, image.width);
  for (int y = 0; y < rows; ++y, input += input_stride, output += stride)
    ResampleRow(input, weights, output);
  return result;
}

void AddWeighted(const uint8_t* row, int32_t weight, std::span<int32_t> sums) {
  for (size_t x = 0; x < sums.size(); ++x) sums[x] += weight * row[x];
}

/// `image` holds the rows of the original from `first_row` on.
Image ResampleRows(const Image& image, const AxisWeights& axis, int first_row) {
  const size_t stride = static_cast<size_t>(image.width) * 3;
  Image result{image.width, axis.count(), std::vector<uint8_t>(stride * axis.count())};
  std::vector<int32_t> sums(stride);
  for (int y = 0; y < axis.count(); ++y) {
    std::fill(sums.begin(), sums.end(), kHalf);
    const uint8_t* row = image.pixels.data() + stride * (axis.first[y] - first_row);
    for (const int32_t weight : axis.WeightsOf(y)) {
      if (weight != 0) AddWeighted(row, weight, sums);
      row += stride;
    }
    std::transform(sums.begin(), sums.end(), result.pixels.begin() + stride * y, ToByte);
  }
  return result;
}

bool Inside(double begin, double end, int size) { return 0 <= begin && begin < end && end <= size; }

}  // namespace

Image Resample(const Image& image, const ResampledAxis& horizontal, const ResampledAxis& vertical) {
  if (IsIdentity(vertical, image.height))
    return ResampleColumns(image, horizontal, static_cast<int>(vertical.first), vertical.count);
  const AxisWeights weights = ComputeWeights(vertical, image.height);
  const int first_row = weights.first.front();
  const int rows = weights.first.back() + weights.taps - first_row;
  return ResampleRows(ResampleColumns(image, horizontal, first_row, rows), weights, first_row);
}

Image Resize(const Image& image, const Box& box, int width, int height) {
  MILAN_CHECK(width >= 1 && height >= 1, "resize to an empty picture");
  MILAN_CHECK(Inside(box.left, box.right, image.width) && Inside(box.top, box.bottom, image.height),
              "the box of a resize is empty or reaches out of the image");
  return Resample(image, {box.left, box.right, width, 0, width},
                  {box.top, box.bottom, height, 0, height});
}

Image Resize(const Image& image, int width, int height) {
  return Resize(image, {0, 0, static_cast<double>(image.width), static_cast<double>(image.height)},
                width, height);
}

}  // namespace milan
