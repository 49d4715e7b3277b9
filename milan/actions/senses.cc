#include "milan/actions/senses.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <set>
#include <span>

#include "milan/base/error.h"
#include "milan/evaluate/content_words.h"

namespace milan {
namespace {

/// WordNet's lexicographer files of nouns (lexnames(5WN)), from number 3 on.
constexpr int kFirstNounField = 3;
constexpr std::array<std::string_view, 26> kNounFields = {
    "top",           "act",    "animal",     "artifact",  "attribute",  "body",     "cognition",
    "communication", "event",  "feeling",    "food",      "group",      "location", "motive",
    "object",        "person", "phenomenon", "plant",     "possession", "process",  "quantity",
    "relation",      "shape",  "state",      "substance", "time"};

/// Takes the next field of a line, which single spaces separate.
std::string_view TakeField(std::string_view& line) {
  const size_t end = std::min(line.find(' '), line.size());
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return field;
}

std::optional<int64_t> NumberIn(std::string_view field, int base = 10) {
  int64_t number = 0;
  const auto [end, error] =
      std::from_chars(field.data(), field.data() + field.size(), number, base);
  if (field.empty() || error != std::errc() || end != field.data() + field.size() || number < 0) {
    return std::nullopt;
  }
  return number;
}

template <typename Use>
void ForEachLine(const std::string& text, const Use& use) {
  int64_t number = 0;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    use(std::string_view(text).substr(start, end - start), ++number);
    start = end + 1;
  }
}

[[noreturn]] void FailAt(const Path& file, int64_t line) {
  throw InputError(file.string() + ": line " + std::to_string(line) +
                   " is no entry of WordNet; is this the dict folder of WordNet 3.x?");
}

int64_t NounId(int64_t offset) {
  return offset * WordNet::kParts + static_cast<int64_t>(WordNet::kNoun);
}

}  // namespace

Senses Senses::Read(const Path& folder) {
  Senses senses;
  senses.words_ = WordNet::Read(folder);
  senses.ReadNouns(folder / "data.noun");
  if (std::filesystem::exists(folder / "cntlist.rev")) senses.ReadCounts(folder / "cntlist.rev");
  return senses;
}

/// Lines: offset, field, part of speech, number of words (hexadecimal), as many pairs of word and
/// id, number of pointers, as many groups of symbol, offset, part of speech and places.
void Senses::ReadNouns(const Path& file) {
  ForEachLine(ReadFile(file), [&](std::string_view line, int64_t number) {
    if (line.empty() || line.front() == ' ') return;  // the licence above the entries
    const auto offset = NumberIn(TakeField(line));
    const auto field = NumberIn(TakeField(line));
    TakeField(line);
    const auto words = NumberIn(TakeField(line), 16);
    if (!offset || !field || !words) FailAt(file, number);
    for (int64_t i = 0; i < 2 * *words; ++i) TakeField(line);
    const auto pointers = NumberIn(TakeField(line));
    if (!pointers) FailAt(file, number);
    Noun noun{static_cast<uint8_t>(*field), {}};
    for (int64_t i = 0; i < *pointers; ++i) {
      const std::string_view symbol = TakeField(line);
      const auto target = NumberIn(TakeField(line));
      TakeField(line);
      TakeField(line);
      if (!target) FailAt(file, number);
      if (symbol == "@" || symbol == "@i") noun.kinds_of.push_back(NounId(*target));
    }
    nouns_.emplace(NounId(*offset), std::move(noun));
  });
}

/// Lines: sense key "lemma%part:field:...", number of the sense, count.
void Senses::ReadCounts(const Path& file) {
  ForEachLine(ReadFile(file), [&](std::string_view line, int64_t number) {
    if (line.empty()) return;
    const std::string_view key = TakeField(line);
    TakeField(line);
    const auto count = NumberIn(TakeField(line));
    const size_t percent = key.rfind('%');
    if (!count || percent == std::string_view::npos || percent + 1 >= key.size()) {
      FailAt(file, number);
    }
    const char part = key[percent + 1];  // 1 noun, 2 verb, 3 and 5 adjective, 4 adverb
    if (part < '1' || part > '5') FailAt(file, number);
    const size_t index = part == '5' ? WordNet::kAdjective : static_cast<size_t>(part - '1');
    counts_[std::string(key.substr(0, percent))][index] += *count;
  });
}

int64_t Senses::FirstSense(const std::string& noun) const {
  const std::vector<int64_t> senses = words_.Senses(WordNet::kNoun, noun);
  return senses.empty() ? -1 : senses.front();
}

std::string_view Senses::FieldOf(const std::string& noun) const {
  const auto found = nouns_.find(FirstSense(noun));
  if (found == nouns_.end()) return {};
  const int index = found->second.field - kFirstNounField;
  return index >= 0 && index < static_cast<int>(kNounFields.size()) ? kNounFields[index]
                                                                    : std::string_view{};
}

bool Senses::MeanTheSame(const std::string& a, const std::string& b) const {
  const int64_t sense = FirstSense(a);
  return sense >= 0 && sense == FirstSense(b);
}

bool Senses::IsKindOf(const std::string& noun, const std::string& general) const {
  const int64_t wanted = FirstSense(general);
  const int64_t start = FirstSense(noun);
  if (wanted < 0 || start < 0 || wanted == start) return false;
  std::set<int64_t> seen = {start};
  for (std::vector<int64_t> open = {start}; !open.empty();) {
    const auto found = nouns_.find(open.back());
    open.pop_back();
    if (found == nouns_.end()) continue;
    for (const int64_t kind : found->second.kinds_of) {
      if (kind == wanted) return true;
      if (seen.insert(kind).second) open.push_back(kind);
    }
  }
  return false;
}

bool Senses::IsMostlyNoun(const std::string& word) const {
  const auto uses = UsesOf(word);
  const int64_t as_noun = uses[WordNet::kNoun];
  return as_noun >= 0 && as_noun == *std::max_element(uses.begin(), uses.end());
}

std::array<int64_t, WordNet::kParts> Senses::UsesOf(const std::string& word) const {
  std::array<int64_t, WordNet::kParts> uses{};
  for (size_t part = 0; part < uses.size(); ++part) {
    uses[part] = words_.Senses(part, word).empty() ? -1 : 0;
  }
  std::set<std::string> forms = {word, Singular(word)};
  for (const char* ending : {"ed", "ing", "d", "er", "est"}) {
    const std::string_view suffix = ending;
    if (!word.ends_with(suffix) || word.size() < suffix.size() + 3) continue;
    forms.insert(word.substr(0, word.size() - suffix.size()));
    forms.insert(word.substr(0, word.size() - suffix.size()) + "e");
  }
  for (const std::string& form : forms) {
    const auto found = counts_.find(form);
    if (found == counts_.end()) continue;
    for (size_t part = 0; part < uses.size(); ++part) {
      // A base form's uses count for parts that the word itself may be: "running" is a verb, "run"
      // also a noun, which "running" as a form of it is not.
      const bool is_form = form != word;
      const bool is_inflected_verb = is_form && form != Singular(word);
      if (uses[part] < 0 || (is_inflected_verb && part == WordNet::kNoun)) continue;
      uses[part] += found->second[part];
    }
  }
  return uses;
}

}  // namespace milan
