#include "milan/cluster/communicator.h"

#include <algorithm>
#include <cstring>

#include <sched.h>
#include <unistd.h>

namespace milan {
namespace {

std::vector<std::byte> ToBytes(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string ToText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The machine and the processors of it that this process may run on.
std::string ProcessorsOfThis(const cpu_set_t& set) {
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  std::string text = host;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (CPU_ISSET(processor, &set)) text += ' ' + std::to_string(processor);
  }
  return text;
}

}  // namespace

void Broadcast(Communicator& ranks, std::vector<std::byte>& message) {
  const int rank = ranks.rank();
  // Rank r has it from r without its lowest bit, and gives it to r plus each lower bit.
  int bit = 1;
  while (bit < ranks.size() && (rank & bit) == 0) bit *= 2;
  if (rank != 0) message = ranks.Receive(rank - bit);
  for (bit /= 2; bit > 0; bit /= 2) {
    if (rank + bit < ranks.size()) ranks.Send(rank + bit, message);
  }
}

std::vector<std::string> Share(Communicator& ranks, const std::string& text) {
  std::string all;
  const auto append = [&](const std::string& one) {
    const uint64_t size = one.size();
    all.append(reinterpret_cast<const char*>(&size), sizeof(size));
    all += one;
  };
  if (ranks.rank() != 0) {
    ranks.Send(0, ToBytes(text));
  } else {
    append(text);
    for (int from = 1; from < ranks.size(); ++from) append(ToText(ranks.Receive(from)));
  }
  std::vector<std::byte> message = ToBytes(all);
  Broadcast(ranks, message);
  all = ToText(message);
  std::vector<std::string> texts;
  for (size_t place = 0; place < all.size();) {
    uint64_t size = 0;
    std::memcpy(&size, all.data() + place, sizeof(size));
    place += sizeof(size);
    texts.push_back(all.substr(place, size));
    place += size;
  }
  return texts;
}

int ShareOfProcessors(Communicator& ranks) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) CPU_SET(0, &set);
  const std::string own = ProcessorsOfThis(set);
  const std::vector<std::string> all = Share(ranks, own);
  const auto sharing = static_cast<int>(std::count(all.begin(), all.end(), own));
  return std::max(1, CPU_COUNT(&set) / sharing);
}

}  // namespace milan
