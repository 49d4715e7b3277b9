#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fmt/core.h>

#include "cli/steps.h"
#include "milan/base/error.h"
#include "milan/captioner/bundle.h"
#include "milan/report/report.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

/// The descriptions that the run already has, if the same bundle and options made them.
bool AreCurrent(const Descriptions& existing, const Bundle& bundle, const DescribeOptions& options,
                const std::vector<UnitName>& units) {
  const auto are_same = [](const UnitDescription& description, const UnitName& unit) {
    return description.layer == unit.layer && description.unit == unit.unit;
  };
  return existing.bundle_hash == bundle.hash() && existing.beam_size == options.beam_size &&
         existing.criterion == ToString(options.criterion) &&
         existing.prior == ToString(options.prior) && existing.pmi_weight == options.pmi_weight &&
         std::equal(existing.units.begin(), existing.units.end(), units.begin(), units.end(),
                    are_same);
}

}  // namespace

Path DefaultBundle() {
  if (const char* chosen = std::getenv("MILAN_BUNDLE")) return chosen;
  std::error_code error;
  const Path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  // Beside a checkout's build/<preset>/milan, and beside an installation's bin/milan.
  for (const char* place : {"../../models/base", "../share/milan/models/base"}) {
    const Path bundle = program / place;
    if (fs::exists(bundle / "bundle.json", error)) return fs::canonical(bundle, error);
  }
  throw UsageError("no bundle found beside the program; name one with --bundle (models/base)");
}

Descriptions MakeDescriptions(const Run& run, const Path& bundle_folder,
                              const DescribeOptions& options, const EngineOptions& encoder,
                              Terminal& terminal) {
  Validate(options);
  const std::string warning = SlowLinearAlgebraWarning();
  if (!warning.empty()) terminal.Warn(warning);
  const std::vector<UnitName> units = ChosenUnits(run.manifest, options);
  const Bundle bundle = Bundle::Open(bundle_folder, encoder);
  if (fs::exists(run.folder / "descriptions.json")) {
    Descriptions existing = ReadDescriptions(run.folder);
    if (AreCurrent(existing, bundle, options, units)) {
      terminal.Say("descriptions: kept from the run");
      return existing;
    }
  }
  terminal.Say(fmt::format("bundle: {} ({})", bundle.name(), bundle_folder.string()));
  Descriptions descriptions = Describe(run, bundle, options, terminal);
  WriteDescriptions(run.folder, descriptions);
  return descriptions;
}

void MakeReport(const Run& run, const Path& folder, int workers, Terminal& terminal) {
  const Descriptions descriptions =
      fs::exists(run.folder / "descriptions.json") ? ReadDescriptions(run.folder) : Descriptions{};
  ReportOptions options;
  options.workers = workers;
  WriteReport(run, descriptions, folder, options, terminal);
}

}  // namespace milan
