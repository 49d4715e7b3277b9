#pragma once

#include <memory>
#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/base/progress.h"
#include "milan/network/engine.h"

namespace milan {

class Captioner;  // decoder + language model + vocabulary; private to this module (uses libtorch)
struct Calibration;  // how sure descriptions are; private to this module
class Encoder;       // the network that gives region features; encoder.h

/// A self-contained captioner on disk (docs/formats.md): bundle.json (format version, vocabulary,
/// hyperparameters, hashes of encoder and training data, scores, self-test), weights.safetensors,
/// encoder.onnx + encoder.json; once calibrated, confidence.json + confidence.safetensors. Opened
/// read-only; thread-safe.
class Bundle {
 public:
  /// Loads and runs the self-test: the sample input stored in the bundle must give the stored
  /// description, so that a broken file or a miscompiled library is noticed before it is believed.
  /// Throws kInput naming file and member: missing, another format version, hash or self-test
  /// wrong.
  static Bundle Open(const Path& folder, const EngineOptions& encoder = {});
  ~Bundle();
  Bundle(Bundle&&) noexcept;
  Bundle& operator=(Bundle&&) noexcept;

  const std::string& name() const;
  /// Hash over the bundle's files: provenance of descriptions.
  const std::string& hash() const;
  const Captioner& captioner() const;
  const Encoder& encoder() const;
  /// Null when the bundle is not calibrated (calibrate.h): its descriptions have no confidence.
  const Calibration* calibration() const;

 private:
  struct State;
  explicit Bundle(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A variable of the environment.
struct Setting {
  std::string name;
  std::string value;
};
/// What the environment lacks for libtorch to compute fast on this machine. Libraries read it when
/// they are loaded, so it takes effect in a process that is started with it. Variables that the
/// user has set are left alone.
std::vector<Setting> LinearAlgebraSettings();

/// A sentence for the user when libtorch runs on a slow BLAS (Debian's netlib instead of OpenBLAS
/// makes the captioner about 30 times slower), with the remedy; empty when all is well.
std::string SlowLinearAlgebraWarning();

}  // namespace milan
