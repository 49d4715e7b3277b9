#include "milan/text/vocabulary.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "milan/base/error.h"
#include "milan/text/tokenizer.h"

namespace milan {

Vocabulary Vocabulary::Build(const std::vector<std::string>& texts, int min_count) {
  std::vector<std::pair<std::string, int>> counts;  // in order of first appearance
  std::unordered_map<std::string, size_t> places;
  for (const std::string& text : texts) {
    for (std::string& token : Tokenize(text)) {
      const auto [place, is_new] = places.try_emplace(token, counts.size());
      if (is_new) counts.emplace_back(std::move(token), 0);
      ++counts[place->second].second;
    }
  }
  std::stable_sort(counts.begin(), counts.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> words;
  for (auto& [word, count] : counts) {
    if (count >= min_count) words.push_back(std::move(word));
  }
  return Vocabulary(std::move(words));
}

Vocabulary Vocabulary::FromTokens(std::vector<std::string> words) {
  return Vocabulary(std::move(words));
}

Vocabulary::Vocabulary(std::vector<std::string> words) : words_(std::move(words)) {
  ids_.reserve(words_.size());
  for (size_t id = 0; id < words_.size(); ++id) {
    if (words_[id].empty()) {
      throw InputError("vocabulary: word " + std::to_string(id) + " is empty");
    }
    if (!ids_.try_emplace(words_[id], static_cast<int>(id)).second) {
      throw InputError("vocabulary: the word '" + words_[id] + "' occurs twice");
    }
  }
}

std::vector<int> Vocabulary::Encode(std::string_view text) const {
  std::vector<int> ids;
  for (const std::string& token : Tokenize(text)) {
    const auto found = ids_.find(token);
    ids.push_back(found == ids_.end() ? unknown() : found->second);
  }
  return ids;
}

std::vector<std::string> Vocabulary::Words(std::span<const int> ids) const {
  std::vector<std::string> words;
  for (const int id : ids) {
    MILAN_CHECK(id >= 0 && id < size(), "id " + std::to_string(id) + " is not in the vocabulary");
    if (id == stop()) break;
    if (id < WordCount()) words.push_back(words_[static_cast<size_t>(id)]);
  }
  return words;
}

std::string Vocabulary::Decode(std::span<const int> ids) const { return Detokenize(Words(ids)); }

}  // namespace milan
