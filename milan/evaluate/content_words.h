#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace milan {

/// Singular of a regular English plural ("dogs" dog, "patches" patch, "berries" berry); other words
/// as they are. A light rule for comparing words, not a dictionary.
std::string Singular(std::string_view word);

/// The words of a text that carry its meaning: tokens (text/tokenizer.h) with a letter or digit,
/// without articles, prepositions, pronouns and the like, plurals made singular.
std::set<std::string> ContentWords(std::string_view text);

/// F1 of two sets of content words: 2 |both| / (|one| + |other|); 0 when one is empty.
double ContentWordF1(const std::set<std::string>& prediction,
                     const std::set<std::string>& reference);

/// F1 with the reference that fits best.
double ContentWordF1(std::string_view prediction, const std::vector<std::string>& references);

}  // namespace milan
