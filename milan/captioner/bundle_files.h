#pragma once

// Private to this module (libtorch): the files of a bundle (docs/formats.md).

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/file.h"
#include "milan/captioner/captioner.h"
#include "milan/captioner/decoder_sizes.h"
#include "milan/captioner/encoder.h"

namespace milan {

/// Files that a bundle has once it is calibrated (bundle_confidence.h).
inline constexpr const char* kConfidence = "confidence.json";
inline constexpr const char* kConfidenceTensors = "confidence.safetensors";

/// bundle.json.
struct BundleManifest {
  std::string name;
  std::vector<std::string> words;            ///< Of the vocabulary, in the order of their ids.
  std::vector<std::string> predicted_words;  ///< Of the word predictor; empty: the bundle has none.
  AnyDecoderSizes decoder;
  LanguageModelSizes language_model;
  std::map<std::string, double> scores;  ///< On the validation split.
  std::string training = "{}";           ///< JSON: options, hashes of annotations and encoder.
  std::string self_test_description;     ///< What the stored region features must give ...
  double self_test_pmi = 0;              ///< ... and its score, to 1e-2.
};

/// A description chosen as every bundle's self-test is: beam 50, pmi weight 0.2, 15 tokens.
/// `features` [k, features] of one unit.
struct SelfTestResult {
  std::string description;
  double pmi = 0;
  double margin = 0;  ///< To the next description.
};
SelfTestResult RunSelfTest(const Captioner& captioner, const Array& features);

/// Writes weights.safetensors (half or single precision, with the self-test's region features),
/// encoder.onnx and encoder.json.
void WriteBundleFiles(const Path& folder, const Captioner& captioner, const Encoder& encoder,
                      const Array& self_test_features, bool as_half = true);
/// Writes bundle.json with the hashes of the other files: the bundle is complete only now. It has
/// no calibration.
void WriteBundleManifest(const Path& folder, const BundleManifest& manifest);

/// Reads bundle.json and compares the hashes of the files that it names. Throws kInput naming the
/// file and member: missing, another format, a newer version, changed since it was written.
BundleManifest ReadBundleManifest(const Path& folder);
/// A decoder of these sizes in evaluation mode, its weights not yet set.
std::shared_ptr<TextDecoder> MakeDecoder(const AnyDecoderSizes& sizes);
/// The captioner as stored: decoder and language model of weights.safetensors.
Captioner ReadCaptioner(const Path& folder, const BundleManifest& manifest);
Array ReadSelfTestFeatures(const Path& folder);
/// Whether bundle.json lists the files of a calibration.
bool ListsConfidenceFiles(const Path& folder);
/// Writes bundle.json anew, with the hashes of these files or without them.
void ListConfidenceFiles(const Path& folder, bool are_listed);
/// Hash over all files of a bundle.
std::string HashBundle(const Path& folder);

}  // namespace milan
