#include "milan/evaluate/meteor.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>

#include "milan/evaluate/porter_stemmer.h"
#include "milan/text/tokenizer.h"

namespace milan {
namespace {

using Words = std::vector<std::string>;

constexpr int kNone = -1;

Words WordsOf(std::string_view text) {
  Words words = Tokenize(text);
  std::erase_if(words, [](const std::string& word) {
    const auto first = static_cast<unsigned char>(word[0]);
    return first < 0x80 && std::isalnum(first) == 0;  // punctuation, 's
  });
  return words;
}

Words StemsOf(const Words& words) {
  Words stems;
  stems.reserve(words.size());
  for (const std::string& word : words) stems.push_back(PorterStem(word));
  return stems;
}

/// Which word of the reference each word of the prediction is matched with.
class Alignment {
 public:
  Alignment(size_t prediction, size_t reference)
      : partners_(prediction, kNone), is_taken_(reference, false) {}

  /// Matches what is still free and fits(i, j).
  template <typename Fits>
  void Match(const Fits& fits) {
    for (size_t i = 0; i < partners_.size(); ++i) {
      if (partners_[i] != kNone) continue;
      const int best = BestPartner(i, fits);
      if (best == kNone) continue;
      partners_[i] = best;
      is_taken_[static_cast<size_t>(best)] = true;
    }
  }

  size_t Matches() const {
    return partners_.size() -
           static_cast<size_t>(std::count(partners_.begin(), partners_.end(), kNone));
  }

  size_t Chunks() const {
    size_t chunks = 0;
    for (size_t i = 0; i < partners_.size(); ++i) {
      const bool goes_on =
          i > 0 && partners_[i - 1] != kNone && partners_[i - 1] + 1 == partners_[i];
      if (partners_[i] != kNone && !goes_on) ++chunks;
    }
    return chunks;
  }

 private:
  template <typename Fits>
  int BestPartner(size_t i, const Fits& fits) const {
    int best = kNone;
    int best_rank = -1;
    for (size_t j = 0; j < is_taken_.size(); ++j) {
      if (is_taken_[j] || !fits(i, j)) continue;
      const int place = static_cast<int>(j);
      const bool goes_on = i > 0 && partners_[i - 1] != kNone && partners_[i - 1] + 1 == place;
      const bool can_go_on = i + 1 < partners_.size() && j + 1 < is_taken_.size() &&
                             !is_taken_[j + 1] && fits(i + 1, j + 1);
      const int rank = (goes_on ? 2 : 0) + (can_go_on ? 1 : 0);
      if (rank <= best_rank) continue;
      best_rank = rank;
      best = place;
    }
    return best;
  }

  std::vector<int> partners_;
  std::vector<bool> is_taken_;
};

}  // namespace

double MeteorScorer::Score(std::string_view prediction,
                           const std::vector<std::string>& references) {
  const Words words = WordsOf(prediction);
  double best = 0;
  for (const std::string& reference : references) {
    best = std::max(best, ScoreAgainst(words, WordsOf(reference)));
  }
  return best;
}

double MeteorScorer::ScoreAgainst(const Words& prediction, const Words& reference) {
  Alignment alignment(prediction.size(), reference.size());
  alignment.Match([&](size_t i, size_t j) { return prediction[i] == reference[j]; });
  const Words stems = StemsOf(prediction);
  const Words reference_stems = StemsOf(reference);
  alignment.Match([&](size_t i, size_t j) { return stems[i] == reference_stems[j]; });
  alignment.Match([&](size_t i, size_t j) { return AreSynonyms(prediction[i], reference[j]); });
  const auto matches = static_cast<double>(alignment.Matches());
  if (matches == 0) return 0;
  const double precision = matches / static_cast<double>(prediction.size());
  const double recall = matches / static_cast<double>(reference.size());
  const double alpha = options_.recall_weight;
  const double mean = precision * recall / (alpha * precision + (1 - alpha) * recall);
  const double scatter = static_cast<double>(alignment.Chunks()) / matches;
  return mean * (1 - options_.penalty_weight * std::pow(scatter, options_.penalty_exponent));
}

bool MeteorScorer::AreSynonyms(const std::string& a, const std::string& b) {
  const auto [found, is_new] = synonyms_.try_emplace(
      std::pair<std::string, std::string>(std::min(a, b), std::max(a, b)), false);
  if (is_new) found->second = word_net_->AreSynonyms(a, b);
  return found->second;
}

}  // namespace milan
