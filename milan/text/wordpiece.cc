#include "milan/text/wordpiece.h"

#include <algorithm>

#include "milan/base/error.h"
#include "milan/text/utf8.h"

namespace milan {
namespace {

/// Longer words are unknown, as in the reference implementation.
constexpr size_t kLongestWord = 100;

bool IsBetween(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

bool IsSpace(char32_t c) {
  return c == U' ' || IsBetween(c, 0x09, 0x0D) || c == 0xA0 || c == 0x1680 ||
         IsBetween(c, 0x2000, 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

/// Control and format characters, which are dropped.
bool IsInvisible(char32_t c) {
  return c < 0x20 || IsBetween(c, 0x7F, 0x9F) || c == 0xAD || IsBetween(c, 0x200B, 0x200F) ||
         IsBetween(c, 0x202A, 0x202E) || IsBetween(c, 0x2060, 0x2064) || c == 0xFEFF ||
         c == kReplacementCharacter;
}

/// ASCII symbols count as punctuation whatever Unicode says of them.
bool IsPunctuation(char32_t c) {
  if (IsBetween(c, 33, 47) || IsBetween(c, 58, 64) || IsBetween(c, 91, 96)) return true;
  if (IsBetween(c, 123, 126)) return true;
  return c == 0xA1 || c == 0xA7 || c == 0xAB || c == 0xB6 || c == 0xB7 || c == 0xBB || c == 0xBF ||
         IsBetween(c, 0x2010, 0x2027) || IsBetween(c, 0x2030, 0x2043) ||
         IsBetween(c, 0x2045, 0x2051) || IsBetween(c, 0x2053, 0x205E) ||
         IsBetween(c, 0x3001, 0x3003) || IsBetween(c, 0x3008, 0x3011);
}

/// Chinese characters are words of their own.
bool IsIdeograph(char32_t c) {
  return IsBetween(c, 0x4E00, 0x9FFF) || IsBetween(c, 0x3400, 0x4DBF) ||
         IsBetween(c, 0x20000, 0x2A6DF) || IsBetween(c, 0x2A700, 0x2CEAF) ||
         IsBetween(c, 0xF900, 0xFAFF) || IsBetween(c, 0x2F800, 0x2FA1F);
}

/// Lower case without accent of the letters U+00C0 to U+017F; a dot stands for those that have no
/// accent to lose (æ, ð, ø, ...), which only change case.
char32_t Plain(char32_t c) {
  static constexpr std::string_view kLatin1 =
      "aaaaaa.ceeeeiiii"
      ".nooooo..uuuuy.."
      "aaaaaa.ceeeeiiii"
      ".nooooo..uuuuy.y";
  static constexpr std::string_view kExtended =
      "aaaaaaccccccccdd"
      "..eeeeeeeeeegggg"
      "gggghh..iiiiiiii"
      "i...jjkk.llllll."
      "...nnnnnn...oooo"
      "oo..rrrrrrssssss"
      "sstttt..uuuuuuuu"
      "uuuuwwyyyzzzzzz.";
  if (IsBetween(c, U'A', U'Z')) return c + 0x20;
  if (IsBetween(c, 0xC0, 0xFF)) {
    const char plain = kLatin1[c - 0xC0];
    if (plain != '.') return static_cast<char32_t>(plain);
    return IsBetween(c, 0xC0, 0xDE) && c != 0xD7 ? c + 0x20 : c;
  }
  if (IsBetween(c, 0x100, 0x17F)) {
    const char plain = kExtended[c - 0x100];
    if (plain != '.') return static_cast<char32_t>(plain);
    // Where two letters of a pair stay, the capital is the even one, but for those after U+0139.
    const bool odd_capitals = IsBetween(c, 0x139, 0x148) || IsBetween(c, 0x179, 0x17E);
    const bool is_capital = odd_capitals ? c % 2 == 1 : c % 2 == 0;
    return is_capital && c != 0x138 && c != 0x17F ? c + 1 : c;
  }
  return c;
}

/// Combining accents, which stand for themselves in decomposed text.
bool IsCombining(char32_t c) { return IsBetween(c, 0x300, 0x36F); }

std::vector<std::u32string> WordsOf(std::string_view text, bool is_cased) {
  std::vector<std::u32string> words;
  std::u32string word;
  const auto finish = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (char32_t c : DecodeUtf8(text)) {
    if (IsSpace(c)) {
      finish();
      continue;
    }
    if (IsInvisible(c) || (!is_cased && IsCombining(c))) continue;
    if (!is_cased) c = Plain(c);
    if (IsPunctuation(c) || IsIdeograph(c)) {
      finish();
      words.push_back({c});
    } else {
      word += c;
    }
  }
  finish();
  return words;
}

bool HasUpperCase(const std::string& piece) {
  return !piece.starts_with('[') &&
         std::any_of(piece.begin(), piece.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

WordPiece WordPiece::Read(const Path& vocabulary) {
  const std::string text = ReadFile(vocabulary);
  std::vector<std::string> pieces;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    std::string piece = text.substr(start, end - start);
    if (piece.ends_with('\r')) piece.pop_back();
    pieces.push_back(std::move(piece));
    start = end + 1;
  }
  return FromPieces(pieces, vocabulary.string());
}

WordPiece WordPiece::FromPieces(const std::vector<std::string>& pieces, const std::string& name) {
  WordPiece result;
  for (const std::string& piece : pieces) {
    const auto id = static_cast<int64_t>(result.ids_.size());
    if (!result.ids_.try_emplace(piece, id).second) {
      throw InputError(name + ": has the piece '" + piece + "' twice (again on line " +
                       std::to_string(id + 1) + ")");
    }
    result.is_cased_ = result.is_cased_ || HasUpperCase(piece);
  }
  const auto special = [&](const char* piece) {
    const auto found = result.ids_.find(piece);
    if (found == result.ids_.end()) {
      throw InputError(name + ": has no piece " + piece +
                       "; a WordPiece vocabulary (vocab.txt of a BERT model) is expected");
    }
    return found->second;
  };
  result.begin_ = special("[CLS]");
  result.end_ = special("[SEP]");
  result.unknown_ = special("[UNK]");
  return result;
}

std::vector<int64_t> WordPiece::Encode(std::string_view text, size_t longest) const {
  MILAN_CHECK(longest >= 2, "no room for the marks of beginning and end");
  std::vector<int64_t> ids = {begin_};
  for (const std::u32string& word : WordsOf(text, is_cased_)) AppendPieces(word, ids);
  if (ids.size() > longest - 1) ids.resize(longest - 1);
  ids.push_back(end_);
  return ids;
}

void WordPiece::AppendPieces(const std::u32string& word, std::vector<int64_t>& ids) const {
  if (word.size() > kLongestWord) {
    ids.push_back(unknown_);
    return;
  }
  const size_t before = ids.size();
  for (size_t start = 0; start < word.size();) {
    size_t end = word.size();
    auto found = ids_.end();
    for (; end > start; --end) {
      const std::string piece = EncodeUtf8(std::u32string_view(word).substr(start, end - start));
      found = ids_.find(start == 0 ? piece : "##" + piece);
      if (found != ids_.end()) break;
    }
    if (found == ids_.end()) {
      ids.resize(before);
      ids.push_back(unknown_);
      return;
    }
    ids.push_back(found->second);
    start = end;
  }
}

}  // namespace milan
