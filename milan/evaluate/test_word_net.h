#pragma once

// For tests: a dictionary in WordNet's format, made by code.

#include <string>

#include "milan/base/file.h"

namespace milan {

/// Nouns: car = automobile; car also a railway car; dog; box; man. Verbs: run = go, drive. An
/// adjective: big = large. Irregular: ran run, mice mouse.
inline Path WriteSmallWordNet(const Path& folder) {
  CreateFolder(folder);
  const std::string licence = "  1 A dictionary for tests.\n  2 car n 1 not an entry\n";
  WriteFileAtomically(folder / "index.noun", licence +
                                                 "automobile n 1 2 @ ~ 1 1 00000100  \n"
                                                 "box n 1 1 @ 1 0 00000500\n"
                                                 "car n 2 2 @ ~ 2 2 00000100 00000200  \n"
                                                 "dog n 1 1 @ 1 0 00000300\n"
                                                 "man n 1 0 1 0 00000400\n"
                                                 "mouse n 1 1 @ 1 0 00000600\n");
  WriteFileAtomically(folder / "index.verb", licence +
                                                 "drive v 1 1 @ 1 0 00000700\n"
                                                 "go v 1 1 @ 1 1 00000100\n"
                                                 "run v 2 1 @ 2 1 00000100 00000700\n");
  WriteFileAtomically(folder / "index.adj", licence +
                                                "big a 1 1 ! 1 1 00000100\n"
                                                "large a 1 1 ! 1 1 00000100\n");
  WriteFileAtomically(folder / "index.adv", licence);
  WriteFileAtomically(folder / "noun.exc", "mice mouse\n");
  WriteFileAtomically(folder / "verb.exc", "ran run\n");
  WriteFileAtomically(folder / "adj.exc", "");
  WriteFileAtomically(folder / "adv.exc", "");
  return folder;
}

}  // namespace milan
