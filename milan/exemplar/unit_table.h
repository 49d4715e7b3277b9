#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/exemplar/exemplar_set.h"

namespace milan {

/// What there is to say of one unit before anyone looks at its photos.
struct UnitFacts {
  std::string layer;
  int64_t unit = 0;
  UnitState state = UnitState::kAlive;
  bool is_saturated = false;  ///< ExemplarSet::IsSaturated.
  /// The first unit of the layer that it duplicates, or -1: the same photos are exemplars of both,
  /// and their maps on these, taken together, correlate by more than 0.99.
  int64_t duplicate_of = -1;
  std::string name = {};  ///< Of units that have one.
};

/// Facts of all units of a layer. Only units that are alive can be duplicates.
std::vector<UnitFacts> FactsOf(const ExemplarSet& exemplars);

/// Counts over units, for summaries.
struct UnitCounts {
  std::string layer;
  int64_t units = 0;
  int64_t dead = 0;
  int64_t constant = 0;
  int64_t invalid = 0;
  int64_t saturated = 0;
  int64_t duplicates = 0;
};
UnitCounts Count(const std::vector<UnitFacts>& facts);

/// units.csv of a run: layer,unit,state,saturated,duplicate_of and, where a unit has a name, name
/// (docs/formats.md).
std::string ToCsv(const std::vector<UnitFacts>& facts);

}  // namespace milan
