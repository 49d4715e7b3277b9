#include "milan/network/edit.h"

#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/base/version.h"
#include "milan/network/graph.h"
#include "milan/network/load_external_data.h"
#include "milan/network/output_shapes.h"
#include "milan/network/zero_weights.h"

namespace milan {
namespace {

const UnitAxis& AxisOf(const std::string& layer, const std::vector<UnitAxis>& layers) {
  for (const UnitAxis& axis : layers) {
    if (axis.layer == layer) return axis;
  }
  MILAN_CHECK(false, "edits were validated");
  return layers.front();
}

Json ToJson(const AppliedEdit& applied) {
  const UnitEdit& edit = applied.edit;
  Json json = {{"layer", edit.layer}, {"unit", edit.unit}};
  if (edit.scale == 0) {
    json["value"] = edit.shift + 0.0F;  // never -0
  } else {
    json["scale"] = edit.scale;
    if (edit.shift != 0) json["shift"] = edit.shift;
  }
  json["method"] = ToString(applied.method);
  return json;
}

/// Adds to what earlier edits have left. What is not milan's under that name is replaced.
void Record(const std::vector<AppliedEdit>& edits, onnx::ModelProto* model) {
  onnx::StringStringEntryProto* entry = nullptr;
  for (auto& property : *model->mutable_metadata_props()) {
    if (property.key() == kEditsKey) entry = &property;
  }
  Json list = Json::array();
  if (entry != nullptr) {
    Json before = Json::parse(entry->value(), nullptr, false);
    if (before.is_array()) list = std::move(before);
  } else {
    entry = model->add_metadata_props();
    entry->set_key(kEditsKey);
  }
  for (const AppliedEdit& edit : edits) {
    Json json = ToJson(edit);
    json["milan"] = Version();
    list.push_back(std::move(json));
  }
  entry->set_value(ToText(list));
}

}  // namespace

std::string ToString(EditMethod method) {
  return method == EditMethod::kWeights ? "weights" : "gate";
}

EditedNetwork Edit(const Network& network, const std::vector<UnitAxis>& layers,
                   const std::vector<UnitEdit>& edits) {
  Validate(edits, layers);
  std::vector<std::string> values;
  for (const UnitAxis& axis : layers) values.push_back(axis.layer);
  if (!values.empty()) (void)network.Tap(values);  // names those that are not there
  onnx::ModelProto model = network.model();
  LoadExternalData(network.folder(), network.name(), &model);
  WeightZeroer zeroer(&model, {values.begin(), values.end()});
  std::vector<AppliedEdit> applied;
  std::vector<UnitEdit> gated;
  for (const UnitEdit& edit : edits) {
    const bool is_zero = edit.scale == 0 && edit.shift == 0;
    const bool by_weights = is_zero && zeroer.Zero(AxisOf(edit.layer, layers), edit.unit);
    applied.push_back({edit, by_weights ? EditMethod::kWeights : EditMethod::kGate});
    if (!by_weights) gated.push_back(edit);
  }
  Record(applied, &model);
  const Network weights_edited(std::move(model), network.name());
  return {WithOutputShapes(WithConstantGates(weights_edited, layers, gated)), std::move(applied)};
}

}  // namespace milan
