#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace milan {

/// A sequence of token ids with its score, the sum of its tokens' log-probabilities. Ends with the
/// stop token, or has the greatest length allowed.
struct Hypothesis {
  std::vector<int> tokens;
  double score = 0;
};

struct BeamSearchOptions {
  int beam_size = 50;
  int length = 15;  ///< Longest sequence, the stop token included.
  int start = 0;    ///< Token that the step function gets first; not part of hypotheses.
  int stop = 1;
};

/// Hypotheses to extend by one token, of all searches at once: row s * rows_per_search + i belongs
/// to search s. Rows that a search does not need repeat one of its others; what is returned for
/// them is ignored.
struct SearchStep {
  int64_t rows_per_search = 0;
  std::vector<int> tokens;       ///< Last token of each row.
  std::vector<int64_t> parents;  ///< Row of the previous step that each row extends; in the first
                                 ///< step the search itself (its initial state).
};

/// log-probabilities of every next token [rows, vocabulary], valid until the next call.
using StepFunction = std::function<std::span<const float>(const SearchStep& step)>;

/// `searches` beam searches side by side. Each keeps its `beam_size` best hypotheses after every
/// step; finished ones keep their score and compete with unfinished ones, without normalisation by
/// length (as allennlp, whose per-node limit of `beam_size` can never bind). Equal scores are
/// ordered by the earlier parent, then the smaller token. Returns each search's hypotheses, best
/// first; fewer than `beam_size` when there are not so many sequences.
/// REQUIRES: beam_size, length >= 1.
std::vector<std::vector<Hypothesis>> BeamSearch(int64_t searches, const StepFunction& step,
                                                const BeamSearchOptions& options);

}  // namespace milan
