#include "cli/terminal.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>

#include <fmt/core.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <unistd.h>

#include "milan/base/error.h"
#include "milan/base/printable.h"

namespace milan {
namespace {

using namespace std::chrono_literals;

constexpr size_t kLongestLine = 100'000;

/// Names of layers and photos may hold anything, which the terminal must not obey. Lines stay
/// lines.
std::string PrintableLines(std::string_view text) {
  std::string shown;
  while (true) {
    const size_t end = text.find('\n');
    shown += Printable(text.substr(0, end), kLongestLine);
    if (end == std::string_view::npos) return shown;
    shown += '\n';
    text.remove_prefix(end + 1);
  }
}

volatile std::sig_atomic_t interrupted = 0;  // the one variable that a signal handler may set

extern "C" void OnInterrupt(int signal) {
  interrupted = 1;
  std::signal(signal, SIG_DFL);  // the second Ctrl-C ends the process at once
}

}  // namespace

void CatchInterrupts() {
  std::signal(SIGINT, OnInterrupt);
  std::signal(SIGTERM, OnInterrupt);
}

std::string FormatDuration(double seconds) {
  const int64_t whole = std::lround(seconds);
  if (whole >= 3600) return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  return fmt::format("{} s", whole);
}

std::string FormatBytes(double bytes) {
  if (bytes >= 1e9) return fmt::format("{:.1f} GB", bytes / 1e9);
  if (bytes >= 1e6) return fmt::format("{:.0f} MB", bytes / 1e6);
  return fmt::format("{:.0f} kB", bytes / 1e3);
}

Terminal::Terminal(bool quiet) : quiet_(quiet), is_terminal_(isatty(STDERR_FILENO) == 1) {}

Terminal::~Terminal() { ClearLine(); }

void Terminal::Mute() {
  const std::lock_guard lock(mutex_);
  quiet_ = is_mute_ = true;
}

void Terminal::LogTo(const Path& file) {
  try {
    log_ = std::make_shared<spdlog::logger>(
        "run", std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string()));
  } catch (const spdlog::spdlog_ex& error) {
    throw ResourceError(file.string() + ": cannot write the log: " + error.what());
  }
  log_->set_pattern("%Y-%m-%d %H:%M:%S %l %v");
  log_->flush_on(spdlog::level::info);
  // A full disk must stop the work through the files that matter, not through its log.
  log_->set_error_handler([](const std::string&) {});
}

void Terminal::Begin(const std::string& stage, int64_t total, const std::string& items) {
  const std::lock_guard lock(mutex_);
  stage_ = stage;
  items_ = items;
  note_.clear();
  total_ = total;
  done_ = 0;
  started_ = last_drawn_ = Clock::now();
  if (log_) log_->info("{}: {} {}", stage, total, items);
  if (is_terminal_) Draw(false);
}

void Terminal::Update(int64_t done) {
  const std::lock_guard lock(mutex_);
  done_ = done;
  const auto interval = is_terminal_ ? Clock::duration(100ms) : Clock::duration(10s);
  if (Clock::now() - last_drawn_ >= interval) Draw(false);
}

void Terminal::Note(const std::string& text) {
  const std::lock_guard lock(mutex_);
  note_ = text;
  if (log_) log_->info("{}: {}", stage_, text);
  Draw(false);
}

void Terminal::End() {
  const std::lock_guard lock(mutex_);
  Draw(true);
  if (log_) {
    log_->info("{}: done in {}", stage_,
               FormatDuration(std::chrono::duration<double>(Clock::now() - started_).count()));
  }
}

void Terminal::Warn(const std::string& text) {
  const std::lock_guard lock(mutex_);
  ClearLine();
  if (!is_mute_) fmt::print(stderr, "warning: {}\n", Printable(text, kLongestLine));
  if (log_) log_->warn("{}", text);
}

bool Terminal::Cancelled() const { return interrupted != 0; }

void Terminal::Say(const std::string& text) {
  const std::lock_guard lock(mutex_);
  ClearLine();
  if (!quiet_) fmt::print(stderr, "{}\n", PrintableLines(text));
  if (log_) log_->info("{}", text);
}

void Terminal::Draw(bool final_line) {
  if (quiet_) return;
  last_drawn_ = Clock::now();
  const double seconds = std::chrono::duration<double>(last_drawn_ - started_).count();
  std::string line = fmt::format("{:<14}", stage_);
  if (total_ > 0) line += fmt::format(" {}/{} {}", done_, total_, items_);
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  if (rate > 0) line += fmt::format("  {:.{}f}/s", rate, rate < 10 ? 1 : 0);
  if (final_line) {
    line += "  in " + FormatDuration(seconds);
  } else if (rate > 0 && total_ > done_) {
    line += "  " + FormatDuration(static_cast<double>(total_ - done_) / rate) + " left";
  }
  if (!note_.empty()) line += "  (" + note_ + ")";
  ClearLine();
  const bool stays = final_line || !is_terminal_;
  fmt::print(stderr, "{}{}", line, stays ? "\n" : "");
  std::fflush(stderr);
  line_drawn_ = !stays;
}

void Terminal::ClearLine() {
  if (!line_drawn_) return;
  fmt::print(stderr, "\r\x1b[K");
  line_drawn_ = false;
}

}  // namespace milan
