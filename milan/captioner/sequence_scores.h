#pragma once

// Private to this module (libtorch).

#include <vector>

#include "milan/captioner/text_decoder.h"

namespace milan {

/// log p(d|E) of each of `sequences` (ending with the stop token, or cut) under each of the sets of
/// exemplars that `memory` is the decoder's of: [sequences][sets]. The first token is preceded by
/// `start`. Beginnings that several sequences share are computed once.
std::vector<std::vector<double>> ScoreUnder(TextDecoder& decoder, const Tensors& memory,
                                            const std::vector<std::vector<int>>& sequences,
                                            int start);

/// log of the mean of exp(values), which may be far below 0. REQUIRES: at least one.
double LogMeanExp(const std::vector<double>& values);

}  // namespace milan
