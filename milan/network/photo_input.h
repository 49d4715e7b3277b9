#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "milan/base/array.h"
#include "milan/network/network.h"

namespace milan {

/// What somebody who knows the network says of its inputs; what is not set is found from the file.
struct PhotoInputHints {
  std::string name;  ///< Of the input that takes the photo; empty: the only one that can.
  std::optional<bool> is_channels_last;
  std::optional<int64_t> channels;
};

/// The input through which a network sees photos. Sizes that the file leaves open are -1.
struct PhotoInput {
  std::string name;
  std::string type;               ///< "float32", "uint8", ...
  bool is_channels_last = false;  ///< [N, H, W, C], as TensorFlow exports, instead of [N, C, H, W].
  int64_t channels = 3;           ///< 1 (grey), 3 or 4 (with alpha).
  int64_t batch = -1;
  int64_t height = -1;
  int64_t width = -1;

  /// Of one photo, whatever the batch.
  Shape ShapeOf(int64_t photo_height, int64_t photo_width) const;
};

/// Whether an input of this shape and type can take photos: four sizes of which the second or the
/// last is 1, 3, 4 or open. An input whose shape the file does not tell can.
bool MayBePhoto(const NetworkValue& input);

/// The input that takes the photo; every other one must have been given as a constant
/// (constant_inputs.h). Where everything is open, [N, 3, H, W] is meant. Throws kInput that says
/// what is not clear and which option tells: no such input, several, others that have no value, a
/// shape that can be read both ways.
PhotoInput FindPhotoInput(const Network& network, const PhotoInputHints& hints = {});

/// Throws kInput unless a photo of these channels and this arrangement is what the input takes.
void CheckPhotoShape(const Network& network, const PhotoInput& input, const Shape& photo);

/// Smallest and largest whole number that an input of an integer type takes; nothing for
/// floating-point types.
struct IntegerRange {
  double lowest = 0;
  double highest = 0;
};
std::optional<IntegerRange> RangeOf(const std::string& type);

}  // namespace milan
