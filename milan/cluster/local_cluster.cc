#include "milan/cluster/local_cluster.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "milan/base/error.h"
#include "milan/cluster/block_counter.h"

namespace milan {

class LocalCluster::Shared {
 public:
  explicit Shared(int size) : size_(size) {}

  int size() const { return size_; }
  Block Take(int64_t job, int64_t items) { return counter_.Take(job, items, size_); }

  void Put(int from, int to, std::span<const std::byte> message) {
    const std::lock_guard lock(mutex_);
    messages_[{from, to}].emplace_back(message.begin(), message.end());
    changed_.notify_all();
  }
  std::vector<std::byte> Get(int from, int to) {
    std::unique_lock lock(mutex_);
    auto& waiting = messages_[{from, to}];
    WaitUntil(lock, [&] { return !waiting.empty(); });
    std::vector<std::byte> message = std::move(waiting.front());
    waiting.pop_front();
    return message;
  }
  void WaitForAll() {
    std::unique_lock lock(mutex_);
    ++finished_;
    changed_.notify_all();
    WaitUntil(lock, [&] { return finished_ == size_; });
  }
  void Stop() {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    changed_.notify_all();
  }

 private:
  template <typename Condition>
  void WaitUntil(std::unique_lock<std::mutex>& lock, const Condition& condition) {
    changed_.wait(lock, [&] { return is_stopped_ || condition(); });
    if (is_stopped_) throw Error(ErrorKind::kCancelled, "another rank has stopped");
  }

  const int size_;
  BlockCounter counter_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<int, int>, std::deque<std::vector<std::byte>>> messages_;
  int finished_ = 0;
  bool is_stopped_ = false;
};

namespace {

class LocalCommunicator final : public Communicator {
 public:
  LocalCommunicator(std::shared_ptr<LocalCluster::Shared> shared, int rank)
      : shared_(std::move(shared)), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return shared_->size(); }
  void Send(int to, std::span<const std::byte> message) override {
    shared_->Put(rank_, to, message);
  }
  std::vector<std::byte> Receive(int from) override { return shared_->Get(from, rank_); }
  Block TakeBlock(int64_t job, int64_t items) override { return shared_->Take(job, items); }
  void Finish() override { shared_->WaitForAll(); }

 private:
  std::shared_ptr<LocalCluster::Shared> shared_;
  int rank_;
};

}  // namespace

LocalCluster::LocalCluster(int size) : shared_(std::make_shared<Shared>(size)) {
  MILAN_CHECK(size >= 1, "a cluster without ranks");
}

std::unique_ptr<Communicator> LocalCluster::Join(int rank) const {
  return std::make_unique<LocalCommunicator>(shared_, rank);
}

void LocalCluster::Stop() const { shared_->Stop(); }

}  // namespace milan
