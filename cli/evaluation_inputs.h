#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"
#include "milan/base/file.h"
#include "milan/evaluate/bert_score.h"
#include "milan/evaluate/evaluation_data.h"

namespace milan {

/// What is evaluated against what, as the user names it.
struct EvaluationRequest {
  std::vector<Path> runs;               ///< Runs, or CSVs of descriptions; one per annotation file.
  std::vector<Path> annotations;        ///< One per network.
  std::vector<std::string> against;     ///< NAME=RUN,RUN,... (or CSVs)
  std::vector<Path> train_annotations;  ///< Of the retrieval baseline; empty: none.
  std::vector<Path> train_exemplars;    ///< The runs they describe.
  Path encoder;                         ///< Of region features; empty: the default bundle's.
  Path feature_cache;
  int workers = 0;
};

/// One network's annotations with all that describes its units.
struct EvaluatedNetwork {
  std::vector<NamedDescriptions> described;
  std::vector<Annotation> annotations;
};

/// Reads everything that the request names; with training annotations, the last set of descriptions
/// is "retrieval". `split` is the one evaluated. Throws kUsage, kInput.
std::vector<EvaluatedNetwork> ReadNetworks(const EvaluationRequest& request,
                                           const std::string& split, Terminal& terminal);

/// The units of all networks together.
EvaluationData JoinNetworks(const std::vector<EvaluatedNetwork>& networks,
                            const AnnotationFilter& filter);

/// An ONNX token encoder behind its WordPiece vocabulary; `layer` names the value to read, or is
/// empty for the network's first output.
TextEncoder OpenTextEncoder(const Path& network, const Path& vocabulary, const std::string& layer,
                            int workers);

}  // namespace milan
