#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "milan/base/random.h"

namespace milan {

/// How the values of a generator's input are drawn.
struct Distribution {
  enum class Kind {
    kNormal,     ///< normal, normal(MEAN,STD)
    kUniform,    ///< uniform(LOW,HIGH)
    kTruncated,  ///< truncated(LIMIT): standard normal, drawn anew where beyond +-LIMIT
    kOneHot,     ///< one-hot: one element is 1, the others 0
    kClass       ///< class(COUNT): every element is a class's number 0..COUNT-1
  };
  Kind kind = Kind::kNormal;
  double a = 0;  ///< MEAN, LOW, LIMIT or COUNT
  double b = 1;  ///< STD, HIGH

  friend bool operator==(const Distribution&, const Distribution&) = default;
};

std::string ToString(const Distribution& distribution);  ///< "uniform(-1,1)"
/// Throws kUsage naming the known ones: also "uniform" for -1..1 and "truncated" for a limit of 2.
Distribution ParseDistribution(std::string_view text);

/// Draws all values. The same numbers everywhere for the same generator.
void Draw(const Distribution& distribution, Random& random, std::span<float> values);

}  // namespace milan
