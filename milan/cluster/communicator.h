#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace milan {

/// Items [begin, end) of a list.
struct Block {
  int64_t begin = 0;
  int64_t end = 0;
  bool empty() const { return begin >= end; }
};

/// One process ("rank") among those that share a job: what it needs of the others and no more.
/// Everything is bytes. Send and Receive are for one thread at a time, TakeBlock for any.
///
/// A rank that fails throws; its program then ends all others (AbortCluster), so no call here waits
/// for a rank that is gone.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;  ///< From 0; the first one writes what people see.
  virtual int size() const = 0;

  /// Sends a message of any size. May wait until the other receives it.
  virtual void Send(int to, std::span<const std::byte> message) = 0;
  /// The next message of that rank; they come in the order in which they were sent.
  virtual std::vector<std::byte> Receive(int from) = 0;

  /// The next items of a list that no rank has taken yet, in order; empty when there are none left.
  /// Large blocks first, single items at the end, so that ranks of any speed end together. `job`
  /// names the list; all ranks give it the same number of items.
  virtual Block TakeBlock(int64_t job, int64_t items) = 0;

  /// Returns when every rank has called it; nothing may be called afterwards.
  virtual void Finish() = 0;
};

/// Gives every rank the message of rank 0, along a tree. Called by all ranks.
void Broadcast(Communicator& ranks, std::vector<std::byte>& message);
/// Gives every rank the texts of all, in their order. Called by all ranks.
std::vector<std::string> Share(Communicator& ranks, const std::string& text);

/// The processors that this rank may use, divided among the ranks that may use the same ones; at
/// least 1. Called by all ranks.
int ShareOfProcessors(Communicator& ranks);

}  // namespace milan
