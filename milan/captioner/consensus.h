#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

namespace milan {

/// The content words (evaluate/content_words.h) that each word of a vocabulary says.
class ContentWordTable {
 public:
  /// `words` in the order of their ids; ids after them say nothing.
  explicit ContentWordTable(const std::vector<std::string>& words);

  /// The different content words of a text, ascending, as numbers.
  std::vector<int> WordsOf(std::span<const int> tokens) const;
  /// Whether a text says a content word twice, as "cars and cars".
  bool SaysTwice(std::span<const int> tokens) const;
  /// The number of each of these content words, -1 for one that the vocabulary cannot say.
  std::vector<int> NumbersOf(const std::vector<std::string>& content_words) const;
  size_t size() const { return numbers_.size(); }  ///< Different content words.

 private:
  std::map<std::string, int> numbers_;
  std::vector<std::vector<int>> words_;  ///< Of each id.
};

/// F1 of two sets of content words, ascending: 0 when one is empty.
double Agreement(std::span<const int> a, std::span<const int> b);

/// The agreement that each text can expect with a text drawn from all of them: text i is drawn with
/// a probability proportional to exp(scores[i] / temperature). `texts` are content words; those
/// without any are drawn, too, and agree with none. (Minimum Bayes risk, decision record 0013.)
/// REQUIRES: as many scores as texts, temperature > 0.
std::vector<double> ExpectedAgreement(std::span<const std::vector<int>> texts,
                                      std::span<const double> scores, double temperature);

}  // namespace milan
