#include "milan/evaluate/word_net.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <span>
#include <string_view>

#include "milan/base/error.h"

namespace milan {
namespace {

constexpr std::array<const char*, 4> kPartNames = {"noun", "verb", "adj", "adv"};

struct Detachment {
  std::string_view suffix;
  std::string_view ending;
};

/// WordNet's rules for base forms (its manual, morphy(7WN)), by part of speech.
std::span<const Detachment> DetachmentsOf(size_t part) {
  static constexpr Detachment kNoun[] = {{"s", ""},      {"ses", "s"},   {"ves", "f"},
                                         {"xes", "x"},   {"zes", "z"},   {"ches", "ch"},
                                         {"shes", "sh"}, {"men", "man"}, {"ies", "y"}};
  static constexpr Detachment kVerb[] = {{"s", ""},   {"ies", "y"}, {"es", "e"},  {"es", ""},
                                         {"ed", "e"}, {"ed", ""},   {"ing", "e"}, {"ing", ""}};
  static constexpr Detachment kAdjective[] = {{"er", ""}, {"est", ""}, {"er", "e"}, {"est", "e"}};
  switch (part) {
    case 0:
      return kNoun;
    case 1:
      return kVerb;
    case 2:
      return kAdjective;
    default:
      return {};
  }
}

[[noreturn]] void FailAt(const Path& path, size_t line) {
  throw InputError(path.string() + ": line " + std::to_string(line) +
                   " is no entry of a WordNet index; is this the dict folder of WordNet 3.x?");
}

std::vector<std::string_view> SplitAtSpaces(std::string_view line) {
  std::vector<std::string_view> fields;
  for (size_t start = line.find_first_not_of(' '); start != std::string_view::npos;) {
    const size_t end = std::min(line.find(' ', start), line.size());
    fields.push_back(line.substr(start, end - start));
    start = line.find_first_not_of(' ', end);
  }
  return fields;
}

template <typename Use>
void ForEachLine(const std::string& text, const Use& use) {
  size_t number = 0;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    std::string_view line(text.data() + start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    use(line, ++number);
    start = end + 1;
  }
}

/// A number of at most nine digits, or -1.
int64_t NumberIn(std::string_view field) {
  int64_t number = -1;
  if (field.empty() || field.size() > 9) return -1;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  const bool whole = error == std::errc() && end == field.data() + field.size();
  return whole && number >= 0 ? number : -1;
}

/// Line of an index: lemma, part of speech, number of sets, ..., and last as many offsets of sets.
std::vector<int64_t> OffsetsIn(const std::vector<std::string_view>& fields) {
  if (fields.size() < 4) return {};
  const int64_t count = NumberIn(fields[2]);
  if (count <= 0 || static_cast<size_t>(count) + 4 > fields.size()) return {};
  std::vector<int64_t> offsets;
  for (size_t i = fields.size() - static_cast<size_t>(count); i < fields.size(); ++i) {
    offsets.push_back(NumberIn(fields[i]));
    if (offsets.back() < 0) return {};
  }
  return offsets;
}

}  // namespace

WordNet WordNet::Read(const Path& folder) {
  WordNet net;
  const auto parts = static_cast<int64_t>(kPartNames.size());
  for (size_t part = 0; part < kPartNames.size(); ++part) {
    Part& entries = net.parts_[part];
    const Path index = folder / (std::string("index.") + kPartNames[part]);
    ForEachLine(ReadFile(index), [&](std::string_view line, size_t number) {
      if (line.empty() || line.front() == ' ') return;  // the licence above the entries
      const std::vector<std::string_view> fields = SplitAtSpaces(line);
      std::vector<int64_t> offsets = OffsetsIn(fields);
      if (offsets.empty()) FailAt(index, number);
      // An offset is unique within its part of speech only.
      for (int64_t& offset : offsets) offset = offset * parts + static_cast<int64_t>(part);
      entries.synsets.insert_or_assign(std::string(fields[0]), std::move(offsets));
    });
    const Path exceptions = folder / (std::string(kPartNames[part]) + ".exc");
    ForEachLine(ReadFile(exceptions), [&](std::string_view line, size_t number) {
      const std::vector<std::string_view> fields = SplitAtSpaces(line);
      if (fields.empty()) return;
      if (fields.size() < 2) FailAt(exceptions, number);
      std::vector<std::string>& forms = entries.exceptions[std::string(fields[0])];
      forms.insert(forms.end(), fields.begin() + 1, fields.end());
    });
  }
  return net;
}

void WordNet::AppendSynsets(size_t part, const std::string& word,
                            std::vector<int64_t>& synsets) const {
  const Part& entries = parts_[part];
  const auto append = [&](const std::string& lemma) {
    const auto found = entries.synsets.find(lemma);
    if (found == entries.synsets.end()) return;
    synsets.insert(synsets.end(), found->second.begin(), found->second.end());
  };
  append(word);
  if (const auto found = entries.exceptions.find(word); found != entries.exceptions.end()) {
    for (const std::string& lemma : found->second) append(lemma);
    return;
  }
  for (const Detachment& rule : DetachmentsOf(part)) {
    if (!word.ends_with(rule.suffix)) continue;
    append(word.substr(0, word.size() - rule.suffix.size()) + std::string(rule.ending));
  }
}

std::vector<int64_t> WordNet::Synsets(const std::string& word) const {
  std::vector<int64_t> synsets;
  for (size_t part = 0; part < parts_.size(); ++part) AppendSynsets(part, word, synsets);
  std::sort(synsets.begin(), synsets.end());
  synsets.erase(std::unique(synsets.begin(), synsets.end()), synsets.end());
  return synsets;
}

std::vector<int64_t> WordNet::Senses(size_t part, const std::string& word) const {
  std::vector<int64_t> senses;
  AppendSynsets(part, word, senses);
  return senses;
}

bool WordNet::AreSynonyms(const std::string& a, const std::string& b) const {
  const std::vector<int64_t> x = Synsets(a);
  const std::vector<int64_t> y = Synsets(b);
  return std::find_first_of(x.begin(), x.end(), y.begin(), y.end()) != x.end();
}

}  // namespace milan
