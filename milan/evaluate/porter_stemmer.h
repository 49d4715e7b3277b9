#pragma once

#include <string>
#include <string_view>

namespace milan {

/// Stem of a lower-case English word by Porter's algorithm (1980) with the changes of NLTK's
/// default mode, which ROUGE and METEOR programs use: words of up to two letters stay, "dies" gives
/// "die", "enjoy" keeps its y, and a handful of words are exceptions. Words with letters other than
/// a-z are stemmed by the same rules; those letters count as consonants.
std::string PorterStem(std::string_view word);

}  // namespace milan
