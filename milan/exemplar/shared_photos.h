#pragma once

// Private to this module: the photos of a pass, divided among ranks while they work.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "milan/base/progress.h"
#include "milan/cluster/communicator.h"

namespace milan {

/// Gives the workers of this rank one photo after the other. Thread-safe.
class SharedPhotos {
 public:
  /// `ids` are the same in all ranks.
  SharedPhotos(Communicator& ranks, int64_t job, std::vector<int64_t> ids)
      : ranks_(ranks), job_(job), ids_(std::move(ids)) {}

  /// Nothing when every photo has been taken by some rank.
  std::optional<int64_t> Take() {
    const std::lock_guard lock(mutex_);
    if (block_.empty()) {
      block_ = ranks_.TakeBlock(job_, std::ssize(ids_));
      taken_ = std::max(taken_.load(), block_.begin);
    }
    if (block_.empty()) return std::nullopt;
    return ids_[block_.begin++];
  }

  /// How many photos all ranks together had taken when this one asked last.
  int64_t taken() const { return taken_; }
  int64_t size() const { return std::ssize(ids_); }

 private:
  Communicator& ranks_;
  const int64_t job_;
  const std::vector<int64_t> ids_;
  std::mutex mutex_;
  Block block_;
  std::atomic<int64_t> taken_ = 0;
};

/// What people see of a pass on many ranks: the first draws the photos of all, the others nothing.
class RankProgress final : public Progress {
 public:
  RankProgress(Progress& progress, const Communicator& ranks, const SharedPhotos& photos)
      : progress_(progress), is_first_(ranks.rank() == 0), photos_(photos) {}

  void Begin(const std::string& stage, int64_t, const std::string& items) override {
    if (is_first_) progress_.Begin(stage, photos_.size(), items);
  }
  void Update(int64_t done) override {
    if (is_first_) progress_.Update(std::max(done, photos_.taken()));
  }
  void Note(const std::string& text) override {
    if (is_first_) progress_.Note(text);
  }
  void End() override {
    if (is_first_) progress_.End();
  }
  void Warn(const std::string& text) override {
    if (is_first_) progress_.Warn(text);
  }
  bool Cancelled() const override { return progress_.Cancelled(); }

 private:
  Progress& progress_;
  const bool is_first_;
  const SharedPhotos& photos_;
};

}  // namespace milan
