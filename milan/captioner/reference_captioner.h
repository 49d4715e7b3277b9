#pragma once

// For tests: the small captioner whose weights and outputs the parity data hold.

#include <map>
#include <string>
#include <vector>

#include "milan/base/json.h"
#include "milan/base/safetensors.h"
#include "milan/captioner/captioner.h"
#include "milan/captioner/decoder.h"
#include "milan/captioner/torch_tensors.h"
#include "tests/support/npz.h"
#include "tests/support/test_data.h"

namespace milan {

using NpzArrays = std::map<std::string, NpyArray>;

inline Path CaptionerParity(const std::string& name) {
  return SharedData("parity/captioner") / name;
}

inline Decoder ReferenceDecoder(const Vocabulary& vocabulary) {
  Decoder decoder(DecoderSizes{vocabulary.size(), 1024, 16, 24, 24}, 0.1);
  LoadModule(SafetensorsFile(CaptionerParity("decoder_without_encoder.safetensors")), "", *decoder);
  decoder->eval();
  return decoder;
}

inline Captioner ReferenceCaptioner() {
  const Json model = ReadJson(CaptionerParity("model.json"));
  Vocabulary vocabulary =
      Vocabulary::FromTokens(model.at("indexer").at("vocab").get<std::vector<std::string>>());
  const SafetensorsFile weights(CaptionerParity("decoder_without_encoder.safetensors"));
  Decoder decoder = ReferenceDecoder(vocabulary);
  LanguageModel language_model(LanguageModelSizes{vocabulary.size(), vocabulary.pad(), 16, 24, 2},
                               0.2);
  LoadModule(weights, "lm.", *language_model);
  return {std::move(vocabulary), decoder.ptr(), language_model};
}

inline torch::Tensor FloatTensor(const NpyArray& array) {
  const std::vector<float> values = array.AsFloats();
  return ToTensor({array.shape, values});
}

inline torch::Tensor IntegerTensor(const NpyArray& array) {
  return torch::tensor(array.AsIntegers(), torch::kLong).view(array.shape);
}

/// Region features [12, 15, 1024] of the parity data's twelve sets.
inline torch::Tensor ReferenceFeatures() {
  return FloatTensor(ReadNpz(CaptionerParity("encoder_expected.npz")).at("features"));
}

}  // namespace milan
