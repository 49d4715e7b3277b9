#include "milan/exemplar/distribution.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "milan/base/error.h"

namespace milan {
namespace {

using Kind = Distribution::Kind;

Error Unknown(std::string_view text) {
  return UsageError(fmt::format(
      "distribution '{}': expected normal, normal(MEAN,STD), uniform(LOW,HIGH), truncated(LIMIT), "
      "one-hot or class(COUNT)",
      text));
}

struct Call {
  std::string name;
  std::vector<double> numbers;
};

/// "name(1,2)", spaces ignored.
Call ParseCall(std::string_view text) {
  std::string dense;
  std::copy_if(text.begin(), text.end(), std::back_inserter(dense),
               [](char c) { return c != ' '; });
  const size_t open = dense.find('(');
  if (open == std::string::npos) return {dense, {}};
  if (!dense.ends_with(')')) throw Unknown(text);
  Call call{dense.substr(0, open), {}};
  const char* position = dense.data() + open + 1;
  const char* end = dense.data() + dense.size() - 1;
  while (position < end) {
    double number = 0;
    const auto [next, error] = std::from_chars(position, end, number);
    if (error != std::errc() || (next != end && *next != ',') || !std::isfinite(number)) {
      throw Unknown(text);
    }
    call.numbers.push_back(number);
    position = next + 1;
  }
  return call;
}

std::optional<Distribution> Of(const Call& call) {
  const auto& n = call.numbers;
  if (call.name == "normal" && n.empty()) return Distribution{Kind::kNormal, 0, 1};
  if (call.name == "normal" && n.size() == 2 && n[1] > 0)
    return Distribution{Kind::kNormal, n[0], n[1]};
  if (call.name == "uniform" && n.empty()) return Distribution{Kind::kUniform, -1, 1};
  if (call.name == "uniform" && n.size() == 2 && n[0] < n[1]) {
    return Distribution{Kind::kUniform, n[0], n[1]};
  }
  // Below a tenth of a standard deviation nearly every number would be drawn anew.
  if (call.name == "truncated" && n.empty()) return Distribution{Kind::kTruncated, 2, 0};
  if (call.name == "truncated" && n.size() == 1 && n[0] >= 0.1) {
    return Distribution{Kind::kTruncated, n[0], 0};
  }
  if (call.name == "one-hot" && n.empty()) return Distribution{Kind::kOneHot, 0, 0};
  constexpr double kMostClasses = 1 << 24;  // what a float counts exactly
  if (call.name == "class" && n.size() == 1 && n[0] == std::floor(n[0]) && n[0] >= 1 &&
      n[0] <= kMostClasses) {
    return Distribution{Kind::kClass, n[0], 0};
  }
  return std::nullopt;
}

/// Standard normal by Marsaglia's polar method. Its second number is not used: a number then
/// depends on those before it only through the generator.
double Normal(Random& random) {
  while (true) {
    const double x = 2 * random.Uniform() - 1;
    const double y = 2 * random.Uniform() - 1;
    const double square = x * x + y * y;
    if (square > 0 && square < 1) return x * std::sqrt(-2 * std::log(square) / square);
  }
}

double TruncatedNormal(double limit, Random& random) {
  while (true) {
    const double value = Normal(random);
    if (std::abs(value) <= limit) return value;
  }
}

double DrawOne(const Distribution& distribution, Random& random) {
  switch (distribution.kind) {
    case Kind::kNormal:
      return distribution.a + distribution.b * Normal(random);
    case Kind::kUniform:
      return distribution.a + (distribution.b - distribution.a) * random.Uniform();
    case Kind::kTruncated:
      return TruncatedNormal(distribution.a, random);
    case Kind::kClass:
      return static_cast<double>(random.Below(static_cast<uint64_t>(distribution.a)));
    case Kind::kOneHot:
      break;
  }
  return 0;
}

}  // namespace

std::string ToString(const Distribution& distribution) {
  switch (distribution.kind) {
    case Kind::kNormal:
      if (distribution.a == 0 && distribution.b == 1) return "normal";
      return fmt::format("normal({},{})", distribution.a, distribution.b);
    case Kind::kUniform:
      return fmt::format("uniform({},{})", distribution.a, distribution.b);
    case Kind::kTruncated:
      return fmt::format("truncated({})", distribution.a);
    case Kind::kClass:
      return fmt::format("class({})", distribution.a);
    case Kind::kOneHot:
      break;
  }
  return "one-hot";
}

Distribution ParseDistribution(std::string_view text) {
  const auto distribution = Of(ParseCall(text));
  if (!distribution) throw Unknown(text);
  return *distribution;
}

void Draw(const Distribution& distribution, Random& random, std::span<float> values) {
  for (float& value : values) value = static_cast<float>(DrawOne(distribution, random));
  if (distribution.kind == Kind::kOneHot && !values.empty())
    values[random.Below(values.size())] = 1;
}

}  // namespace milan
