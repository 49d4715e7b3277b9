#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "milan/base/file.h"
#include "milan/base/progress.h"

namespace spdlog {
class logger;
}

namespace milan {

/// Draws progress on stderr: one line that is rewritten with count, rate and remaining time on a
/// terminal, a line every ten seconds elsewhere, nothing but warnings with `quiet`. Warnings go to
/// stderr and, once a log file is set, into it. Results for people and scripts go to stdout, by the
/// commands themselves. Thread-safe.
class Terminal final : public Progress {
 public:
  explicit Terminal(bool quiet);
  ~Terminal() override;

  /// Says and draws nothing any more: in ranks that are not the first.
  void Mute();
  /// Also writes stages and warnings, with times, to this file (appended).
  void LogTo(const Path& file);

  void Begin(const std::string& stage, int64_t total, const std::string& items) override;
  void Update(int64_t done) override;
  void Note(const std::string& text) override;
  void End() override;
  void Warn(const std::string& text) override;
  /// True after Ctrl-C (see CatchInterrupts).
  bool Cancelled() const override;

  /// A line for the person at the terminal ("bundle: models/base"); nothing with `quiet`.
  void Say(const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;
  void Draw(bool final_line);
  void ClearLine();

  bool quiet_;
  bool is_mute_ = false;  ///< Not even warnings.
  const bool is_terminal_;
  std::mutex mutex_;
  std::shared_ptr<spdlog::logger> log_;
  std::string stage_;
  std::string items_;
  std::string note_;
  int64_t total_ = 0;
  int64_t done_ = 0;
  bool line_drawn_ = false;
  Clock::time_point started_;
  Clock::time_point last_drawn_;
};

/// From now on the first Ctrl-C (or SIGTERM) lets the command stop in order; a second one ends it
/// at once.
void CatchInterrupts();

/// "1 h 12 min", "3 min 05 s", "12 s".
std::string FormatDuration(double seconds);
/// "1.2 GB", "34 MB".
std::string FormatBytes(double bytes);

}  // namespace milan
