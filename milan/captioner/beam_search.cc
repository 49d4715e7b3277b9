#include "milan/captioner/beam_search.h"

#include <algorithm>
#include <cmath>
#include <queue>
#include <utility>

#include "milan/base/error.h"

namespace milan {
namespace {

constexpr int64_t kNoRow = -1;

/// A hypothesis after some step: its last token and where the rest of it is.
struct Node {
  double score = 0;
  int token = 0;
  size_t parent = 0;  ///< Its place in the beam of the step before.
  bool finished = false;
  int64_t row = kNoRow;  ///< Its row in the next step; finished ones have none.
};

using Beam = std::vector<Node>;

/// The better of two nodes of one step, a strict total order: candidates are offered by parent,
/// then token.
bool IsBetter(const Node& a, const Node& b) {
  if (a.score != b.score) return a.score > b.score;
  return a.parent != b.parent ? a.parent < b.parent : a.token < b.token;
}

/// Keeps the best `capacity` of the nodes offered.
class BestNodes {
 public:
  explicit BestNodes(size_t capacity) : capacity_(capacity) {}

  void Offer(const Node& node) {
    if (nodes_.size() < capacity_) {
      nodes_.push(node);
    } else if (IsBetter(node, nodes_.top())) {
      nodes_.pop();
      nodes_.push(node);
    }
  }
  /// Best first.
  Beam Take() {
    Beam beam;
    for (; !nodes_.empty(); nodes_.pop()) beam.push_back(nodes_.top());
    std::reverse(beam.begin(), beam.end());
    return beam;
  }

 private:
  size_t capacity_;
  // The worst node is on top: the "largest" under IsBetter.
  std::priority_queue<Node, std::vector<Node>, decltype(&IsBetter)> nodes_{&IsBetter};
};

Beam Extend(const Beam& beam, std::span<const float> log_probabilities, size_t vocabulary,
            const BeamSearchOptions& options) {
  BestNodes best(static_cast<size_t>(options.beam_size));
  for (size_t i = 0; i < beam.size(); ++i) {
    const Node& node = beam[i];
    if (node.finished) {
      best.Offer({node.score, options.stop, i, true});
      continue;
    }
    const auto row = log_probabilities.subspan(static_cast<size_t>(node.row) * vocabulary);
    for (size_t token = 0; token < vocabulary; ++token) {
      const double score = node.score + row[token];
      if (!std::isfinite(score)) continue;
      const int id = static_cast<int>(token);
      best.Offer({score, id, i, id == options.stop});
    }
  }
  return best.Take();
}

int64_t CountUnfinished(const Beam& beam) {
  return std::count_if(beam.begin(), beam.end(), [](const Node& node) { return !node.finished; });
}

/// Lays the unfinished hypotheses of all searches out in rows. Every search gets as many rows as
/// the one with the most, so that a step is one dense block; finished hypotheses cost nothing.
SearchStep LayOut(std::vector<Beam>& beams, const std::vector<Beam>& previous) {
  SearchStep step;
  for (const Beam& beam : beams) {
    step.rows_per_search = std::max(step.rows_per_search, CountUnfinished(beam));
  }
  const auto rows = static_cast<size_t>(step.rows_per_search) * beams.size();
  step.tokens.resize(rows);
  step.parents.resize(rows);
  for (size_t search = 0; search < beams.size(); ++search) {
    const auto first = static_cast<int64_t>(search) * step.rows_per_search;
    int64_t row = first;
    for (Node& node : beams[search]) {
      if (node.finished) continue;
      node.row = row;
      step.tokens[static_cast<size_t>(row)] = node.token;
      step.parents[static_cast<size_t>(row)] = previous[search][node.parent].row;
      ++row;
    }
    // A search that needs fewer rows repeats an arbitrary one of its own, for a valid state.
    const int64_t spare = row > first ? step.parents[static_cast<size_t>(first)] : 0;
    for (; row < first + step.rows_per_search; ++row) {
      step.tokens[static_cast<size_t>(row)] = 0;
      step.parents[static_cast<size_t>(row)] = spare;
    }
  }
  return step;
}

std::vector<Hypothesis> Trace(const std::vector<std::vector<Beam>>& history, size_t search,
                              int stop) {
  std::vector<Hypothesis> hypotheses;
  for (const Node& last : history.back()[search]) {
    Hypothesis hypothesis{{}, last.score};
    const Node* node = &last;
    for (size_t step = history.size() - 1; step > 0; --step) {
      hypothesis.tokens.push_back(node->token);
      node = &history[step - 1][search][node->parent];
    }
    std::reverse(hypothesis.tokens.begin(), hypothesis.tokens.end());
    const auto end = std::find(hypothesis.tokens.begin(), hypothesis.tokens.end(), stop);
    if (end != hypothesis.tokens.end()) hypothesis.tokens.erase(end + 1, hypothesis.tokens.end());
    hypotheses.push_back(std::move(hypothesis));
  }
  return hypotheses;
}

}  // namespace

std::vector<std::vector<Hypothesis>> BeamSearch(int64_t searches, const StepFunction& step,
                                                const BeamSearchOptions& options) {
  MILAN_CHECK(options.beam_size >= 1 && options.length >= 1, "beam search without a beam");
  const auto count = static_cast<size_t>(searches);
  if (count == 0) return {};
  SearchStep next{1, std::vector<int>(count, options.start), {}};
  std::vector<Beam> beams;
  for (int64_t i = 0; i < searches; ++i) {
    next.parents.push_back(i);
    beams.push_back({Node{0, options.start, 0, false, i}});
  }
  std::vector<std::vector<Beam>> history = {beams};
  for (int t = 0; t < options.length && next.rows_per_search > 0; ++t) {
    const std::span<const float> log_probabilities = step(next);
    const size_t vocabulary = log_probabilities.size() / next.tokens.size();
    for (Beam& beam : beams) beam = Extend(beam, log_probabilities, vocabulary, options);
    next = LayOut(beams, history.back());
    history.push_back(beams);
  }
  std::vector<std::vector<Hypothesis>> results;
  for (size_t i = 0; i < count; ++i) results.push_back(Trace(history, i, options.stop));
  return results;
}

}  // namespace milan
