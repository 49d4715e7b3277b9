#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/image/photo_set.h"

namespace milan {

/// Names of a network's classes, in the order of its outputs: one per line of a text file, as
/// "tench, Tinca tinca". Throws kInput naming the file when it is missing or empty.
std::vector<std::string> ReadClassNames(const Path& file);

/// The class names that a network's sidecar points to (its member "labels", a file beside it);
/// empty when it has none. Throws kInput.
std::vector<std::string> SidecarClassNames(const Path& sidecar);

/// What each photo is labelled, as text; empty: not at all.
using LabelTexts = std::vector<std::string>;
/// The name of the folder that the photo lies in. Throws kInput when no photo lies in a folder
/// below the set's root.
LabelTexts LabelsFromFolders(const PhotoSet& photos);
/// From a CSV with a column photo (or path, name, file), names as in the set, and a column label
/// (or class). Throws kInput naming the file: a photo twice with two labels, or none that is in the
/// set.
LabelTexts LabelsFromCsv(const Path& csv, const PhotoSet& photos);

/// The class of each photo: the place of its label among the classes; -1 for empty labels. A label
/// is a class's index, its whole line, or one of the names on it that commas separate; letters'
/// case is ignored where that is not ambiguous, '_' is a space, and a WordNet id before the name
/// ("n02012849 crane", "n02012849_crane") is left away, or decides alone where the lines of the
/// classes begin with ids. Where classes share a name (ImageNet has
/// two cranes) the WordNet ids decide, if the classes are in the ids' order, as ImageNet's are.
/// Throws kInput naming the label, a photo of it and the nearest class names when it names no class
/// or several; also for names where no class names are given (`classes` empty).
std::vector<int32_t> ResolveLabels(const LabelTexts& labels,
                                   const std::vector<std::string>& classes, const PhotoSet& photos);

}  // namespace milan
