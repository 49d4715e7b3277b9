#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace milan {

/// Lower case of ASCII and Latin-1 letters in UTF-8; every other byte is kept. Bytes that are not
/// UTF-8 become U+FFFD, so that what milan writes is always valid.
std::string ToLower(std::string_view text);

/// Lower-case words and single punctuation marks, as spaCy splits simple English:
/// "dog's" gives dog 's; "don't" gives do n't; "close-up" gives close - up; "3.5" and "u.s." stay
/// whole; white space separates and is dropped. Idempotent: Tokenize of the tokens joined by spaces
/// gives the same tokens.
std::vector<std::string> Tokenize(std::string_view text);

/// Text of tokens, lower case as annotations are: joined by spaces, none before . , ; : 's n't and
/// the like, none around "-".
std::string Detokenize(const std::vector<std::string>& tokens);

/// Text of tokens as the reference implementation writes it (parity only): no space before . , ; :,
/// none around "-", every part between dots capitalised ("people 's" gives "People 's").
std::string ReferenceDetokenize(const std::vector<std::string>& tokens);

}  // namespace milan
