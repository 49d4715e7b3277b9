// All of milan's MPI. Every call is non-blocking and under one mutex, and who waits sleeps in
// between: a rank that waits for a slow one leaves its processor to others, and the thread that
// hands out blocks is never locked out.

#include "milan/cluster/mpi_cluster.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <thread>

#define OMPI_SKIP_MPICXX 1
#include <mpi.h>

#include "milan/base/error.h"
#include "milan/cluster/block_counter.h"

namespace milan {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

enum Tag { kSize = 1, kPart, kTake, kBlock };
constexpr auto kPause = microseconds(500);

class MpiCommunicator final : public Communicator {
 public:
  explicit MpiCommunicator(size_t largest_part) : largest_part_(largest_part) {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided);
    if (provided < MPI_THREAD_SERIALIZED) throw ResourceError("this MPI does not allow threads");
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    if (rank_ == 0) server_ = std::jthread([this](const std::stop_token& stop) { Serve(stop); });
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void Send(int to, std::span<const std::byte> message) override {
    const uint64_t size = message.size();
    // Synchronous: complete when the other is there. From then on the parts flow.
    Wait([&](MPI_Request* request) {
      MPI_Issend(&size, sizeof(size), MPI_BYTE, to, kSize, MPI_COMM_WORLD, request);
    });
    for (size_t begin = 0; begin < size; begin += largest_part_) {
      const int count = PartSize(size - begin);
      Flow([&](MPI_Request* request) {
        MPI_Isend(message.data() + begin, count, MPI_BYTE, to, kPart, MPI_COMM_WORLD, request);
      });
    }
  }

  std::vector<std::byte> Receive(int from) override {
    uint64_t size = 0;
    Wait([&](MPI_Request* request) {
      MPI_Irecv(&size, sizeof(size), MPI_BYTE, from, kSize, MPI_COMM_WORLD, request);
    });
    std::vector<std::byte> message(size);
    for (size_t begin = 0; begin < size; begin += largest_part_) {
      const int count = PartSize(size - begin);
      Flow([&](MPI_Request* request) {
        MPI_Irecv(message.data() + begin, count, MPI_BYTE, from, kPart, MPI_COMM_WORLD, request);
      });
    }
    return message;
  }

  Block TakeBlock(int64_t job, int64_t items) override {
    if (rank_ == 0) return counter_.Take(job, items, size_);
    const std::lock_guard lock(take_mutex_);
    const std::array<int64_t, 2> question = {job, items};
    std::array<int64_t, 2> answer = {};
    Wait([&](MPI_Request* request) {
      MPI_Isend(question.data(), 2, MPI_INT64_T, 0, kTake, MPI_COMM_WORLD, request);
    });
    Wait([&](MPI_Request* request) {
      MPI_Irecv(answer.data(), 2, MPI_INT64_T, 0, kBlock, MPI_COMM_WORLD, request);
    });
    return {answer[0], answer[1]};
  }

  void Finish() override {
    Wait([](MPI_Request* request) { MPI_Ibarrier(MPI_COMM_WORLD, request); });
    server_ = {};
    MPI_Finalize();
  }

 private:
  int PartSize(size_t left) const { return static_cast<int>(std::min(left, largest_part_)); }

  /// Starts a request and asks for its end, with `pause` in between.
  template <typename Start, typename Pause>
  void Complete(const Start& start, const Pause& pause) {
    MPI_Request request = MPI_REQUEST_NULL;
    int done = 0;
    {
      const std::lock_guard lock(mutex_);
      start(&request);
      MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    }
    while (done == 0) {
      pause();
      const std::lock_guard lock(mutex_);
      MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    }
  }
  /// For what depends on when another rank is ready.
  template <typename Start>
  void Wait(const Start& start) {
    Complete(start, [] { std::this_thread::sleep_for(kPause); });
  }
  /// For data under way: MPI moves them when it is called.
  template <typename Start>
  void Flow(const Start& start) {
    Complete(start, [] { std::this_thread::yield(); });
  }

  /// Rank 0 beside its own work: answers those who ask for blocks.
  void Serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!AnswerOne()) std::this_thread::sleep_for(kPause);
    }
  }
  bool AnswerOne() {
    const std::lock_guard lock(mutex_);
    int is_there = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, kTake, MPI_COMM_WORLD, &is_there, &status);
    if (is_there == 0) return false;
    // Both are a few bytes, which MPI delivers without waiting for the other side.
    std::array<int64_t, 2> question = {};
    MPI_Recv(question.data(), 2, MPI_INT64_T, status.MPI_SOURCE, kTake, MPI_COMM_WORLD, &status);
    const Block block = counter_.Take(question[0], question[1], size_);
    const std::array<int64_t, 2> answer = {block.begin, block.end};
    MPI_Send(answer.data(), 2, MPI_INT64_T, status.MPI_SOURCE, kBlock, MPI_COMM_WORLD);
    return true;
  }

  const size_t largest_part_;
  int rank_ = 0;
  int size_ = 1;
  BlockCounter counter_;
  std::mutex mutex_;       ///< Of every call of MPI.
  std::mutex take_mutex_;  ///< One question at a time.
  std::jthread server_;    ///< Last: it uses the others.
};

}  // namespace

std::unique_ptr<Communicator> JoinMpiCluster(size_t largest_part) {
  MILAN_CHECK(largest_part >= 1 && largest_part <= size_t{1} << 30, "MPI counts are ints");
  return std::make_unique<MpiCommunicator>(largest_part);
}

bool IsInMpiCluster() {
  int is_initialized = 0;
  int is_finalized = 0;
  MPI_Initialized(&is_initialized);
  MPI_Finalized(&is_finalized);
  return is_initialized != 0 && is_finalized == 0;
}

std::string MpiRankName() {
  int rank = 0;
  int size = 1;
  std::array<char, MPI_MAX_PROCESSOR_NAME + 1> host = {};
  int length = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Get_processor_name(host.data(), &length);
  return "rank " + std::to_string(rank) + " of " + std::to_string(size) + " (" + host.data() + ")";
}

void AbortMpiCluster(int exit_code, double patience) {
  MPI_Request request = MPI_REQUEST_NULL;
  int done = 0;
  const auto end = Clock::now() + std::chrono::duration<double>(patience);
  if (patience > 0) MPI_Ibarrier(MPI_COMM_WORLD, &request);
  while (done == 0 && Clock::now() < end) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    std::this_thread::sleep_for(kPause);
  }
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

}  // namespace milan
