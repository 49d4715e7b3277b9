#include "milan/evaluate/bleu.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "milan/base/error.h"
#include "milan/text/tokenizer.h"

namespace milan {
namespace {

using NgramCounts = std::map<std::string, int64_t>;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsStop(char c) { return c == '.' || c == ','; }

/// ASCII punctuation that always stands alone: all but ' , - and the dot.
bool IsAlwaysSplit(char c) {
  static constexpr std::string_view kMarks = "{|}~[\\]^_`!\"#$%&()*+:;<=>?@/";
  return kMarks.find(c) != std::string_view::npos;
}

void ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// Replaces pairs of characters that `matches`, from left to right without overlap, by
/// `left` + first + `middle` + second + `right`.
template <typename Matches>
std::string SplitPairs(const std::string& text, Matches matches,
                       std::array<const char*, 3> around) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i + 1 < text.size() && matches(text[i], text[i + 1])) {
      result += around[0];
      result += text[i];
      result += around[1];
      result += text[i + 1];
      result += around[2];
      ++i;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string ResolveEntities(std::string_view text) {
  std::string line(text);
  ReplaceAll(line, "<skipped>", "");
  ReplaceAll(line, "-\n", "");
  ReplaceAll(line, "\n", " ");
  ReplaceAll(line, "&quot;", "\"");
  ReplaceAll(line, "&amp;", "&");
  ReplaceAll(line, "&lt;", "<");
  ReplaceAll(line, "&gt;", ">");
  return line;
}

std::vector<std::string> SplitAtSpaces(std::string_view text) {
  static constexpr std::string_view kSpaces = " \t\n\v\f\r";
  std::vector<std::string> words;
  for (size_t start = text.find_first_not_of(kSpaces); start != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kSpaces, start), text.size());
    words.emplace_back(text.substr(start, end - start));
    start = text.find_first_not_of(kSpaces, end);
  }
  return words;
}

/// n-grams of every order; the keys of different orders differ by their number of separators.
NgramCounts CountNgrams(const std::vector<std::string>& tokens) {
  NgramCounts counts;
  for (size_t first = 0; first < tokens.size(); ++first) {
    std::string ngram;
    for (size_t i = first; i < std::min(first + kBleuOrder, tokens.size()); ++i) {
      ngram += tokens[i];
      ngram += '\n';
      ++counts[ngram];
    }
  }
  return counts;
}

size_t OrderOf(const std::string& ngram) {
  return static_cast<size_t>(std::count(ngram.begin(), ngram.end(), '\n'));
}

}  // namespace

std::string CleanForBleu(std::string_view text) {
  const std::string lower = ToLower(text);
  const size_t first = lower.find_first_not_of(". ");
  if (first == std::string::npos) return {};
  return lower.substr(first, lower.find_last_not_of(". ") - first + 1);
}

std::vector<std::string> BleuTokens(std::string_view text) {
  std::string line;
  for (const char c : " " + ResolveEntities(text) + " ") {
    if (IsAlwaysSplit(c)) {
      line += {' ', c, ' '};
    } else {
      line += c;
    }
  }
  line = SplitPairs(line, [](char a, char b) { return !IsDigit(a) && IsStop(b); }, {"", " ", " "});
  line = SplitPairs(line, [](char a, char b) { return IsStop(a) && !IsDigit(b); }, {" ", " ", ""});
  line = SplitPairs(line, [](char a, char b) { return IsDigit(a) && b == '-'; }, {"", " ", " "});
  return SplitAtSpaces(line);
}

BleuCounts& BleuCounts::operator+=(const BleuCounts& other) {
  for (size_t order = 0; order < kBleuOrder; ++order) {
    matched[order] += other.matched[order];
    total[order] += other.total[order];
  }
  length += other.length;
  reference_length += other.reference_length;
  return *this;
}

BleuCounts CountBleu(std::string_view prediction, const std::vector<std::string>& references) {
  MILAN_CHECK(!references.empty(), "BLEU needs a reference for every text");
  const std::vector<std::string> tokens = BleuTokens(prediction);
  BleuCounts counts;
  counts.length = static_cast<int64_t>(tokens.size());
  counts.reference_length = -1;
  NgramCounts most;  // of each n-gram in any one reference
  for (const std::string& reference : references) {
    const std::vector<std::string> reference_tokens = BleuTokens(reference);
    const auto length = static_cast<int64_t>(reference_tokens.size());
    const int64_t distance = std::abs(length - counts.length);
    const int64_t closest = std::abs(counts.reference_length - counts.length);
    if (counts.reference_length < 0 || distance < closest ||
        (distance == closest && length < counts.reference_length)) {
      counts.reference_length = length;
    }
    for (const auto& [ngram, count] : CountNgrams(reference_tokens)) {
      most[ngram] = std::max(most[ngram], count);
    }
  }
  for (const auto& [ngram, count] : CountNgrams(tokens)) {
    const size_t order = OrderOf(ngram) - 1;
    counts.total[order] += count;
    const auto found = most.find(ngram);
    if (found != most.end()) counts.matched[order] += std::min(count, found->second);
  }
  return counts;
}

double Bleu(const BleuCounts& counts, bool effective_order) {
  if (counts.length == 0) return 0;
  double log_sum = 0;
  double smoothing = 1;
  size_t orders = 0;
  while (orders < kBleuOrder && counts.total[orders] > 0) {
    double matched = static_cast<double>(counts.matched[orders]);
    if (counts.matched[orders] == 0) {
      smoothing *= 2;
      matched = 1 / smoothing;
    }
    log_sum += std::log(matched / static_cast<double>(counts.total[orders]));
    ++orders;
  }
  if (orders < kBleuOrder && !effective_order) return 0;
  const double length_ratio =
      static_cast<double>(counts.reference_length) / static_cast<double>(counts.length);
  const double log_brevity_penalty = std::min(0.0, 1 - length_ratio);
  return 100 * std::exp(log_brevity_penalty + log_sum / static_cast<double>(orders));
}

double CorpusBleu(std::span<const std::string> predictions,
                  std::span<const std::vector<std::string>> references) {
  MILAN_CHECK(predictions.size() == references.size(), "a text without its list of references");
  BleuCounts counts;
  for (size_t i = 0; i < predictions.size(); ++i) {
    counts += CountBleu(predictions[i], references[i]);
  }
  return Bleu(counts);
}

double SentenceBleu(std::string_view prediction, const std::vector<std::string>& references) {
  return Bleu(CountBleu(prediction, references), /*effective_order=*/true);
}

}  // namespace milan
