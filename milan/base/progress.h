#pragma once

#include <cstdint>
#include <string>

namespace milan {

/// How a long operation tells its caller where it is. The library never prints; the command line
/// draws a bar from these calls, tests record them. Calls may come from any thread, one at a time.
class Progress {
 public:
  virtual ~Progress() = default;

  /// A named stage begins ("exemplars"), with `total` items ("photos"); total 0 = not known.
  virtual void Begin(const std::string& stage, int64_t total, const std::string& items) = 0;
  /// `done` items of the stage are finished.
  virtual void Update(int64_t done) = 0;
  /// A value worth showing beside the bar ("loss 2.31, validation 2.62").
  virtual void Note(const std::string& text) = 0;
  /// The stage is finished.
  virtual void End() = 0;
  /// Something the user should know that does not stop the work (a photo that was skipped).
  virtual void Warn(const std::string& text) = 0;
  /// True once the user asked to stop. Long loops ask between items, keep what is finished, and
  /// throw an Error of kind kCancelled.
  virtual bool Cancelled() const { return false; }
};

/// Says nothing; the default of every operation that reports progress.
class NoProgress : public Progress {
 public:
  void Begin(const std::string&, int64_t, const std::string&) override {}
  void Update(int64_t) override {}
  void Note(const std::string&) override {}
  void End() override {}
  void Warn(const std::string&) override {}
};

/// Throws kCancelled when the user asked to stop.
void ThrowIfCancelled(const Progress& progress);

}  // namespace milan
