#pragma once

#include <optional>
#include <string>

#include "milan/actions/audit.h"
#include "milan/base/file.h"
#include "milan/base/progress.h"
#include "milan/exemplar/run.h"

namespace milan {

/// A run with what was found in it.
struct AuditedRun {
  Path folder;
  RunManifest manifest;
  std::string bundle;  ///< Name of what described it; may be empty.
  RunFindings findings;
};

/// All that an audit says, and what it was measured on.
struct AuditReport {
  std::string concept_text;
  std::vector<std::string> terms;
  bool with_word_net = false;
  bool with_kinds = false;
  std::optional<double> least_nearness;  ///< Of words' vectors; nothing: not compared.
  AuditedRun subject;
  std::optional<AuditedRun> other;
  std::optional<AuditComparison> comparison;  ///< There when `other` is.
  Correction correction = Correction::kHolm;
  std::optional<int64_t> most_allowed;  ///< Strong findings; nothing: any number.

  bool HasTooMany() const { return most_allowed && subject.findings.Strong() > *most_allowed; }
};

/// The sentences that sum it up: what was found, how sure that is, what could not be said and why.
std::vector<std::string> Summarize(const AuditReport& report);

/// audit.json (format `milan-audit`, docs/actions.md), with a final newline.
std::string ToJson(const AuditReport& report);
/// SARIF 2.1.0: one result per finding, strong ones as warnings, the others as notes.
std::string ToSarif(const AuditReport& report);
/// findings.csv: layer,unit,evidence,term,found,place,support,confidence,reliable,description,text.
std::string ToCsv(const AuditReport& report);

struct AuditPageOptions {
  int64_t most_shown = 200;  ///< Findings with pictures; the files list all.
  int workers = 0;           ///< 0: one per processor.
};
/// Writes index.html with pictures of exemplars, audit.json, audit.sarif and findings.csv into a
/// folder that appears as a whole, in place of an older audit. `run` is the subject's. Throws
/// kUsage when the folder is something else; kResource; kCancelled.
void WriteAudit(const AuditReport& report, const Run& run, const Path& folder,
                const AuditPageOptions& options, Progress& progress);

/// Throws kUsage unless `folder` is free, empty, or an earlier result of the same kind, which has
/// the file `marker`.
void RequireReplaceable(const Path& folder, const std::string& marker);

}  // namespace milan
