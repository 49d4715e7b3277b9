#include "milan/image/preprocess.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "milan/base/error.h"
#include "milan/image/channels.h"
#include "milan/image/preprocess_problem.h"
#include "milan/image/resample.h"

namespace milan {
namespace {

constexpr int kLargestSide = 16384;

bool IsSide(int size) { return 1 <= size && size <= kLargestSide; }

/// One side of a picture: its size after resizing and the part that the crop keeps. A crop that is
/// larger than the resized picture begins before it (negative `first`).
struct Side {
  int64_t resized = 0;
  int64_t first = 0;
  int count = 0;
};

Side CropSide(int64_t resized, int crop) {
  if (crop == 0) return {resized, 0, static_cast<int>(resized)};
  const int64_t surplus = resized - crop;
  // torchvision pads with the smaller half before, but crops at the half rounded to even.
  const int64_t first =
      surplus < 0 ? -(-surplus / 2)
                  : static_cast<int64_t>(std::nearbyint(static_cast<double>(surplus) / 2));
  return {resized, first, crop};
}

struct Geometry {
  Side horizontal;
  Side vertical;
};

Geometry GeometryOf(const Preprocessing& preprocessing, int width, int height) {
  int64_t resized_width = preprocessing.size[1];
  int64_t resized_height = preprocessing.size[0];
  if (const int64_t side = preprocessing.shorter_side; side > 0) {
    resized_width = width <= height ? side : side * width / height;
    resized_height = width <= height ? side * height / width : side;
  }
  return {CropSide(resized_width, preprocessing.crop[1]),
          CropSide(resized_height, preprocessing.crop[0])};
}

/// The part of a side that lies in the resized picture.
Side Visible(const Side& side) {
  const int64_t begin = std::max<int64_t>(side.first, 0);
  const int64_t end = std::min(side.first + side.count, side.resized);
  return {side.resized, begin, static_cast<int>(end - begin)};
}

ResampledAxis AxisOf(const Side& side, int size) {
  return {0, static_cast<double>(size), side.resized, side.first, side.count};
}

/// A black picture of that size with `image` at (left, top).
Image Pad(const Image& image, int left, int top, const Geometry& geometry) {
  Image result{geometry.horizontal.count, geometry.vertical.count, {}};
  const size_t stride = static_cast<size_t>(result.width) * 3;
  const size_t row_bytes = static_cast<size_t>(image.width) * 3;
  result.pixels.resize(stride * result.height);
  for (int y = 0; y < image.height; ++y)
    std::memcpy(&result.pixels[stride * (top + y) + static_cast<size_t>(left) * 3],
                &image.pixels[row_bytes * y], row_bytes);
  return result;
}

std::optional<std::string> SizeProblem(const Preprocessing& preprocessing) {
  const auto [crop_height, crop_width] = preprocessing.crop;
  const bool has_crop = crop_height != 0 || crop_width != 0;
  const std::string range = " must be between 1 and " + std::to_string(kLargestSide);
  if (has_crop && !(IsSide(crop_height) && IsSide(crop_width))) return "the crop's sides" + range;
  std::array<int, 2> resized = preprocessing.size;
  if (preprocessing.shorter_side != 0) {
    if (!IsSide(preprocessing.shorter_side)) return "the shorter side" + range;
    if (!has_crop)
      return "a resize by the shorter side needs a crop: the network's input has one size";
    resized = {preprocessing.shorter_side, preprocessing.shorter_side};
  } else if (!IsSide(resized[0]) || !IsSide(resized[1])) {
    return "the resized picture's sides" + range;
  }
  if (crop_height > resized[0] || crop_width > resized[1])
    return "the crop of " + std::to_string(crop_height) + " x " + std::to_string(crop_width) +
           " is larger than the resized picture";
  return std::nullopt;
}

std::optional<std::string> CountProblem(const std::vector<float>& values, const char* what,
                                        Channels channels) {
  const auto count = static_cast<size_t>(CountOf(channels));
  if (values.size() == 1 || values.size() == count) return std::nullopt;
  const std::string wanted = count == 1 ? "one number" : "one number or " + std::to_string(count);
  return std::string(what) + " must be " + wanted + " for " + ToString(channels) + " input, not " +
         std::to_string(values.size());
}

}  // namespace

std::optional<std::string> PreprocessingProblem(const Preprocessing& preprocessing) {
  if (auto problem = SizeProblem(preprocessing)) return problem;
  if (auto problem = CountProblem(preprocessing.mean, "the means", preprocessing.channels))
    return problem;
  if (auto problem = CountProblem(preprocessing.std, "the stds", preprocessing.channels))
    return problem;
  if (!std::isfinite(preprocessing.scale) || preprocessing.scale == 0)
    return "the scale must be a number other than 0";
  for (const float mean : preprocessing.mean) {
    if (!std::isfinite(mean)) return "the means must be finite numbers";
  }
  for (const float std : preprocessing.std) {
    if (!std::isfinite(std) || std == 0) return "the stds must be numbers other than 0";
  }
  return std::nullopt;
}

void Validate(const Preprocessing& preprocessing) {
  if (const auto problem = PreprocessingProblem(preprocessing))
    throw UsageError("preprocessing: " + *problem);
}

Box ViewBox(const Preprocessing& preprocessing, int width, int height) {
  const Geometry geometry = GeometryOf(preprocessing, width, height);
  const Side horizontal = Visible(geometry.horizontal);
  const Side vertical = Visible(geometry.vertical);
  // Divided last: the end of the resized picture is then the photo's, to the last bit.
  const auto in_photo = [](int64_t position, int size, int64_t resized) {
    return static_cast<double>(position * size) / static_cast<double>(resized);
  };
  return {in_photo(horizontal.first, width, horizontal.resized),
          in_photo(vertical.first, height, vertical.resized),
          in_photo(horizontal.first + horizontal.count, width, horizontal.resized),
          in_photo(vertical.first + vertical.count, height, vertical.resized)};
}

Image Picture(const Preprocessing& preprocessing, const Image& photo) {
  MILAN_CHECK(photo.width >= 1 && photo.height >= 1, "a picture of an empty photo");
  if (preprocessing.channels == Channels::kGrey) {
    Preprocessing of_grey = preprocessing;
    of_grey.channels = Channels::kRgb;
    return Picture(of_grey, ToGrey(photo));
  }
  const Geometry geometry = GeometryOf(preprocessing, photo.width, photo.height);
  const Side horizontal = Visible(geometry.horizontal);
  const Side vertical = Visible(geometry.vertical);
  Image visible = Resample(photo, AxisOf(horizontal, photo.width), AxisOf(vertical, photo.height));
  if (visible.width == geometry.horizontal.count && visible.height == geometry.vertical.count)
    return visible;
  return Pad(visible, static_cast<int>(horizontal.first - geometry.horizontal.first),
             static_cast<int>(vertical.first - geometry.vertical.first), geometry);
}

}  // namespace milan
