#pragma once

// What must hold of milan whatever it reads; where it does not, the program ends as by a crash,
// which libFuzzer takes note of.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "milan/base/error.h"

namespace milan {

inline void MustHold(bool condition, const char* what, const std::string& text = "") {
  if (condition) return;
  std::fprintf(stderr, "does not hold: %s: %s\n", what, text.substr(0, 2000).c_str());
  std::abort();
}

/// An error is of the input or of the request, on one line, of a length for people.
inline void MustBeForPeople(const Error& error) {
  const std::string text = error.what();
  MustHold(error.kind() == ErrorKind::kInput || error.kind() == ErrorKind::kUsage,
           "an error is of the input or the request", text);
  MustHold(text.size() < 4096, "an error is short", text);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    MustHold(byte >= 0x20 && byte != 0x7F, "an error has no control characters", text);
  }
}

/// Runs `work`, which may throw a milan::Error and nothing else. True when it did not throw.
template <typename Work>
bool MayThrow(const Work& work) {
  try {
    work();
    return true;
  } catch (const Error& error) {
    MustBeForPeople(error);
    return false;
  }
}

}  // namespace milan
