#include "milan/text/tokenizer.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "milan/text/utf8.h"

namespace milan {
namespace {

constexpr char32_t kApostrophe = U'\'';

/// What follows an apostrophe as a word of its own: dog's, we've.
constexpr std::array<std::u32string_view, 6> kClitics = {U"s", U"re", U"ve", U"ll", U"d", U"m"};

bool IsClitic(std::u32string_view text) {
  return std::find(kClitics.begin(), kClitics.end(), text) != kClitics.end();
}

bool IsDigit(char32_t c) { return c >= U'0' && c <= U'9'; }

bool IsBetween(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

bool IsSpace(char32_t c) {
  return c <= 0x20 || IsBetween(c, 0x7F, 0xA0) || IsBetween(c, 0x2000, 0x200F) ||
         IsBetween(c, 0x2028, 0x202F) || c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

/// Letters, digits and the underscore. Beyond Latin-1 all that is not a known block of symbols.
bool IsWord(char32_t c) {
  if (c < 0x80)
    return IsDigit(c) || IsBetween(c, U'a', U'z') || IsBetween(c, U'A', U'Z') || c == U'_';
  if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA;
  if (c == 0xD7 || c == 0xF7) return false;  // multiplication and division signs
  const bool symbol = IsBetween(c, 0x2000, 0x2BFF) || IsBetween(c, 0x3000, 0x303F) ||
                      IsBetween(c, 0xFE10, 0xFE6F) || IsBetween(c, 0xFF00, 0xFF0F) ||
                      IsBetween(c, 0xFFF0, 0xFFFF) || IsBetween(c, 0x1F000, 0x1FAFF);
  return !symbol;
}

bool IsLetter(char32_t c) { return IsWord(c) && !IsDigit(c) && c != U'_'; }

bool IsUpperLatin(char32_t c) {
  return IsBetween(c, U'A', U'Z') || (IsBetween(c, 0xC0, 0xDE) && c != 0xD7);
}

bool IsLowerLatin(char32_t c) {
  return IsBetween(c, U'a', U'z') || (IsBetween(c, 0xE0, 0xFE) && c != 0xF7);
}

/// Lower case, and one sort of apostrophe: typographic ones would split the vocabulary in two.
std::u32string Normalize(std::string_view text) {
  std::u32string code_points = DecodeUtf8(text);
  for (char32_t& c : code_points) {
    if (IsUpperLatin(c)) c += 0x20;
    if (c == 0x2018 || c == 0x2019) c = kApostrophe;
  }
  return code_points;
}

/// Cuts a text into tokens from left to right.
class Scanner {
 public:
  explicit Scanner(std::u32string_view text) : text_(text) {}

  std::vector<std::string> Tokens() {
    while (position_ < text_.size()) {
      if (IsSpace(text_[position_])) {
        ++position_;
      } else if (!TakeAbbreviation() && !TakeNumber() && !TakeClitic() && !TakeWord()) {
        Take(1);  // a punctuation mark
      }
    }
    return std::move(tokens_);
  }

 private:
  char32_t At(size_t index) const { return index < text_.size() ? text_[index] : U' '; }

  size_t WordEnd(size_t index) const {
    while (IsWord(At(index))) ++index;
    return index;
  }

  void Add(std::u32string_view token) { tokens_.push_back(EncodeUtf8(token)); }

  void Take(size_t length) {
    Add(text_.substr(position_, length));
    position_ += length;
  }

  /// Single letters with dots between: u.s, e.g.
  bool TakeAbbreviation() {
    const auto single_letter = [this](size_t i) { return IsLetter(At(i)) && !IsWord(At(i + 1)); };
    size_t end = position_;
    int letters = 0;
    while (single_letter(end)) {
      ++letters;
      ++end;
      if (At(end) != U'.') break;
      ++end;
    }
    if (letters < 2) return false;
    Take(end - position_);
    return true;
  }

  /// Digits with inner dots or commas: 3.5, 1,000.
  bool TakeNumber() {
    const auto digits_end = [this](size_t i) {
      while (IsDigit(At(i))) ++i;
      return i;
    };
    size_t end = digits_end(position_);
    if (end == position_) return false;
    const size_t integer_end = end;
    while ((At(end) == U'.' || At(end) == U',') && IsDigit(At(end + 1))) end = digits_end(end + 1);
    if (end == integer_end) return false;  // a plain word such as 35 or 3d
    Take(end - position_);
    return true;
  }

  /// 's, 've and the like that stand apart from their word.
  bool TakeClitic() {
    if (At(position_) != kApostrophe) return false;
    const size_t end = WordEnd(position_ + 1);
    if (!IsClitic(text_.substr(position_ + 1, end - position_ - 1))) return false;
    Take(end - position_);
    return true;
  }

  /// A word with inner apostrophes, its clitics split off.
  bool TakeWord() {
    size_t end = WordEnd(position_);
    if (end == position_) return false;
    while (At(end) == kApostrophe && IsWord(At(end + 1))) end = WordEnd(end + 1);
    AddWithoutClitics(text_.substr(position_, end - position_));
    position_ = end;
    return true;
  }

  void AddWithoutClitics(std::u32string_view word) {
    const size_t apostrophe = word.rfind(kApostrophe);
    if (apostrophe == std::u32string_view::npos) return Add(word);
    if (IsClitic(word.substr(apostrophe + 1))) {
      AddWithoutClitics(word.substr(0, apostrophe));
      return Add(word.substr(apostrophe));
    }
    if (word.ends_with(U"n't")) {
      if (word.size() > 3) AddWithoutClitics(word.substr(0, word.size() - 3));
      return Add(U"n't");
    }
    Add(word);
  }

  std::u32string_view text_;
  size_t position_ = 0;
  std::vector<std::string> tokens_;
};

/// Marks that stand right after the token before them.
bool JoinsPrevious(const std::string& token, const std::string& previous) {
  static constexpr std::array<std::string_view, 8> kMarks = {".", ",", ";", ":",
                                                             "!", "?", ")", "-"};
  if (std::find(kMarks.begin(), kMarks.end(), token) != kMarks.end()) return true;
  if (token == "'") return previous.ends_with('s');  // dogs' faces
  return token == "n't" || (token.size() > 1 && token[0] == '\'');
}

bool JoinsNext(const std::string& token) { return token == "-" || token == "("; }

/// First letter upper case, the rest lower case.
std::u32string Capitalize(std::u32string text) {
  for (char32_t& c : text) {
    if (IsUpperLatin(c)) c += 0x20;
  }
  if (!text.empty() && IsLowerLatin(text[0])) text[0] -= 0x20;
  return text;
}

std::u32string_view Strip(std::u32string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string ToLower(std::string_view text) {
  std::u32string code_points = DecodeUtf8(text);
  for (char32_t& c : code_points) {
    if (IsUpperLatin(c)) c += 0x20;
  }
  return EncodeUtf8(code_points);
}

std::vector<std::string> Tokenize(std::string_view text) {
  const std::u32string normalized = Normalize(text);
  return Scanner(normalized).Tokens();
}

std::string Detokenize(const std::vector<std::string>& tokens) {
  std::string text;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const bool joined =
        i == 0 || JoinsNext(tokens[i - 1]) || JoinsPrevious(tokens[i], tokens[i - 1]);
    if (!joined) text += ' ';
    text += tokens[i];
  }
  return text;
}

std::string ReferenceDetokenize(const std::vector<std::string>& tokens) {
  std::string joined;
  for (size_t i = 0; i < tokens.size(); ++i) {
    static constexpr std::string_view kMarks = ".,;:-";
    const auto starts_with_mark = [](const std::string& token) {
      return !token.empty() && kMarks.find(token[0]) != std::string_view::npos;
    };
    const bool glued = i == 0 || starts_with_mark(tokens[i]) || tokens[i - 1].ends_with('-');
    if (!glued) joined += ' ';
    joined += tokens[i];
  }
  const std::u32string text = DecodeUtf8(joined);
  std::u32string sentences;
  for (size_t start = 0; start <= text.size();) {
    const size_t dot = std::min(text.find(U'.', start), text.size());
    if (start > 0) sentences += U". ";
    sentences +=
        Capitalize(std::u32string(Strip(std::u32string_view(text).substr(start, dot - start))));
    start = dot + 1;
  }
  return EncodeUtf8(Strip(sentences));
}

}  // namespace milan
