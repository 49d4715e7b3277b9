// The milan program: the command table, the one place that turns errors into a line and an exit
// code.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <new>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/terminal.h"
#include "milan/base/error.h"
#include "milan/base/printable.h"
#include "milan/base/version.h"
#include "milan/captioner/bundle.h"
#include "milan/cluster/mpi_cluster.h"
#include "milan/network/engine.h"

namespace milan {
namespace {

constexpr const char* kFooter = R"(Examples:
  milan describe network.onnx photos/ -o run/    the main job: exemplars, descriptions, report
  milan layers network.onnx                      which layers can be described
  milan report run/                              write the report again

Exit codes: 0 done, 1 failed (the message says why), 2 wrong usage, 3 a bug in milan, 4 a check
failed (milan audit --fail-if-more-than), 130 interrupted.
`milan COMMAND --help` shows a command's options and examples.)";

constexpr size_t kLongestMessage = 4000;  ///< What a broken file says ends somewhere.

/// Which of several processes an error is of.
std::string Where() { return IsInMpiCluster() ? MpiRankName() + ": " : ""; }

int Fail(const std::string& message, ExitCode code) {
  fmt::print(stderr, "error: {}{}\n", Where(), Printable(message, kLongestMessage));
  return static_cast<int>(code);
}

/// Runs the chosen command; every error of the library becomes one line and an exit code here.
int Guard(const Action& action) {
  try {
    action();
    return static_cast<int>(ExitCode::kDone);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kCancelled) return Fail(error.what(), ExitCodeOf(error.kind()));
    fmt::print(
        stderr,
        "{}interrupted; what was finished is kept; the same command, run again, completes it\n",
        Where());
    return static_cast<int>(ExitCode::kInterrupted);
  } catch (const CheckFailed& failed) {
    fmt::print(stderr, "check failed: {}\n", Printable(failed.what(), kLongestMessage));
    return static_cast<int>(ExitCode::kCheckFailed);
  } catch (const std::bad_alloc&) {
    return Fail(
        "out of memory; limit the statistics (--memory), or take fewer layers (--layers) or "
        "workers "
        "(-j)",
        ExitCode::kFailed);
  } catch (const std::exception& error) {
    return Fail(std::string(error.what()) + " (unexpected: please report this as a bug)",
                ExitCode::kInternal);
  }
}

/// One rank's failure ends all, so that none waits for it for ever. Those that the user stopped
/// have seconds to keep what they have.
void EndAllRanks(int exit_code) {
  constexpr double kSecondsToSave = 20;
  if (exit_code == 0 || !IsInMpiCluster()) return;
  const bool is_interrupted = exit_code == static_cast<int>(ExitCode::kInterrupted);
  AbortMpiCluster(exit_code, is_interrupted ? kSecondsToSave : 0);
}

/// Commands that compute with libtorch. They start again, as the same process, with the environment
/// that this needs to be fast: the libraries have read it before main.
void RestartForSpeed(const std::string& command, char** argv) {
  constexpr std::array kCommands = {"describe", "train", "distill", "import", "calibrate"};
  if (std::find(kCommands.begin(), kCommands.end(), command) == kCommands.end()) return;
  const std::vector<Setting> settings = LinearAlgebraSettings();
  if (settings.empty()) return;
  for (const Setting& setting : settings) setenv(setting.name.c_str(), setting.value.c_str(), 1);
  execv("/proc/self/exe", argv);  // comes back only when it failed: then it is slower, no more
}

int Main(int argc, char** argv) {
  CLI::App app("milan says in words what the units of a vision network look for.", "milan");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", [] {
    return fmt::format("milan {} (ONNX Runtime {})", Version(), EngineVersion());
  });
  Action action;
  AddDescribeCommand(app, action);
  AddLayersCommand(app, action);
  AddExemplarsCommand(app, action);
  AddClustersCommand(app, action);
  AddMergeCommand(app, action);
  AddReportCommand(app, action);
  AddTrainCommand(app, action);
  AddCalibrateCommand(app, action);
  AddDistillCommand(app, action);
  AddEvaluateCommand(app, action);
  AddExportCommand(app, action);
  AddImportCommand(app, action);
  AddRunCommand(app, action);
  AddAccuracyCommand(app, action);
  AddEditCommand(app, action);
  AddAnnotateCommand(app, action);
  AddAnalyzeCommand(app, action);
  AddAuditCommand(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked_for_help = error.get_exit_code() == 0;
    app.exit(error);
    return asked_for_help ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  RestartForSpeed(app.get_subcommands().front()->get_name(), argv);
  CatchInterrupts();
  const int exit_code = Guard(action);
  EndAllRanks(exit_code);
  return exit_code;
}

}  // namespace
}  // namespace milan

int main(int argc, char** argv) { return milan::Main(argc, argv); }
