#pragma once

// For tests: a dictionary in WordNet's format, made by code, with fields, kinds and counts.

#include <string>

#include "milan/actions/senses.h"
#include "milan/base/file.h"

namespace milan {

/// Nouns: entity > person = individual > woman; entity > dog; car = automobile (artifact); light
/// (its first sense is an artifact). Verbs: light, run. Adjectives: light, round. Counts: light is
/// an adjective most often, run a verb.
inline Path WriteSmallSenses(const Path& folder) {
  CreateFolder(folder);
  const std::string licence = "  1 A dictionary for tests.\n";
  WriteFileAtomically(folder / "index.noun", licence +
                                                 "automobile n 1 1 @ 1 1 00000500\n"
                                                 "car n 1 1 @ 1 1 00000500\n"
                                                 "dog n 1 1 @ 1 0 00000400\n"
                                                 "entity n 1 0 1 0 00000100\n"
                                                 "individual n 1 1 @ 1 0 00000200\n"
                                                 "light n 1 1 @ 1 0 00000600\n"
                                                 "person n 1 1 @ 1 0 00000200\n"
                                                 "run n 1 1 @ 1 0 00000700\n"
                                                 "woman n 1 1 @ 1 0 00000300\n");
  WriteFileAtomically(folder / "index.verb", licence +
                                                 "light v 1 0 1 0 00000100\n"
                                                 "run v 1 0 1 0 00000200\n");
  WriteFileAtomically(folder / "index.adj", licence +
                                                "light a 1 0 1 0 00000100\n"
                                                "round a 1 0 1 0 00000200\n");
  WriteFileAtomically(folder / "index.adv", licence);
  for (const char* part : {"noun", "verb", "adj", "adv"}) {
    WriteFileAtomically(folder / (std::string(part) + ".exc"), "");
  }
  WriteFileAtomically(folder / "data.noun",
                      licence +
                          "00000100 03 n 01 entity 0 000 | all\n"
                          "00000200 18 n 02 person 0 individual 0 001 @ 00000100 n 0000 | one\n"
                          "00000300 18 n 01 woman 0 002 ~ 00000900 n 0000 @ 00000200 n 0000 | one\n"
                          "00000400 05 n 01 dog 0 001 @ 00000100 n 0000 | one\n"
                          "00000500 06 n 02 car 0 automobile 0 001 @ 00000100 n 0000 | one\n"
                          "00000600 06 n 01 light 0 001 @ 00000100 n 0000 | one\n"
                          "00000700 04 n 01 run 0 001 @ 00000100 n 0000 | one\n");
  WriteFileAtomically(folder / "cntlist.rev",
                      "light%1:06:00:: 1 3\nlight%3:00:00:: 1 9\nlight%2:30:00:: 1 1\n"
                      "run%2:38:00:: 1 20\nrun%1:04:00:: 1 4\nround%5:00:00:circular:00 1 2\n");
  return folder;
}

}  // namespace milan
