#include "milan/evaluate/evaluation_data.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "milan/base/error.h"

namespace milan {
namespace {

using UnitKey = std::pair<std::string, int64_t>;  // layer, unit

bool HasSplit(const Annotation& annotation, const std::string& split) {
  return split.empty() || annotation.split.empty() || annotation.split == split;
}

bool HasCertainty(const Annotation& annotation, const std::vector<std::string>& certainties) {
  return certainties.empty() || annotation.certainty.empty() ||
         std::find(certainties.begin(), certainties.end(), annotation.certainty) !=
             certainties.end();
}

/// The annotated units with their references, without predictions.
std::vector<EvaluatedUnit> AnnotatedUnits(const std::vector<Annotation>& annotations,
                                          const AnnotationFilter& filter) {
  std::vector<EvaluatedUnit> units;
  std::map<UnitKey, size_t> places;
  for (const Annotation& annotation : annotations) {
    if (!HasSplit(annotation, filter.split)) continue;
    if (!HasCertainty(annotation, filter.certainties)) continue;
    const UnitKey key{annotation.layer, annotation.unit};
    const auto [place, is_new] = places.try_emplace(key, units.size());
    if (is_new) {
      units.push_back({annotation.layer, annotation.unit, {}, {}, annotation.certainty});
    }
    units[place->second].references.push_back(annotation.text);
  }
  return units;
}

/// Adds the predictions of `descriptions` and drops the units it does not cover.
void AddPredictions(const Descriptions& descriptions, std::vector<EvaluatedUnit>& units) {
  std::map<UnitKey, const UnitDescription*> described;
  for (const UnitDescription& unit : descriptions.units) described[{unit.layer, unit.unit}] = &unit;
  std::erase_if(units, [&](EvaluatedUnit& unit) {
    const auto found = described.find({unit.layer, unit.unit});
    if (found == described.end()) return true;
    unit.predictions.push_back(found->second->best.text);
    return false;
  });
}

std::string List(const std::set<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list.empty() ? "none" : list;
}

[[noreturn]] void FailWithoutUnits(std::span<const NamedDescriptions> described,
                                   const std::vector<Annotation>& annotations,
                                   const AnnotationFilter& filter) {
  std::set<std::string> splits;
  std::set<std::string> annotated_layers;
  for (const Annotation& annotation : annotations) {
    splits.insert(annotation.split);
    annotated_layers.insert(annotation.layer);
  }
  std::set<std::string> described_layers;
  for (const NamedDescriptions& set : described) {
    for (const UnitDescription& unit : set.descriptions.units) described_layers.insert(unit.layer);
  }
  throw InputError("no unit of split '" + filter.split +
                   "' is both annotated and described; annotated splits: " + List(splits) +
                   "; annotated layers: " + List(annotated_layers) +
                   "; described layers: " + List(described_layers));
}

}  // namespace

EvaluationData Join(std::span<const NamedDescriptions> described,
                    const std::vector<Annotation>& annotations, const AnnotationFilter& filter) {
  EvaluationData data;
  data.units = AnnotatedUnits(annotations, filter);
  for (const NamedDescriptions& set : described) {
    data.names.push_back(set.name);
    AddPredictions(set.descriptions, data.units);
  }
  if (data.units.empty()) FailWithoutUnits(described, annotations, filter);
  std::set<UnitKey> evaluated;
  for (const EvaluatedUnit& unit : data.units) evaluated.insert({unit.layer, unit.unit});
  for (const Annotation& annotation : annotations) {
    // A text without a split is no training text of the unit that it is evaluated with.
    const bool is_training =
        annotation.split.empty()
            ? !evaluated.contains({annotation.layer, annotation.unit})
            : annotation.split != filter.split && HasSplit(annotation, filter.train_split);
    if (is_training && HasCertainty(annotation, filter.certainties)) {
      data.training_texts.push_back(annotation.text);
    }
  }
  return data;
}

}  // namespace milan
