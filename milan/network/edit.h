#pragma once

#include <string>
#include <vector>

#include "milan/network/gates.h"
#include "milan/network/network.h"

namespace milan {

/// How an edit is written into a network.
enum class EditMethod {
  kWeights,  ///< The weights that compute the unit are 0; no operator is added.
  kGate      ///< Operators behind the layer change the unit.
};
std::string ToString(EditMethod method);  ///< "weights", "gate"

struct AppliedEdit {
  UnitEdit edit;
  EditMethod method = EditMethod::kGate;
};

struct EditedNetwork {
  Network network;
  std::vector<AppliedEdit> edits;  ///< In the order given.
};

/// Key of the model's metadata under which edits are recorded (docs/formats.md).
inline constexpr const char* kEditsKey = "milan.edits";

/// The network with the edits for good, in ONNX's own operators, for any runtime. A unit that is
/// zeroed has its weights and bias zeroed where the layer is computed from a convolution, a matrix
/// product or a batch normalisation directly or through operators that make 0 of 0, and nothing
/// else reads what lies between; weights that others read, too, are copied first. All other edits
/// become gates (WithConstantGates). External data become part of the network. The edits are added
/// to the model's metadata. Throws as WithConstantGates; kInput for external data that are missing
/// or lie outside of the network's folder.
EditedNetwork Edit(const Network& network, const std::vector<UnitAxis>& layers,
                   const std::vector<UnitEdit>& edits);

}  // namespace milan
