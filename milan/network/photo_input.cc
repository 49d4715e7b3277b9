#include "milan/network/photo_input.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "milan/base/error.h"
#include "milan/network/graph.h"

namespace milan {
namespace {

constexpr const char* kSayConstant =
    "give the others a value with --constant NAME=VALUE or NAME=FILE.npy, or in the sidecar's "
    "\"constants\"";

bool IsChannelCount(int64_t size) { return size == 1 || size == 3 || size == 4; }
bool MayBeChannels(int64_t size) { return size < 0 || IsChannelCount(size); }
bool MayBeSide(int64_t size) { return size < 0 || size > 1; }

bool FitsNchw(const Shape& s) {
  return s.size() == 4 && MayBeChannels(s[1]) && MayBeSide(s[2]) && MayBeSide(s[3]);
}
bool FitsNhwc(const Shape& s) {
  return s.size() == 4 && MayBeChannels(s[3]) && MayBeSide(s[1]) && MayBeSide(s[2]);
}

std::string OpenShape(const Shape& shape) {
  std::vector<std::string> sizes;
  for (const int64_t size : shape) sizes.push_back(size < 0 ? "?" : std::to_string(size));
  return fmt::format("[{}]", fmt::join(sizes, ", "));
}

std::string NamesOf(const std::vector<NetworkValue>& inputs) {
  std::vector<std::string> names;
  for (const NetworkValue& input : inputs) names.push_back(Quoted(input.name));
  return fmt::format("{}", fmt::join(names, ", "));
}

NetworkValue NamedInput(const Network& network, const std::vector<NetworkValue>& inputs,
                        const std::string& name) {
  const auto found = std::find_if(inputs.begin(), inputs.end(),
                                  [&](const NetworkValue& input) { return input.name == name; });
  if (found != inputs.end()) return *found;
  throw InputError(fmt::format("{}: has no input {} for photos; its inputs are {}", network.name(),
                               Quoted(name), NamesOf(inputs)));
}

/// The only input that can take photos, or the only one at all, about which more is then said.
NetworkValue OnlyCandidate(const Network& network, const std::vector<NetworkValue>& inputs) {
  if (inputs.size() == 1) return inputs[0];
  std::vector<NetworkValue> candidates;
  std::copy_if(inputs.begin(), inputs.end(), std::back_inserter(candidates), MayBePhoto);
  // No sizes may also mean a single number: what states four is more likely the photo.
  const auto states_sizes = [](const NetworkValue& input) { return !input.shape.empty(); };
  if (std::any_of(candidates.begin(), candidates.end(), states_sizes)) {
    std::erase_if(candidates, [&](const NetworkValue& input) { return !states_sizes(input); });
  }
  if (candidates.size() == 1) return candidates[0];
  if (candidates.empty()) {
    throw InputError(
        fmt::format("{}: none of its inputs {} has the shape of an image [N, 3, "
                    "height, width]",
                    network.name(), NamesOf(inputs)));
  }
  throw InputError(fmt::format("{}: several of its inputs could take the photo ({}); {}",
                               network.name(), NamesOf(candidates), kSayConstant));
}

void RequireConstants(const Network& network, std::vector<NetworkValue> inputs,
                      const std::string& photo) {
  std::erase_if(inputs, [&](const NetworkValue& input) { return input.name == photo; });
  if (inputs.empty()) return;
  std::vector<std::string> waiting;
  for (const NetworkValue& input : inputs) {
    waiting.push_back(
        fmt::format("{} ({}, {})", Quoted(input.name), input.type, OpenShape(input.shape)));
  }
  throw InputError(fmt::format("{}: has {} inputs; {} takes the photo, but {} has no value; {}",
                               network.name(), inputs.size() + 1, Quoted(photo),
                               fmt::join(waiting, ", "), kSayConstant));
}

Error NotAnImage(const Network& network, const NetworkValue& input) {
  return InputError(
      fmt::format("{}: input {} has shape {}, not that of an image [N, 3, height, width] or [N, "
                  "height, width, 3] (1, 3 or 4 channels, -1 is an open size); is it a generator's "
                  "latent (--latents)?",
                  network.name(), Quoted(input.name), ToString(input.shape)));
}

/// Both readings of a shape are possible: a size of 1, 3 or 4 that the file states is evidence.
bool IsChannelsLast(const Network& network, const NetworkValue& input,
                    const PhotoInputHints& hints) {
  const Shape& shape = input.shape;
  if (hints.is_channels_last) {
    const bool fits = *hints.is_channels_last ? FitsNhwc(shape) : FitsNchw(shape);
    if (!shape.empty() && !fits) {
      throw InputError(fmt::format("{}: input {} has shape {}, which is not {}", network.name(),
                                   Quoted(input.name), ToString(shape),
                                   *hints.is_channels_last ? "NHWC" : "NCHW"));
    }
    return *hints.is_channels_last;
  }
  if (shape.empty()) return false;
  const bool first = FitsNchw(shape);
  const bool last = FitsNhwc(shape);
  if (first != last) return last;
  const auto is_evidence = [&](int64_t size) {
    return hints.channels ? size == *hints.channels : IsChannelCount(size);
  };
  if (is_evidence(shape[1]) != is_evidence(shape[3])) return is_evidence(shape[3]);
  if (!IsChannelCount(shape[1])) return false;
  throw InputError(fmt::format(
      "{}: input {} has shape {}: its channels may be the second or the last size; say --layout "
      "NCHW or NHWC (the sidecar's \"layout\")",
      network.name(), Quoted(input.name), ToString(shape)));
}

}  // namespace

Shape PhotoInput::ShapeOf(int64_t photo_height, int64_t photo_width) const {
  if (is_channels_last) return {1, photo_height, photo_width, channels};
  return {1, channels, photo_height, photo_width};
}

bool MayBePhoto(const NetworkValue& input) {
  const bool has_numbers = IsFloatingPoint(input.type) || RangeOf(input.type).has_value();
  return has_numbers && (input.shape.empty() || FitsNchw(input.shape) || FitsNhwc(input.shape));
}

PhotoInput FindPhotoInput(const Network& network, const PhotoInputHints& hints) {
  const std::vector<NetworkValue> inputs = network.Inputs();
  if (inputs.empty()) {
    throw InputError(network.name() + ": has no input that takes a photo");
  }
  const NetworkValue input =
      hints.name.empty() ? OnlyCandidate(network, inputs) : NamedInput(network, inputs, hints.name);
  if (!MayBePhoto(input)) throw NotAnImage(network, input);
  RequireConstants(network, inputs, input.name);
  PhotoInput photo;
  photo.name = input.name;
  photo.type = input.type;
  photo.is_channels_last = IsChannelsLast(network, input, hints);
  photo.channels = hints.channels.value_or(3);
  if (input.shape.empty()) return photo;
  const size_t channels = photo.is_channels_last ? 3 : 1;
  const size_t height = photo.is_channels_last ? 1 : 2;
  if (input.shape[channels] >= 0) photo.channels = input.shape[channels];
  photo.batch = input.shape[0];
  photo.height = input.shape[height];
  photo.width = input.shape[height + 1];
  return photo;
}

void CheckPhotoShape(const Network& network, const PhotoInput& input, const Shape& photo) {
  MILAN_CHECK(photo.size() == 4, "a photo's input has four sizes");
  const auto [height, width] =
      input.is_channels_last ? std::pair(photo[1], photo[2]) : std::pair(photo[2], photo[3]);
  const auto fits = [](int64_t given, int64_t wanted) { return wanted < 0 || given == wanted; };
  if (photo == input.ShapeOf(height, width) && fits(height, input.height) &&
      fits(width, input.width)) {
    return;
  }
  throw InputError(fmt::format(
      "{}: input {} takes photos of shape {}, but the preprocessing makes them {}; set --layout, "
      "--channels, --resize and --crop, or the sidecar's members",
      network.name(), Quoted(input.name), OpenShape(input.ShapeOf(input.height, input.width)),
      ToString(photo)));
}

std::optional<IntegerRange> RangeOf(const std::string& type) {
  if (type == "bool") return IntegerRange{0, 1};
  if (type == "uint8") return IntegerRange{0, 255};
  if (type == "int8") return IntegerRange{-128, 127};
  if (type == "uint16") return IntegerRange{0, 65535};
  if (type == "int16") return IntegerRange{-32768, 32767};
  if (type == "uint32") return IntegerRange{0, 4294967295.0};
  if (type == "int32") return IntegerRange{-2147483648.0, 2147483647.0};
  // Whole numbers beyond are not all exact in a double, and nobody counts so far.
  if (type == "uint64") return IntegerRange{0, 0x1.0p53};
  if (type == "int64") return IntegerRange{-0x1.0p53, 0x1.0p53};
  return std::nullopt;
}

}  // namespace milan
