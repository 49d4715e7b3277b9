#include "milan/evaluate/word_vectors.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/npy.h"
#include "milan/evaluate/content_words.h"

namespace milan {
namespace {

std::vector<std::string> ReadLines(const Path& path) {
  const std::string text = ReadFile(path);
  std::vector<std::string> lines;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    std::string line = text.substr(start, end - start);
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
    start = end + 1;
  }
  return lines;
}

/// Subtracts the mean of all rows, then scales each to length 1 (a zero row stays zero).
void CenterAndNormalize(std::span<float> values, size_t size) {
  if (values.empty()) return;
  const size_t rows = values.size() / size;
  std::vector<double> mean(size, 0);
  for (size_t i = 0; i < values.size(); ++i) mean[i % size] += values[i];
  for (double& value : mean) value /= static_cast<double>(rows);
  for (size_t row = 0; row < rows; ++row) {
    const std::span<float> vector = values.subspan(row * size, size);
    double square = 0;
    for (size_t i = 0; i < size; ++i) {
      vector[i] -= static_cast<float>(mean[i]);
      square += static_cast<double>(vector[i]) * vector[i];
    }
    if (square == 0) continue;
    for (float& value : vector) value = static_cast<float>(value / std::sqrt(square));
  }
}

}  // namespace

WordVectors WordVectors::Read(const Path& words, const Path& vectors) {
  const std::vector<std::string> lines = ReadLines(words);
  const NpyArray array = ReadNpy(vectors);
  const bool fits = array.shape.size() == 2 && array.shape[1] > 0 &&
                    array.shape[0] == static_cast<int64_t>(lines.size());
  if (!fits) {
    throw InputError(vectors.string() + ": has shape " + ToString(array.shape) + ", but " +
                     words.string() + " has " + std::to_string(lines.size()) +
                     " words; expected one row per word");
  }
  Array values{array.shape, array.AsFloats()};
  for (const float value : values.values) {
    if (!std::isfinite(value))
      throw InputError(vectors.string() + ": has values that are not finite");
  }
  return {lines, std::move(values)};
}

WordVectors::WordVectors(const std::vector<std::string>& words, Array vectors)
    : vectors_(std::move(vectors)) {
  MILAN_CHECK(vectors_.shape.size() == 2 && vectors_.shape[1] > 0 &&
                  vectors_.shape[0] == static_cast<int64_t>(words.size()),
              "word vectors of shape " + ToString(vectors_.shape));
  CenterAndNormalize(vectors_.values, static_cast<size_t>(vectors_.shape[1]));
  for (size_t row = 0; row < words.size(); ++row) rows_.try_emplace(words[row], row);
}

std::span<const float> WordVectors::Find(const std::string& word) const {
  auto found = rows_.find(word);
  if (found == rows_.end()) found = rows_.find(Singular(word));
  if (found == rows_.end()) return {};
  const auto size = static_cast<size_t>(vectors_.shape[1]);
  return std::span(vectors_.values).subspan(found->second * size, size);
}

}  // namespace milan
