#include "milan/captioner/checkpoint_parts.h"

#include <unordered_map>
#include <utility>

#include "milan/base/error.h"
#include "milan/captioner/torch_tensors.h"
#include "milan/text/utf8.h"

namespace milan {
namespace {

constexpr double kNoDropout = 0;
constexpr int64_t kGates = 4;  ///< Of an LSTM: its matrices lie one below the other.

PickleView PropertiesOf(const PickleView& part) { return part.At("properties"); }

/// The words in the order of their ids. The special ids that follow them must be as always.
std::vector<std::string> ReadWords(const PickleView& indexer, const Path& path) {
  const PickleView properties = PropertiesOf(indexer);
  for (const char* special : {"start", "stop", "pad", "unk"}) {
    if (properties.At(special).AsBool()) continue;
    throw InputError(path.string() + ": its vocabulary has no " + special +
                     " mark; milan's captioners need all four");
  }
  std::vector<std::string> words;
  for (const PickleView& token : PropertiesOf(properties.At("vocab")).At("tokens").Items()) {
    words.push_back(token.AsText());
    if (IsUtf8(words.back())) continue;
    throw InputError(path.string() + ": word " + std::to_string(words.size() - 1) +
                     " of the vocabulary is not UTF-8");
  }
  return words;
}

/// Copies the tensors of a module, which have the same names.
void LoadModule(const StateDict& state, const std::string& prefix, torch::nn::Module& module) {
  const torch::NoGradGuard no_gradient;
  for (auto& item : module.named_parameters()) {
    const Array values = state.Read(prefix + item.key(), item.value().sizes().vec());
    item.value().copy_(ToTensor(values.View()));
  }
}

/// Sizes are taken from the tensors, whose elements are in the file, and every tensor's shape is
/// checked before a module is made: so what the file says cannot ask for more memory than its size.
DecoderSizes ReadDecoderSizes(const StateDict& state, int64_t vocabulary) {
  DecoderSizes sizes;
  sizes.vocabulary = vocabulary;
  sizes.embedding = state.ShapeOf("embedding.weight", 2)[1];
  sizes.hidden = state.ShapeOf("lstm.weight_hh", 2)[1];
  sizes.attention = state.ShapeOf("attend.key_to_hidden.weight", 2)[0];
  sizes.features = state.ShapeOf("attend.key_to_hidden.weight", 2)[1];
  state.Expect("embedding.weight", {vocabulary, sizes.embedding});
  state.Expect("lstm.weight_hh", {kGates * sizes.hidden, sizes.hidden});
  state.Expect("lstm.weight_ih", {kGates * sizes.hidden, sizes.embedding + sizes.features});
  state.Expect("init_h.0.weight", {sizes.hidden, sizes.features});
  state.Expect("init_c.0.weight", {sizes.hidden, sizes.features});
  state.Expect("attend.query_to_hidden.weight", {sizes.attention, sizes.hidden});
  state.Expect("feature_gate.0.weight", {sizes.features, sizes.hidden});
  state.Expect("output.1.weight", {vocabulary, sizes.hidden});
  return sizes;
}

LanguageModelSizes ReadLanguageModelSizes(const StateDict& state, const std::string& prefix,
                                          const Vocabulary& vocabulary) {
  LanguageModelSizes sizes;
  sizes.vocabulary = vocabulary.size();
  sizes.pad = vocabulary.pad();
  sizes.embedding = state.ShapeOf(prefix + "embedding.weight", 2)[1];
  sizes.hidden = state.ShapeOf(prefix + "lstm.weight_hh_l0", 2)[1];
  sizes.layers = 0;
  const auto name = [&](const char* part) {
    return prefix + "lstm." + part + "_l" + std::to_string(sizes.layers);
  };
  for (; state.Has(name("weight_hh")); ++sizes.layers) {
    const int64_t inputs = sizes.layers == 0 ? sizes.embedding : sizes.hidden;
    state.Expect(name("weight_hh"), {kGates * sizes.hidden, sizes.hidden});
    state.Expect(name("weight_ih"), {kGates * sizes.hidden, inputs});
  }
  state.Expect(prefix + "embedding.weight", {sizes.vocabulary, sizes.embedding});
  state.Expect(prefix + "output.0.weight", {sizes.vocabulary, sizes.hidden});
  return sizes;
}

/// For each of `words` its place among `others`; the marks' places follow. Throws when they differ.
std::vector<int64_t> PlacesIn(const std::vector<std::string>& others,
                              const std::vector<std::string>& words, const Path& path) {
  std::unordered_map<std::string, int64_t> places;
  for (const std::string& word : others) {
    places.try_emplace(word, static_cast<int64_t>(places.size()));
  }
  std::vector<int64_t> rows;
  for (const std::string& word : words) {
    const auto found = places.find(word);
    if (found == places.end() || others.size() != words.size()) {
      throw InputError(path.string() + ": the language model has " + std::to_string(others.size()) +
                       " words, the decoder " + std::to_string(words.size()) +
                       ", and they are not the same ('" + word +
                       "'): they belong to two captioners");
    }
    rows.push_back(found->second);
  }
  constexpr int kMarks = 4;
  for (int i = 0; i < kMarks; ++i) rows.push_back(static_cast<int64_t>(rows.size()));
  return rows;
}

void Reorder(const std::vector<int64_t>& rows, torch::Tensor& tensor) {
  const torch::NoGradGuard no_gradient;
  tensor.copy_(tensor.index_select(0, torch::tensor(rows, torch::kLong)));
}

CheckpointSettings ReadSettings(const PickleView& properties) {
  CheckpointSettings settings;
  settings.encoder = PropertiesOf(properties.At("encoder")).At("config").AsText();
  settings.strategy = properties.At("strategy").AsText();
  settings.beam_size = properties.At("beam_size").AsInteger();
  settings.length = properties.At("length").AsInteger();
  settings.temperature = properties.At("temperature").AsNumber();
  return settings;
}

}  // namespace

ImportedDecoder ReadDecoder(const TorchArchive& archive, const StateDict& state) {
  const PickleView properties = PropertiesOf(archive.root());
  if (!properties.Has("encoder")) {
    throw InputError(archive.path().string() +
                     ": is not a decoder (it has no encoder); a language model's file is given "
                     "beside a decoder's, with --language-model");
  }
  ImportedDecoder imported;
  imported.words = ReadWords(properties.At("indexer"), archive.path());
  const Vocabulary vocabulary = Vocabulary::FromTokens(imported.words);
  imported.sizes = ReadDecoderSizes(state, vocabulary.size());
  imported.decoder = Decoder(imported.sizes, kNoDropout);
  LoadModule(state, "", *imported.decoder);
  imported.settings = ReadSettings(properties);
  return imported;
}

ImportedLanguageModel ReadLanguageModel(const PickleView& properties, const StateDict& state,
                                        const std::string& prefix,
                                        const std::vector<std::string>& words) {
  const std::vector<std::string> own = ReadWords(properties.At("indexer"), state.path());
  const std::vector<int64_t> rows = PlacesIn(own, words, state.path());
  ImportedLanguageModel imported;
  imported.sizes = ReadLanguageModelSizes(state, prefix, Vocabulary::FromTokens(words));
  imported.language_model = LanguageModel(imported.sizes, kNoDropout);
  LoadModule(state, prefix, *imported.language_model);
  imported.was_reordered = own != words;
  if (!imported.was_reordered) return imported;
  for (auto& item : imported.language_model->named_parameters()) {
    if (item.key().starts_with("embedding.") || item.key().starts_with("output.")) {
      Reorder(rows, item.value());
    }
  }
  return imported;
}

}  // namespace milan
