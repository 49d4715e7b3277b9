#include "milan/captioner/bundle.h"

#include <cmath>
#include <optional>
#include <utility>

#include "milan/base/error.h"
#include "milan/captioner/bundle_confidence.h"
#include "milan/captioner/bundle_files.h"

namespace milan {

struct Bundle::State {
  std::string name;
  std::string hash;
  Captioner captioner;
  Encoder encoder;
  std::optional<Calibration> calibration;
};

namespace {

/// Room for another libtorch, BLAS or processor; the texts themselves must be equal.
constexpr double kScoreTolerance = 1e-2;

void CheckSelfTest(const Path& folder, const Captioner& captioner, const BundleManifest& manifest) {
  const Array features = ReadSelfTestFeatures(folder);
  if (features.shape.size() != 2 || features.shape[0] < 1 ||
      features.shape[1] != FeaturesOf(manifest.decoder)) {
    throw InputError(folder.string() + ": the self-test's features have the shape " +
                     ToString(features.shape));
  }
  const SelfTestResult result = RunSelfTest(captioner, features);
  const bool is_close = std::abs(result.pmi - manifest.self_test_pmi) <= kScoreTolerance;
  if (result.description != manifest.self_test_description || !is_close) {
    throw InputError(folder.string() + ": the bundle's self-test gives '" + result.description +
                     "' (" + std::to_string(result.pmi) + ") instead of '" +
                     manifest.self_test_description + "' (" +
                     std::to_string(manifest.self_test_pmi) +
                     "): the bundle or the libraries of this machine are broken");
  }
}

}  // namespace

Bundle Bundle::Open(const Path& folder, const EngineOptions& engine) {
  const BundleManifest manifest = ReadBundleManifest(folder);
  Captioner captioner = ReadCaptioner(folder, manifest);
  Encoder encoder = Encoder::Open(folder / "encoder.onnx", engine);
  if (encoder.feature_size() != FeaturesOf(manifest.decoder)) {
    throw InputError(folder.string() + ": the encoder gives " +
                     std::to_string(encoder.feature_size()) + " features, the decoder takes " +
                     std::to_string(FeaturesOf(manifest.decoder)));
  }
  CheckSelfTest(folder, captioner, manifest);
  return Bundle(std::make_unique<State>(
      State{manifest.name, HashBundle(folder), std::move(captioner), std::move(encoder),
            ReadCalibration(folder, FeaturesOf(manifest.decoder))}));
}

Bundle::Bundle(std::unique_ptr<State> state) : state_(std::move(state)) {}
Bundle::~Bundle() = default;
Bundle::Bundle(Bundle&&) noexcept = default;
Bundle& Bundle::operator=(Bundle&&) noexcept = default;

const std::string& Bundle::name() const { return state_->name; }
const std::string& Bundle::hash() const { return state_->hash; }
const Captioner& Bundle::captioner() const { return state_->captioner; }
const Encoder& Bundle::encoder() const { return state_->encoder; }
const Calibration* Bundle::calibration() const {
  return state_->calibration ? &*state_->calibration : nullptr;
}

}  // namespace milan
