#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace milan {

/// The merging t-digest of Dunning and Ertl, "Computing extremely accurate quantiles using
/// t-digests" (2019), with the scale function k1. Only for the comparison of docs/decisions/0008.
class TDigest {
 public:
  explicit TDigest(double compression);

  void Add(std::span<const float> values);
  void Merge(const TDigest& other);
  void Flush();  ///< Puts what waits into the centroids; the others below REQUIRE it.
  float Quantile(double q) const;

  size_t MemoryBytes() const;
  std::string State() const;  ///< What would be written to a file.

 private:
  struct Centroid {
    double mean = 0;
    double weight = 0;
  };
  double LargestQuantile(double q) const;
  void Absorb(std::vector<Centroid> added);

  double compression_;
  std::vector<Centroid> centroids_;
  size_t most_waiting_;
  std::vector<float> waiting_;
  float minimum_;
  float maximum_;
};

}  // namespace milan
