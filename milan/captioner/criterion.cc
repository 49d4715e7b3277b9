#include "milan/captioner/criterion.h"

#include <array>
#include <utility>

#include "milan/base/error.h"

namespace milan {
namespace {

constexpr std::array kNames = {std::pair{Criterion::kPmi, "pmi"},
                               std::pair{Criterion::kLikelihood, "likelihood"},
                               std::pair{Criterion::kConsensus, "consensus"}};

}  // namespace

Criterion ParseCriterion(const std::string& name) {
  for (const auto& [criterion, text] : kNames) {
    if (name == text) return criterion;
  }
  throw UsageError("criterion '" + name + "' is none of pmi, likelihood, consensus");
}

Prior ParsePrior(const std::string& name) {
  for (const Prior prior : {Prior::kLanguage, Prior::kNetwork}) {
    if (name == ToString(prior)) return prior;
  }
  throw UsageError("prior '" + name + "' is none of language, network");
}

std::string ToString(Prior prior) { return prior == Prior::kNetwork ? "network" : "language"; }

std::string ToString(Criterion criterion) {
  for (const auto& [known, text] : kNames) {
    if (known == criterion) return text;
  }
  throw UsageError("unknown criterion");
}

}  // namespace milan
