#include "cli/edit_step.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "milan/ablation/unit_means.h"
#include "milan/base/error.h"

namespace milan {
namespace {

/// One use of an option: "layer:3,7-9" or "layer:3,7-9=0.5".
struct EditText {
  std::string option;
  std::string text;
  std::string layer;
  std::string units;
  float value = 0;
};

/// Layers' names may hold colons: the last one counts.
EditText ParseText(const std::string& option, const std::string& text, bool has_value) {
  EditText edit{option, text, "", "", 0};
  std::string rest = text;
  if (has_value) {
    const size_t equals = rest.rfind('=');
    const std::string number = equals == std::string::npos ? "" : rest.substr(equals + 1);
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), edit.value);
    if (number.empty() || error != std::errc() || end != number.data() + number.size() ||
        !std::isfinite(edit.value)) {
      throw UsageError(
          fmt::format("{} {}: expected LAYER:UNITS=NUMBER, as in conv1:3,7-9=0.5", option, text));
    }
    rest.resize(equals);
  }
  const size_t colon = rest.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == rest.size()) {
    throw UsageError(fmt::format(
        "{} {}: expected LAYER:UNITS, as in conv1:3,7-9 or conv1:all (units count from 0)", option,
        text));
  }
  edit.layer = rest.substr(0, colon);
  edit.units = rest.substr(colon + 1);
  return edit;
}

/// "3" or "7-9" as a range.
bool ParseRange(const std::string& text, int64_t* first, int64_t* last) {
  const char* end = text.data() + text.size();
  auto [next, error] = std::from_chars(text.data(), end, *first);
  if (error != std::errc() || *first < 0) return false;
  *last = *first;
  if (next == end) return true;
  if (*next != '-') return false;
  std::tie(next, error) = [&] {
    const auto result = std::from_chars(next + 1, end, *last);
    return std::pair(result.ptr, result.ec);
  }();
  return error == std::errc() && next == end && *last >= *first;
}

std::vector<int64_t> ParseUnits(const EditText& edit, const Layer& layer) {
  std::vector<int64_t> units;
  if (edit.units == "all" || edit.units == "*") {
    for (int64_t unit = 0; unit < layer.units; ++unit) units.push_back(unit);
    return units;
  }
  for (size_t begin = 0; begin <= edit.units.size();) {
    const size_t end = std::min(edit.units.find(',', begin), edit.units.size());
    int64_t first = 0;
    int64_t last = 0;
    if (!ParseRange(edit.units.substr(begin, end - begin), &first, &last)) {
      throw UsageError(fmt::format("{} {}: '{}' is no unit or range of units, as 3 or 7-9",
                                   edit.option, edit.text, edit.units.substr(begin, end - begin)));
    }
    if (last >= layer.units) {
      throw UsageError(fmt::format("{} {}: layer '{}' has no unit {}; it has {} units, from 0",
                                   edit.option, edit.text, layer.name, last, layer.units));
    }
    for (int64_t unit = first; unit <= last; ++unit) units.push_back(unit);
    begin = end + 1;
  }
  return units;
}

/// Collects what the options say.
class EditCollector {
 public:
  explicit EditCollector(const std::vector<Layer>& layers) : layers_(layers) {}

  template <typename MakeEdit>
  void Add(const std::string& option, const std::vector<std::string>& texts, bool has_value,
           const MakeEdit& make_edit) {
    for (const std::string& text : texts) {
      const EditText parsed = ParseText(option, text, has_value);
      for (const Layer& layer : SelectLayers(layers_, {parsed.layer})) {
        if (seen_.insert(layer.name).second) result_.layers.push_back(UnitAxisOf(layer));
        for (const int64_t unit : ParseUnits(parsed, layer)) {
          result_.edits.push_back(make_edit(layer.name, unit, parsed.value));
        }
      }
    }
  }

  ResolvedEdits Take() { return std::move(result_); }

 private:
  const std::vector<Layer>& layers_;
  std::set<std::string> seen_;
  ResolvedEdits result_;
};

/// The photos of a run or of a folder, archive or list, with what the network expects of them.
PhotoSet OpenMeanPhotos(const std::string& from, Preprocessing* preprocessing) {
  if (!std::filesystem::exists(Path(from) / "run.json")) return OpenPhotoSet(from);
  const Run run = OpenRun(from);
  *preprocessing = run.manifest.preprocessing;
  return run.Photos();
}

/// Means for the units that wait for them (their shift is NaN).
void FillMeans(const Network& network, const EditOptions& options, Preprocessing preprocessing,
               const MeanSource& source, ResolvedEdits& resolved, Terminal& terminal) {
  std::vector<UnitAxis> layers;
  for (const UnitAxis& axis : resolved.layers) {
    if (std::any_of(resolved.edits.begin(), resolved.edits.end(), [&](const UnitEdit& edit) {
          return edit.layer == axis.layer && std::isnan(edit.shift);
        })) {
      layers.push_back(axis);
    }
  }
  if (layers.empty()) return;
  if (options.means_from.empty() && source.photos == nullptr) {
    throw UsageError("--mean needs --means-from PHOTOS or RUN: the photos to take the means over");
  }
  PhotoSet opened;
  if (!options.means_from.empty()) opened = OpenMeanPhotos(options.means_from, &preprocessing);
  const PhotoSet& photos = options.means_from.empty() ? *source.photos : opened;
  const auto means = UnitMeans(network, layers, photos, preprocessing, source.workers, terminal);
  std::map<std::string, std::vector<float>> of_layer;
  for (size_t i = 0; i < layers.size(); ++i) of_layer[layers[i].layer] = means[i];
  for (UnitEdit& edit : resolved.edits) {
    if (!std::isnan(edit.shift)) continue;
    edit.shift = of_layer.at(edit.layer).at(edit.unit);
    if (!std::isfinite(edit.shift)) {
      throw InputError(fmt::format("unit {} of layer '{}' has no finite mean over these photos",
                                   edit.unit, edit.layer));
    }
  }
}

/// Gives an option of the preprocessing another name; its help and group stay.
template <typename Value>
CLI::Option* RenamePixelOption(CLI::App& command, const std::string& name, Value& value) {
  CLI::Option* old = command.get_option("--" + name);
  const std::string help = old->get_description();
  const std::string group = old->get_group();
  command.remove_option(old);
  return command.add_option("--pixel-" + name, value, help)->group(group);
}

}  // namespace

void AddEditOptions(CLI::App& command, EditOptions& options, PreprocessingOptions& preprocessing,
                    const std::string& default_means) {
  AddPreprocessingOptions(command, preprocessing);
  for (const auto& [name, values] :
       {std::pair("mean", &preprocessing.mean), std::pair("std", &preprocessing.std)}) {
    RenamePixelOption(command, name, *values)->delimiter(',')->expected(3);
  }
  RenamePixelOption(command, "scale", preprocessing.scale);
  const std::string group =
      "Edits: LAYER:UNITS, a layer by name or glob, units as 3,7-9 or all (from 0); repeatable";
  const auto add = [&](const char* name, std::vector<std::string>& texts, const char* help) {
    // One text per use: what follows may be the network.
    command.add_option(name, texts, help)->allow_extra_args(false)->group(group);
  };
  add("--ablate", options.ablate, "Units to zero: fire9/concat:3,7-9");
  add("--scale", options.scale, "Units to scale: fire9/concat:3=0.5");
  add("--set", options.set, "Units to set to a value: fire9/concat:3=1.5");
  add("--mean", options.mean, "Units to set to their mean");
  command
      .add_option("--means-from", options.means_from,
                  "Photos, or a run, that the means of --mean are taken over" + default_means)
      ->group(group);
}

ResolvedEdits ResolveEdits(const Network& network, const std::vector<Layer>& layers,
                           const EditOptions& options, const Preprocessing& preprocessing,
                           const MeanSource& means, Terminal& terminal) {
  EditCollector collector(layers);
  collector.Add("--ablate", options.ablate, false,
                [](const auto& layer, int64_t unit, float) { return ZeroUnit(layer, unit); });
  collector.Add("--scale", options.scale, true, ScaleUnit);
  collector.Add("--set", options.set, true, SetUnit);
  collector.Add("--mean", options.mean, false, [](const auto& layer, int64_t unit, float) {
    return SetUnit(layer, unit, std::nanf(""));
  });
  ResolvedEdits resolved = collector.Take();
  Validate(resolved.edits, resolved.layers);
  FillMeans(network, options, preprocessing, means, resolved, terminal);
  return resolved;
}

std::string Summarize(const std::vector<UnitEdit>& edits) {
  struct Counts {
    int zeroed = 0;
    int set = 0;
    int scaled = 0;
  };
  std::map<std::string, Counts> layers;
  for (const UnitEdit& edit : edits) {
    Counts& counts = layers[edit.layer];
    ++(edit.scale != 0 ? counts.scaled : edit.shift != 0 ? counts.set : counts.zeroed);
  }
  std::vector<std::string> parts;
  for (const auto& [layer, counts] : layers) {
    std::vector<std::string> words;
    if (counts.zeroed > 0) words.push_back(fmt::format("{} zeroed", counts.zeroed));
    if (counts.set > 0) words.push_back(fmt::format("{} set", counts.set));
    if (counts.scaled > 0) words.push_back(fmt::format("{} scaled", counts.scaled));
    parts.push_back(fmt::format("{}: {}", layer, fmt::join(words, ", ")));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace milan
