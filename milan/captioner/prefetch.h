#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <utility>

namespace milan {

/// Makes items 0 .. count-1 on threads of their own, up to `ahead` of the one that is asked for.
/// Items come in order, whichever is finished first. `make` runs on several threads at once; what
/// it throws comes out of Next.
template <typename T>
class Prefetch {
 public:
  Prefetch(size_t count, size_t ahead, std::function<T(size_t)> make)
      : count_(count), make_(std::move(make)) {
    for (size_t i = 0; i < ahead; ++i) StartOne();
  }

  /// The next item. REQUIRES: called at most `count` times.
  T Next() {
    T item = coming_.front().get();
    coming_.pop_front();
    StartOne();
    return item;
  }

 private:
  void StartOne() {
    if (started_ == count_) return;
    coming_.push_back(std::async(std::launch::async, make_, started_));
    ++started_;
  }

  size_t count_;
  size_t started_ = 0;
  std::function<T(size_t)> make_;
  std::deque<std::future<T>> coming_;  // last member: its threads use the others until they end
};

}  // namespace milan
