#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace milan {

/// Options that every command takes.
struct CommonOptions {
  bool quiet = false;
  bool json = false;
};

/// What a command does once its line has been parsed; set by the Add… functions.
using Action = std::function<void()>;

// Each adds one command with its options, help and examples to `app`, and stores what it does in
// `action` when the user chose it. One file per command: command_<name>.cc.
void AddAnnotateCommand(CLI::App& app, Action& action);
void AddAnalyzeCommand(CLI::App& app, Action& action);
void AddAuditCommand(CLI::App& app, Action& action);
void AddCalibrateCommand(CLI::App& app, Action& action);
void AddDescribeCommand(CLI::App& app, Action& action);
void AddLayersCommand(CLI::App& app, Action& action);
void AddExemplarsCommand(CLI::App& app, Action& action);
void AddClustersCommand(CLI::App& app, Action& action);
void AddMergeCommand(CLI::App& app, Action& action);
void AddReportCommand(CLI::App& app, Action& action);
void AddTrainCommand(CLI::App& app, Action& action);
void AddDistillCommand(CLI::App& app, Action& action);
void AddEvaluateCommand(CLI::App& app, Action& action);
void AddExportCommand(CLI::App& app, Action& action);
void AddImportCommand(CLI::App& app, Action& action);
void AddRunCommand(CLI::App& app, Action& action);
void AddAccuracyCommand(CLI::App& app, Action& action);
void AddEditCommand(CLI::App& app, Action& action);

/// Adds --quiet (and --json where a program reads the result).
void AddCommonOptions(CLI::App& command, CommonOptions& options, bool with_json);

}  // namespace milan
