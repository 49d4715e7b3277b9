#include "milan/exemplar/activation_histogram.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "milan/exemplar/test_activations.h"

namespace milan {
namespace {

ActivationHistogram HistogramOf(std::span<const float> values) {
  ActivationHistogram histogram;
  histogram.Add(values);
  histogram.Flush();
  return histogram;
}

/// The guarantee of the header for the quantile `q`.
double Bound(std::vector<float> values, double q) {
  std::sort(values.begin(), values.end());
  const double largest = std::max(std::abs(values.front()), std::abs(values.back()));
  const auto place = static_cast<size_t>(
      std::clamp(q * static_cast<double>(values.size()) - 0.5, 0.0, values.size() - 1.0));
  const size_t next = std::min(place + 1, values.size() - 1);
  const double neighbour = std::max(std::abs(values[place]), std::abs(values[next]));
  return std::max(neighbour * 0x1p-8, largest * 0x1p-15);
}

TEST(ActivationHistogram, QuantilesAreWithinTheBound) {
  for (const size_t count : {2, 3, 10, 49, 2352, 100000}) {
    for (const float mean : {0.0F, -3.0F, 5.0F}) {
      for (const bool after_relu : {true, false}) {
        const auto values = RandomActivations(count, count, after_relu, mean);
        const ActivationHistogram histogram = HistogramOf(values);
        for (const double q : {0.0, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0}) {
          const double exact = ExactQuantile(values, q);
          EXPECT_NEAR(histogram.Quantile(q), exact, Bound(values, q))
              << count << " values around " << mean << ", quantile " << q;
        }
      }
    }
  }
}

TEST(ActivationHistogram, RanksAreWithinAHalfOfAThousandth) {
  for (const bool after_relu : {true, false}) {
    const auto values = RandomActivations(200000, 5, after_relu);
    const float threshold = HistogramOf(values).Quantile(0.99);
    EXPECT_LE(RankError(values, threshold, 0.99), 0.0005);
  }
}

TEST(ActivationHistogram, AValueThatMostHaveIsExact) {
  // A nearly dead channel: its bias where its input is zero, something near it or far elsewhere.
  for (const float bias : {0.7F, -0.7F, 3e-5F}) {
    std::vector<float> values(100000, bias);
    const auto others = RandomActivations(2000, 7, false, bias);
    const auto near = RandomActivations(2000, 8, false);
    for (size_t i = 0; i < others.size(); ++i) {
      values[50 * i + 10] = others[i];
      values[50 * i + 30] = bias * (1 + 1e-3F * near[i]);
    }
    const ActivationHistogram histogram = HistogramOf(values);
    for (const double q : {0.1, 0.5, 0.9}) EXPECT_EQ(histogram.Quantile(q), bias) << q;
  }
}

TEST(ActivationHistogram, PositionsAreHazens) {
  std::vector<float> values;  // those of Hazen's definition: 1..10 at .95 -> 10, at .9 -> 9.5
  for (int i = 1; i <= 10; ++i) values.push_back(static_cast<float>(i));
  const ActivationHistogram histogram = HistogramOf(values);
  EXPECT_EQ(histogram.Quantile(0.95), 10);
  EXPECT_NEAR(histogram.Quantile(0.9), 9.5, 9.5 / 256);
  EXPECT_EQ(histogram.Quantile(0.05), 1);
  EXPECT_EQ(histogram.Quantile(0), 1);
  EXPECT_EQ(histogram.Quantile(1), 10);
}

TEST(ActivationHistogram, OneValueIsExact) {
  EXPECT_EQ(HistogramOf(std::vector<float>(100, 0.1F)).Quantile(0.99), 0.1F);
  EXPECT_EQ(HistogramOf(std::vector<float>(100, -0.1F)).Quantile(0.01), -0.1F);
  EXPECT_EQ(HistogramOf(std::vector<float>{3.3F}).Quantile(0.5), 3.3F);
  const ActivationHistogram zeros = HistogramOf(std::vector<float>(100000, 0));
  EXPECT_EQ(zeros.Quantile(0.99), 0);
  EXPECT_EQ(zeros.zeros(), 100000U);
}

TEST(ActivationHistogram, WhatIsNotFiniteIsCountedApart) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float nan = std::nanf("");
  const ActivationHistogram histogram =
      HistogramOf(std::vector<float>{1, nan, 2, kInfinity, -kInfinity, 3, -nan, 0});
  EXPECT_EQ(histogram.count(), 4U);
  EXPECT_EQ(histogram.nans(), 2U);
  EXPECT_EQ(histogram.infinities(), 2U);
  EXPECT_EQ(histogram.minimum(), 0);
  EXPECT_EQ(histogram.maximum(), 3);
  EXPECT_EQ(HistogramOf(std::vector<float>{nan, nan}).count(), 0U);
  EXPECT_THROW(HistogramOf({}).Quantile(0.5), Error);
}

TEST(ActivationHistogram, ExtremeMagnitudesStayInRange) {
  const float tiny = std::numeric_limits<float>::denorm_min();
  const float huge = std::numeric_limits<float>::max();
  const ActivationHistogram histogram =
      HistogramOf(std::vector<float>{-huge, -1, -tiny, 0, tiny, 1e-20F, 1, huge});
  EXPECT_EQ(histogram.count(), 8U);
  EXPECT_EQ(histogram.minimum(), -huge);
  EXPECT_EQ(histogram.maximum(), huge);
  for (double q = 0; q < 1; q += 0.01)
    EXPECT_LE(histogram.Quantile(q), histogram.Quantile(q + .01));
  EXPECT_NEAR(HistogramOf(std::vector<float>(7, tiny)).Quantile(0.5), tiny, 0);
}

/// Values whose range grows while they are added, so that buckets move.
std::vector<float> GrowingValues() {
  auto values = RandomActivations(30000, 3, false);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] *= std::exp2(static_cast<float>(i) * 30 / static_cast<float>(values.size()) - 15);
  }
  return values;
}

TEST(ActivationHistogram, NeitherOrderNorDivisionShows) {
  const std::vector<float> values = GrowingValues();
  const ActivationHistogram whole = HistogramOf(values);
  std::vector<float> shuffled = values;
  Random random(9);
  random.Shuffle(shuffled);
  for (const size_t parts : {1, 2, 3, 100}) {
    std::vector<ActivationHistogram> workers(parts);
    for (size_t start = 0; start < shuffled.size(); start += 50) {
      workers[random.Below(parts)].Add(std::span(shuffled).subspan(start, 50));
    }
    ActivationHistogram merged;  // empty: merging into and from nothing must work too
    random.Shuffle(workers);
    for (const ActivationHistogram& worker : workers) merged.Merge(worker);
    merged.Merge(ActivationHistogram());
    merged.Flush();
    EXPECT_EQ(merged.count(), whole.count());
    for (double q = 0; q <= 1; q += 0.003) EXPECT_EQ(merged.Quantile(q), whole.Quantile(q)) << q;
  }
}

TEST(ActivationHistogram, CountsBeyond32BitsStayExact) {
  const auto values = RandomActivations(1000, 4, false);
  ActivationHistogram histogram = HistogramOf(values);
  for (int doubling = 0; doubling < 40; ++doubling) {
    const ActivationHistogram copy = histogram;
    histogram.Merge(copy);
  }
  EXPECT_EQ(histogram.count(), uint64_t{1000} << 40);
  histogram.Add(std::vector<float>(100, 1000.0F));  // moves all buckets
  histogram.Flush();
  for (const double q : {0.01, 0.25, 0.5, 0.75, 0.99}) {
    const double exact = ExactQuantile(values, q);
    EXPECT_LE(RankError(values, histogram.Quantile(q), q), 0.002) << exact;
  }
}

}  // namespace
}  // namespace milan
