#include "milan/ablation/labels.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "milan/base/csv.h"
#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/network/network.h"

namespace milan {
namespace {

std::string Trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.remove_suffix(1);
  }
  return std::string(text);
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string WithSpaces(std::string text) {
  std::replace(text.begin(), text.end(), '_', ' ');
  return Trimmed(text);
}

/// "n02012849 crane" in two; the id is empty when there is none.
struct SplitLabel {
  std::string id;
  std::string name;
};

SplitLabel Split(const std::string& label) {
  constexpr size_t kIdLength = 9;  // "n" and eight digits
  const bool has_id =
      label.size() >= kIdLength && label[0] == 'n' &&
      std::all_of(label.begin() + 1, label.begin() + kIdLength,
                  [](unsigned char c) { return std::isdigit(c) != 0; }) &&
      (label.size() == kIdLength || label[kIdLength] == ' ' || label[kIdLength] == '_');
  if (!has_id) return {"", WithSpaces(label)};
  return {label.substr(0, kIdLength), WithSpaces(label.substr(kIdLength))};
}

std::vector<std::string> NamesOnLine(const std::string& line) {
  std::vector<std::string> names;
  std::string_view rest = line;
  while (true) {
    const size_t comma = rest.find(',');
    names.push_back(WithSpaces(std::string(rest.substr(0, comma))));
    if (comma == std::string_view::npos) return names;
    rest.remove_prefix(comma + 1);
  }
}

using Candidates = std::vector<int32_t>;

/// Finds classes by name, as written and in small letters.
class ClassIndex {
 public:
  explicit ClassIndex(const std::vector<std::string>& classes) : classes_(classes) {
    for (int32_t i = 0; i < std::ssize(classes); ++i) {
      Add(lines_, Lower(WithSpaces(classes[i])), i);
      const SplitLabel split = Split(classes[i]);
      if (!split.id.empty()) Add(ids_, split.id, i);
      for (const std::string& name : NamesOnLine(split.name)) {
        Add(names_, name, i);
        Add(small_names_, Lower(name), i);
      }
    }
  }

  /// All classes that a label may mean. A name with a WordNet id may mean any class of that name; a
  /// bare one first of all the class whose whole line it is.
  Candidates Find(const SplitLabel& label) const {
    if (const Candidates of_id = Look(ids_, label.id); !of_id.empty()) return of_id;
    if (label.id.empty()) {
      const Candidates whole = Look(lines_, Lower(label.name));
      if (whole.size() == 1) return whole;
      const Candidates exact = Look(names_, label.name);
      if (!exact.empty()) return exact;
    }
    const Candidates any = Look(small_names_, Lower(label.name));
    return any.empty() ? Look(lines_, Lower(label.name)) : any;
  }

  const std::vector<std::string>& classes() const { return classes_; }

 private:
  using Map = std::unordered_map<std::string, Candidates>;
  static void Add(Map& map, const std::string& name, int32_t index) {
    Candidates& found = map[name];
    if (found.empty() || found.back() != index) found.push_back(index);
  }
  static Candidates Look(const Map& map, const std::string& name) {
    const auto found = map.find(name);
    return found == map.end() ? Candidates{} : found->second;
  }

  const std::vector<std::string>& classes_;
  Map ids_;  ///< Where the lines begin with WordNet ids.
  Map lines_;
  Map names_;
  Map small_names_;
};

std::string PhotoOf(const std::string& label, const LabelTexts& labels, const PhotoSet& photos) {
  const auto place = std::find(labels.begin(), labels.end(), label);
  return photos.photos[place - labels.begin()].name;
}

/// WordNet ids whose class is certain, in the ids' order.
using Known = std::map<std::string, int32_t>;

bool AreInOrder(const Known& known) {
  int32_t last = -1;
  for (const auto& [id, index] : known) {
    if (index < last) return false;
    last = index;
  }
  return true;
}

/// The candidates between the classes of the ids before and after.
Candidates InOrderOf(const std::string& id, const Candidates& candidates, const Known& known) {
  const auto after = known.upper_bound(id);
  const int32_t highest = after == known.end() ? INT32_MAX : after->second;
  const int32_t lowest = after == known.begin() ? -1 : std::prev(after)->second;
  Candidates kept;
  std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(kept),
               [&](int32_t index) { return index > lowest && index < highest; });
  return kept;
}

/// Takes those classes that keep the ids in order; ids that then may be the same classes, as many
/// as there are (ImageNet's two maillots), get them in order.
void DecideByIds(const Known& known, std::map<std::string, Candidates>* candidates) {
  std::map<Candidates, std::vector<std::string>> open;
  for (auto& [label, found] : *candidates) {
    const std::string id = Split(label).id;
    if (found.size() == 1 || id.empty()) continue;
    const Candidates fitting = InOrderOf(id, found, known);
    if (!fitting.empty()) found = fitting;
    if (found.size() > 1) open[found].push_back(label);
  }
  for (const auto& [classes, labels] : open) {
    if (classes.size() != labels.size()) continue;
    for (size_t i = 0; i < labels.size(); ++i) (*candidates)[labels[i]] = {classes[i]};
  }
}

std::string Nearest(const std::string& name, const std::vector<std::string>& classes) {
  return fmt::format("'{}'", fmt::join(NearestNames(name, classes, 3), "', '"));
}

Error NoSuchClass(const std::string& label, const ClassIndex& index, const LabelTexts& labels,
                  const PhotoSet& photos) {
  const std::string where = PhotoOf(label, labels, photos);
  if (index.classes().empty()) {
    return InputError(fmt::format(
        "label '{}' (of {}) is a name, but the names of the network's classes are not known: give "
        "them with --classes FILE, one per line in the order of the outputs, or in the network's "
        "sidecar (member \"labels\"), or use the classes' numbers as labels",
        label, where));
  }
  if (const SplitLabel split = Split(label); !split.id.empty() && split.name.empty()) {
    return InputError(
        fmt::format("label '{}' (of {}) is a WordNet id, and the class names have none: give a "
                    "list whose lines "
                    "are '{} NAME, NAME' in the order of the network's outputs (--classes), or "
                    "labels (--labels "
                    "CSV)",
                    label, where, label));
  }
  return InputError(fmt::format(
      "label '{}' (of {}) is none of the network's {} classes; the "
      "nearest names are {}",
      label, where, index.classes().size(), Nearest(Split(label).name, index.classes())));
}

Error Ambiguous(const std::string& label, const Candidates& candidates, const ClassIndex& index,
                const LabelTexts& labels, const PhotoSet& photos) {
  std::vector<std::string> meanings;
  for (const int32_t candidate : candidates) {
    meanings.push_back(fmt::format("{} ({})", candidate, index.classes()[candidate]));
  }
  return InputError(
      fmt::format("label '{}' (of {}) may be class {}; label these photos with the "
                  "class's number (--labels CSV)",
                  label, PhotoOf(label, labels, photos), fmt::join(meanings, " or ")));
}

bool ParseIndex(const std::string& label, int32_t* index) {
  const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), *index);
  return error == std::errc() && end == label.data() + label.size() && *index >= 0;
}

}  // namespace

std::vector<std::string> ReadClassNames(const Path& file) {
  const std::string text = ReadFile(file);
  std::vector<std::string> names;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    names.push_back(Trimmed(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
  }
  while (!names.empty() && names.back().empty()) names.pop_back();
  if (names.empty()) throw InputError(file.string() + ": holds no class names (one per line)");
  return names;
}

std::vector<std::string> SidecarClassNames(const Path& sidecar) {
  const Json json = ReadJson(sidecar);
  if (!json.is_object() || !json.contains("labels") || json["labels"].is_null()) return {};
  return ReadClassNames(sidecar.parent_path() / Get<std::string>(json, "labels", sidecar.string()));
}

LabelTexts LabelsFromFolders(const PhotoSet& photos) {
  LabelTexts labels;
  for (const Photo& photo : photos.photos) {
    labels.push_back(Path(photo.name).parent_path().filename().string());
  }
  if (std::all_of(labels.begin(), labels.end(), [](const auto& label) { return label.empty(); })) {
    throw InputError(photos.root.string() +
                     ": the photos lie in no class folders (PHOTOS/CLASS/photo.jpg); give their "
                     "labels with --labels CSV (columns photo, label)");
  }
  return labels;
}

LabelTexts LabelsFromCsv(const Path& csv, const PhotoSet& photos) {
  const CsvTable table = ReadCsv(csv);
  const auto column = [&](const auto& names) {
    for (const char* name : names) {
      if (const int found = table.FindColumn(name); found >= 0) return static_cast<size_t>(found);
    }
    return table.Column(names.front());  // throws
  };
  const size_t photo_column = column(std::array{"photo", "path", "name", "file"});
  const size_t label_column = column(std::array{"label", "class"});
  std::unordered_map<std::string, std::string> label_of;
  for (const auto& row : table.rows) {
    const auto [entry, is_new] = label_of.emplace(row[photo_column], row[label_column]);
    if (!is_new && entry->second != row[label_column]) {
      throw InputError(fmt::format("{}: photo {} has two labels, '{}' and '{}'", csv.string(),
                                   row[photo_column], entry->second, row[label_column]));
    }
  }
  LabelTexts labels;
  for (const Photo& photo : photos.photos) {
    const auto found = label_of.find(photo.name);
    labels.push_back(found == label_of.end() ? "" : Trimmed(found->second));
  }
  if (std::all_of(labels.begin(), labels.end(), [](const auto& label) { return label.empty(); })) {
    throw InputError(fmt::format(
        "{}: labels none of the photos; it names photos such as '{}', the set such as '{}'",
        csv.string(), table.rows.empty() ? "" : table.rows.front()[photo_column],
        photos.photos.front().name));
  }
  return labels;
}

std::vector<int32_t> ResolveLabels(const LabelTexts& labels,
                                   const std::vector<std::string>& classes,
                                   const PhotoSet& photos) {
  const ClassIndex index(classes);
  std::map<std::string, Candidates> candidates;  // per distinct label
  Known known;
  for (const std::string& label : labels) {
    if (label.empty() || candidates.contains(label)) continue;
    const SplitLabel split = Split(label);
    Candidates& found = candidates[label];
    int32_t number = 0;
    found = index.Find(split);
    if (found.empty() && ParseIndex(label, &number)) found = {number};
    if (found.empty()) throw NoSuchClass(label, index, labels, photos);
    if (found.size() == 1 && !split.id.empty()) known[split.id] = found.front();
  }
  if (AreInOrder(known)) DecideByIds(known, &candidates);
  for (const auto& [label, found] : candidates) {
    if (found.size() != 1) throw Ambiguous(label, found, index, labels, photos);
  }
  std::vector<int32_t> resolved;
  for (const std::string& label : labels) {
    resolved.push_back(label.empty() ? -1 : candidates.at(label).front());
  }
  return resolved;
}

}  // namespace milan
