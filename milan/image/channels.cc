// Which channels a network's input has, and how a picture's bytes become them.

#include "milan/image/channels.h"

#include <algorithm>
#include <cctype>
#include <numeric>

#include "milan/base/error.h"
#include "milan/base/printable.h"
#include "milan/image/preprocess.h"

namespace milan {
namespace {

constexpr std::array kAllChannels = {Channels::kRgb, Channels::kBgr, Channels::kGrey,
                                     Channels::kRgba, Channels::kBgra};

constexpr char kAlpha = 'A';
constexpr char kLuma = 'L';

/// One letter per channel.
std::string_view LettersOf(Channels channels) {
  switch (channels) {
    case Channels::kRgb:
      return "RGB";
    case Channels::kBgr:
      return "BGR";
    case Channels::kGrey:
      return "L";
    case Channels::kRgba:
      return "RGBA";
    case Channels::kBgra:
      return "BGRA";
  }
  return "";
}

std::string UpperCase(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return result;
}

float ValueOf(const std::vector<float>& values, size_t channel) {
  return values.size() == 1 ? values[0] : values[channel];
}

/// Pillow's luma: the weights are those of ITU-R 601-2 in 16 bits.
uint8_t Luma(const uint8_t* rgb) {
  return static_cast<uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

/// The byte of a channel, given by its letter, at a pixel.
uint8_t ByteOf(char letter, const uint8_t* rgb) {
  switch (letter) {
    case 'R':
      return rgb[0];
    case 'G':
      return rgb[1];
    case 'B':
      return rgb[2];
    case kLuma:
      return Luma(rgb);
    default:
      return 255;
  }
}

/// The numbers of `from`'s channels, put in the order of `to`'s; `alpha` for one that is new.
std::vector<float> Reorder(const std::vector<float>& values, Channels from, Channels to,
                           float alpha, const std::string& number) {
  if (values.size() == 1) return values;
  const std::string_view letters = LettersOf(from);
  std::vector<float> result;
  for (const char letter : LettersOf(to)) {
    const size_t place = letters.find(letter);
    if (place != std::string_view::npos && place < values.size()) {
      result.push_back(values[place]);
    } else if (letter == kAlpha) {
      result.push_back(alpha);
    } else {
      throw UsageError("channels " + ToString(to) + ": the preprocessing is for " + ToString(from) +
                       " input; say the " + number + " for these channels, too");
    }
  }
  return result;
}

}  // namespace

std::string ToString(Channels channels) {
  return channels == Channels::kGrey ? "GREY" : std::string(LettersOf(channels));
}

Channels ParseChannels(std::string_view text) {
  const std::string name = UpperCase(text);
  for (const Channels channels : kAllChannels) {
    if (name == ToString(channels)) return channels;
  }
  if (name == "GRAY") return Channels::kGrey;
  throw UsageError("channels '" + Printable(text) + "': expected RGB, BGR, GREY, RGBA or BGRA");
}

int CountOf(Channels channels) { return static_cast<int>(LettersOf(channels).size()); }

std::string ToString(PixelLayout layout) { return layout == PixelLayout::kNhwc ? "NHWC" : "NCHW"; }

PixelLayout ParsePixelLayout(std::string_view text) {
  const std::string name = UpperCase(text);
  if (name == "NCHW") return PixelLayout::kNchw;
  if (name == "NHWC") return PixelLayout::kNhwc;
  throw UsageError("layout '" + Printable(text) + "': expected NCHW or NHWC");
}

void SetImageNetStatistics(Channels channels, Preprocessing& preprocessing) {
  const Preprocessing usual;
  preprocessing.channels = channels;
  if (channels == Channels::kGrey) {
    const auto average = [](const std::vector<float>& v) { return (v[0] + v[1] + v[2]) / 3; };
    preprocessing.mean = {average(usual.mean)};
    preprocessing.std = {average(usual.std)};
    return;
  }
  preprocessing.mean = Reorder(usual.mean, Channels::kRgb, channels, 0, "mean");
  preprocessing.std = Reorder(usual.std, Channels::kRgb, channels, 1, "std");
}

void ChangeChannels(Channels channels, Preprocessing& preprocessing) {
  const Channels from = preprocessing.channels;
  preprocessing.mean = Reorder(preprocessing.mean, from, channels, 0, "mean");
  preprocessing.std = Reorder(preprocessing.std, from, channels, 1, "std");
  preprocessing.channels = channels;
}

Shape InputShape(const Preprocessing& preprocessing) {
  const int64_t count = CountOf(preprocessing.channels);
  const int64_t height = preprocessing.Height();
  const int64_t width = preprocessing.Width();
  if (preprocessing.layout == PixelLayout::kNhwc) return {1, height, width, count};
  return {1, count, height, width};
}

std::array<float, 256> NormalizedBytes(const Preprocessing& preprocessing, int channel) {
  const float mean = ValueOf(preprocessing.mean, static_cast<size_t>(channel));
  const float std = ValueOf(preprocessing.std, static_cast<size_t>(channel));
  std::array<float, 256> table;
  for (int byte = 0; byte < 256; ++byte)
    table[byte] = (static_cast<float>(byte) * preprocessing.scale - mean) / std;
  return table;
}

Image ToGrey(const Image& photo) {
  Image grey = photo;
  for (size_t i = 0; i + 2 < grey.pixels.size(); i += 3) {
    const uint8_t luma = Luma(&photo.pixels[i]);
    std::fill_n(&grey.pixels[i], 3, luma);
  }
  return grey;
}

void Normalize(const Preprocessing& preprocessing, const Image& picture, std::span<float> output) {
  const std::string_view letters = LettersOf(preprocessing.channels);
  const size_t plane = picture.pixels.size() / 3;
  MILAN_CHECK(output.size() == letters.size() * plane,
              "the network's input has another size than the picture");
  const bool is_nhwc = preprocessing.layout == PixelLayout::kNhwc;
  const size_t step = is_nhwc ? letters.size() : 1;
  for (size_t channel = 0; channel < letters.size(); ++channel) {
    const std::array<float, 256> table = NormalizedBytes(preprocessing, static_cast<int>(channel));
    float* values = output.data() + (is_nhwc ? channel : plane * channel);
    const char letter = letters[channel];
    for (size_t i = 0; i < plane; ++i) {
      values[i * step] = table[ByteOf(letter, &picture.pixels[3 * i])];
    }
  }
}

}  // namespace milan
