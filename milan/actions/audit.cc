#include "milan/actions/audit.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>

#include "milan/base/csv.h"
#include "milan/base/error.h"

namespace milan {
namespace {

std::optional<double> NumberField(const CsvTable& table, size_t row, size_t column) {
  const std::string& field = table.rows[row][column];
  if (field.empty()) return std::nullopt;
  double number = 0;
  const char* end = field.data() + field.size();
  const auto [stop, error] = std::from_chars(field.data(), end, number);
  if (error != std::errc() || stop != end) {
    throw InputError(table.name + ": row " + std::to_string(row + 1) + ", column '" +
                     table.header[column] + "': '" + field + "' is no number");
  }
  return number;
}

std::optional<bool> FlagField(const CsvTable& table, size_t row, size_t column) {
  const std::string& field = table.rows[row][column];
  if (field.empty()) return std::nullopt;
  for (const char* yes : {"1", "true", "yes"}) {
    if (field == yes) return true;
  }
  for (const char* no : {"0", "false", "no"}) {
    if (field == no) return false;
  }
  throw InputError(table.name + ": row " + std::to_string(row + 1) + ", column '" +
                   table.header[column] + "': '" + field + "' is neither yes nor no");
}

/// Part of the candidates' likelihood that matching ones have. Likelihoods that are not known count
/// alike.
double Support(const std::vector<const ScoredText*>& texts, const std::vector<bool>& matches) {
  double highest = -HUGE_VAL;
  for (const ScoredText* text : texts) {
    if (std::isfinite(text->log_likelihood)) highest = std::max(highest, text->log_likelihood);
  }
  double all = 0;
  double matching = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    const double log_likelihood = texts[i]->log_likelihood;
    const double weight = std::isfinite(highest) && std::isfinite(log_likelihood)
                              ? std::exp(log_likelihood - highest)
                              : 1;
    all += weight;
    if (matches[i]) matching += weight;
  }
  return all == 0 ? 0 : matching / all;
}

/// The strongest match of a unit's texts: of the description where it has a strong one, else the
/// strongest evidence, of equal ones the text that comes first.
std::optional<Finding> FindingOf(const UnitDescription& unit, const Concept& concept_,
                                 const ConceptResources& resources) {
  std::vector<const ScoredText*> texts = {&unit.best};
  for (const ScoredText& other : unit.others) texts.push_back(&other);
  std::optional<Finding> best;
  std::vector<bool> matches;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto match = concept_.Match(texts[i]->text, resources);
    matches.push_back(match.has_value());
    if (!match) continue;
    Finding finding{
        {unit.layer, unit.unit}, unit.best.text, *match, static_cast<int64_t>(i), 0, {}};
    const bool is_stronger =
        !best || (!best->IsStrong() && finding.match.evidence < best->match.evidence);
    if (is_stronger) best = std::move(finding);
  }
  if (best) best->support = Support(texts, matches);
  return best;
}

bool ComesBefore(const Finding& a, const Finding& b) {
  if (a.IsStrong() != b.IsStrong()) return a.IsStrong();
  if (a.match.evidence != b.match.evidence) return a.match.evidence < b.match.evidence;
  return a.support > b.support;
}

ShareComparison CompareShares(const std::string& layer, const Share& a, const Share& b) {
  return {layer, a, b, DifferenceInterval(a, b), FisherExact(a, b), FisherExact(a, b)};
}

const LayerFindings* FindLayer(const RunFindings& findings, const std::string& name) {
  const auto found = std::find_if(findings.layers.begin(), findings.layers.end(),
                                  [&](const auto& layer) { return layer.layer == name; });
  return found == findings.layers.end() ? nullptr : &*found;
}

std::set<UnitName> StrongUnits(const RunFindings& findings) {
  std::set<UnitName> units;
  for (const Finding& finding : findings.findings) {
    if (finding.IsStrong()) units.insert(finding.unit);
  }
  return units;
}

void ComparePairs(const RunFindings& a, const RunFindings& b, AuditComparison& comparison) {
  const std::set<UnitName> strong_a = StrongUnits(a);
  const std::set<UnitName> strong_b = StrongUnits(b);
  for (const UnitPair& pair : comparison.pairs) {
    const bool in_a = strong_a.contains(pair.a);
    const bool in_b = strong_b.contains(pair.b);
    if (in_a && in_b) ++comparison.pairs_both;
    if (in_a && !in_b) ++comparison.pairs_only_a;
    if (!in_a && in_b) ++comparison.pairs_only_b;
  }
  comparison.pairs_p_value = McNemarExact(comparison.pairs_only_a, comparison.pairs_only_b);
}

}  // namespace

Confidences ReadConfidences(const Path& run_folder) {
  const Path file = run_folder / "descriptions.csv";
  if (!std::filesystem::exists(file)) return {};
  const CsvTable table = ReadCsv(file);
  const int value = table.FindColumn("confidence");
  const int reliable = table.FindColumn("reliable");
  if (value < 0 && reliable < 0) return {};
  const size_t layer = table.Column("layer");
  const size_t unit = table.Column("unit");
  Confidences confidences;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    Confidence& confidence = confidences[{table.rows[row][layer], UnitField(table, row, unit)}];
    if (value >= 0) confidence.value = NumberField(table, row, value);
    if (reliable >= 0) confidence.reliable = FlagField(table, row, reliable);
  }
  return confidences;
}

int64_t RunFindings::Strong() const {
  return std::accumulate(layers.begin(), layers.end(), int64_t{0},
                         [](int64_t sum, const auto& layer) { return sum + layer.strong; });
}

RunFindings FindConcept(const Descriptions& descriptions, const std::vector<RunLayer>& layers,
                        const Concept& concept_, const ConceptResources& resources,
                        const Confidences& confidences) {
  std::map<std::string, LayerFindings> of_layer;
  RunFindings result;
  for (const UnitDescription& unit : descriptions.units) {
    if (unit.best.text.empty()) continue;
    LayerFindings& layer = of_layer[unit.layer];
    ++layer.described;
    result.described.insert({unit.layer, unit.unit});
    if (concept_.MatchesAsSubstring(unit.best.text)) ++layer.as_letters;
    std::optional<Finding> finding = FindingOf(unit, concept_, resources);
    if (!finding) continue;
    ++(finding->IsStrong() ? layer.strong : layer.weak);
    if (finding->IsStrong() && finding->match.evidence == Evidence::kWord) ++layer.by_word;
    const auto confidence = confidences.find(finding->unit);
    if (confidence != confidences.end()) finding->confidence = confidence->second;
    result.findings.push_back(std::move(*finding));
  }
  std::stable_sort(result.findings.begin(), result.findings.end(), ComesBefore);
  for (const RunLayer& layer : layers) {
    const auto found = of_layer.find(layer.name);
    if (found == of_layer.end()) continue;
    found->second.layer = layer.name;
    result.layers.push_back(found->second);
  }
  return result;
}

AuditComparison CompareFindings(const RunFindings& a, const RunFindings& b,
                                std::vector<UnitPair> pairs, Correction correction) {
  AuditComparison comparison;
  std::vector<double> p_values;
  for (const LayerFindings& layer : a.layers) {
    const LayerFindings* other = FindLayer(b, layer.layer);
    if (other == nullptr) {
      comparison.only_a.push_back(layer.layer);
      continue;
    }
    comparison.layers.push_back(
        CompareShares(layer.layer, layer.StrongShare(), other->StrongShare()));
    p_values.push_back(comparison.layers.back().p_value);
  }
  for (const LayerFindings& layer : b.layers) {
    if (FindLayer(a, layer.layer) == nullptr) comparison.only_b.push_back(layer.layer);
  }
  const std::vector<double> adjusted = Corrected(p_values, correction);
  for (size_t i = 0; i < adjusted.size(); ++i) comparison.layers[i].adjusted = adjusted[i];
  // Of the layers that both have, if any: others would compare the choice of layers.
  Share all_a;
  Share all_b;
  for (const ShareComparison& layer : comparison.layers) {
    all_a = {all_a.count + layer.a.count, all_a.total + layer.a.total};
    all_b = {all_b.count + layer.b.count, all_b.total + layer.b.total};
  }
  comparison.all = comparison.layers.empty() ? CompareShares("", a.StrongShare(), b.StrongShare())
                                             : CompareShares("", all_a, all_b);
  std::erase_if(pairs, [&](const UnitPair& pair) {
    return !a.described.contains(pair.a) || !b.described.contains(pair.b);
  });
  comparison.pairs = std::move(pairs);
  ComparePairs(a, b, comparison);
  return comparison;
}

}  // namespace milan
