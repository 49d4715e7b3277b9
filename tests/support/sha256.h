#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>

namespace milan {

/// SHA-256 (FIPS 180-4) as hexadecimal digits: parity files name pictures by it. For tests only.
class Sha256 {
 public:
  static std::string Of(std::span<const uint8_t> bytes) {
    Sha256 hash;
    std::string message(bytes.begin(), bytes.end());
    message.push_back('\x80');
    message.resize((message.size() + 8 + 63) / 64 * 64, '\0');
    const uint64_t bits = uint64_t{bytes.size()} * 8;
    for (size_t i = 0; i < 8; ++i)
      message[message.size() - 1 - i] = static_cast<char>(bits >> (8 * i));
    for (size_t i = 0; i < message.size(); i += 64) hash.AddBlock(message.data() + i);
    return hash.Hex();
  }

 private:
  Sha256() {
    size_t found = 0;
    for (uint32_t n = 2; found < 64; ++n) {
      bool prime = true;
      for (uint32_t d = 2; d * d <= n; ++d) prime = prime && n % d != 0;
      if (!prime) continue;
      if (found < 8) state_[found] = Fraction(std::sqrt(static_cast<long double>(n)));
      constants_[found++] = Fraction(std::cbrt(static_cast<long double>(n)));
    }
  }
  /// The first 32 bits of the fractional part: how the standard defines its constants.
  static uint32_t Fraction(long double value) {
    return static_cast<uint32_t>((value - std::floor(value)) * 4294967296.0L);
  }

  void AddBlock(const char* block) {
    std::array<uint32_t, 64> w{};
    for (size_t i = 0; i < 64; ++i)
      w[i / 4 % 16] = w[i / 4 % 16] << 8 | static_cast<uint8_t>(block[i]);
    for (size_t i = 16; i < 64; ++i) {
      const uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
      const uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (size_t i = 0; i < 64; ++i) {
      const uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + constants_[i] + w[i];
      const uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const std::array<uint32_t, 8> sum = {a, b, c, d, e, f, g, h};
    for (size_t i = 0; i < 8; ++i) state_[i] += sum[i];
  }

  std::string Hex() const {
    std::string text;
    for (const uint32_t word : state_) {
      for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[word >> shift & 15];
    }
    return text;
  }

  std::array<uint32_t, 8> state_{};
  std::array<uint32_t, 64> constants_{};
};

}  // namespace milan
