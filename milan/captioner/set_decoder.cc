#include "milan/captioner/set_decoder.h"

#include <algorithm>
#include <string>

#include "milan/captioner/principal_components.h"
#include "milan/captioner/torch_tensors.h"

namespace milan {

namespace nn = torch::nn;

namespace {

constexpr int64_t kSummaries = 2;
constexpr double kInitialDeviation = 0.02;
/// Units at a time whose features are prepared: bounds the memory of what lies between.
constexpr int64_t kUnitsPrepared = 128;
/// Embeddings start small, as positions do, and are scaled up to the width of what attention adds.
constexpr double kEmbeddingScale = 4;

/// A random subset of each unit's exemplars, equally many for all.
torch::Tensor SomeExemplars(const torch::Tensor& features, int64_t fewest) {
  const int64_t k = features.size(1);
  const int64_t count =
      torch::randint(std::min(fewest, k), k + 1, {1}, torch::kLong).item<int64_t>();
  const torch::Tensor order =
      torch::rand({features.size(0), k}).argsort(int64_t{1}, false).narrow(1, 0, count);
  return features.gather(1, order.unsqueeze(2).expand({-1, -1, features.size(2)}));
}

/// Some words of the texts so far, but never the start, replaced by the unknown word.
torch::Tensor DropWords(const torch::Tensor& inputs, double probability,
                        const Vocabulary& vocabulary) {
  const torch::Tensor drop =
      (torch::rand(inputs.sizes()) < probability).logical_and(inputs != vocabulary.start());
  return inputs.masked_fill(drop, vocabulary.unknown());
}

/// [texts, vocabulary]: 1 for the words of each text.
torch::Tensor WordSets(const torch::Tensor& targets, const Vocabulary& vocabulary) {
  torch::Tensor sets = torch::zeros({targets.size(0), vocabulary.size()});
  sets.scatter_(1, targets, 1.0F);
  // Start, stop, pad and unknown come after the words.
  sets.narrow(1, vocabulary.start(), vocabulary.size() - vocabulary.start()).zero_();
  return sets;
}

}  // namespace

SetDecoderImpl::SetDecoderImpl(const SetDecoderSizes& sizes, const SetDecoderTraining& training)
    : sizes_(sizes), training_(training) {
  const TransformerSizes blocks = {sizes.width, sizes.heads, training.dropout};
  feature_mean_ = register_buffer("feature_mean", torch::zeros({sizes.features}));
  feature_deviation_ = register_buffer("feature_deviation", torch::ones({sizes.features}));
  read_ = register_module("read", nn::Linear(sizes.features, sizes.hidden));
  project_ = register_module("project", nn::Linear(sizes.hidden, sizes.width));
  drop_ = register_module("drop", nn::Dropout(training.dropout));
  summaries_ = register_parameter("summaries",
                                  torch::randn({1, kSummaries, sizes.width}) * kInitialDeviation);
  for (int64_t i = 0; i < sizes.set_blocks; ++i) {
    set_blocks_.push_back(register_module("set_block" + std::to_string(i), SetBlock(blocks)));
  }
  set_norm_ = register_module("set_norm", nn::LayerNorm(nn::LayerNormOptions({sizes.width})));
  embedding_ = register_module("embedding", nn::Embedding(sizes.vocabulary, sizes.width));
  positions_ = register_parameter("positions",
                                  torch::randn({sizes.length, sizes.width}) * kInitialDeviation);
  for (int64_t i = 0; i < sizes.word_blocks; ++i) {
    word_blocks_.push_back(register_module("word_block" + std::to_string(i), WordBlock(blocks)));
  }
  word_norm_ = register_module("word_norm", nn::LayerNorm(nn::LayerNormOptions({sizes.width})));
  output_ = register_module("output", nn::Linear(sizes.width, sizes.vocabulary));
  word_set_ = register_module("word_set", nn::Linear(sizes.width, sizes.vocabulary));
  const torch::NoGradGuard no_gradient;
  embedding_->weight.normal_(0, 0.05);
}

torch::Tensor SetDecoderImpl::Standard(const torch::Tensor& features) const {
  const torch::Tensor standard =
      Standardized(SignedRoot(features), feature_mean_, feature_deviation_);
  return components_.is_empty() ? standard : standard.matmul(components_->columns);
}

torch::Tensor SetDecoderImpl::BeginTraining(const torch::Tensor& features) {
  const torch::NoGradGuard no_gradient;
  // Statistics of some thousand regions are as good as those of all.
  constexpr int64_t kMostUnits = 2000;
  const int64_t every = (features.size(0) + kMostUnits - 1) / kMostUnits;
  const torch::Tensor some = features.slice(0, 0, features.size(0), every);
  const torch::Tensor roots = SignedRoot(some).view({-1, sizes_.features});
  constexpr double kSmallest = 1e-4;
  feature_mean_.copy_(roots.mean(0));
  feature_deviation_.copy_(roots.std(0, false) + kSmallest);
  if (training_.components < sizes_.features) {
    const torch::Tensor rows = Standard(some).view({-1, sizes_.features});
    const torch::Tensor covariance = rows.t().matmul(rows) / rows.size(0);
    components_ = register_module(
        "components", Components(PrincipalComponents(covariance, training_.components)));
    read_ = replace_module("read", nn::Linear(training_.components, sizes_.hidden));
  }
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& part : features.split(kUnitsPrepared)) parts.push_back(Standard(part));
  return torch::cat(parts);
}

void SetDecoderImpl::FinishTraining() {
  if (components_.is_empty()) return;
  const torch::NoGradGuard no_gradient;
  const nn::Linear along_components = read_;
  read_ = replace_module("read", nn::Linear(sizes_.features, sizes_.hidden));
  read_->weight.copy_(along_components->weight.matmul(components_->columns.t()));
  read_->bias.copy_(along_components->bias);
  unregister_module("components");
  components_ = nullptr;
}

torch::Tensor SetDecoderImpl::EncodeSet(const torch::Tensor& standard) {
  const torch::Tensor exemplars = project_(drop_(torch::gelu(read_(standard))));
  torch::Tensor set = torch::cat({summaries_.expand({standard.size(0), -1, -1}), exemplars}, 1);
  for (SetBlock& block : set_blocks_) set = block(set);
  return set_norm_(set);
}

Tensors SetDecoderImpl::Encode(const torch::Tensor& features) {
  return Remember(EncodeSet(Standard(features)));
}

Tensors SetDecoderImpl::Remember(const torch::Tensor& set) {
  Tensors memory;
  for (WordBlock& block : word_blocks_) {
    const WordBlockImpl::Cache cache = block->Remember(set);
    memory.push_back(cache.keys);
    memory.push_back(cache.values);
  }
  return memory;
}

Tensors SetDecoderImpl::Start(const Tensors& memory) {
  const torch::Tensor nothing = torch::empty({memory[0].size(0), 0, sizes_.width});
  return Tensors(memory.size(), nothing);
}

TextDecoder::Prediction SetDecoderImpl::Next(const Tensors& memory, const torch::Tensor& tokens,
                                             const Tensors& state) {
  Prediction prediction;
  const int64_t position = std::min(state[0].size(1), sizes_.length - 1);
  torch::Tensor x = embedding_(tokens) * kEmbeddingScale + positions_[position];
  for (size_t i = 0; i < word_blocks_.size(); ++i) {
    WordBlockImpl::Cache past = {state[2 * i], state[2 * i + 1]};
    x = word_blocks_[i]->Step(x, {memory[2 * i], memory[2 * i + 1]}, past);
    prediction.state.push_back(past.keys);
    prediction.state.push_back(past.values);
  }
  prediction.log_probabilities = torch::log_softmax(output_(word_norm_(x)), -1);
  return prediction;
}

torch::Tensor SetDecoderImpl::LogProbabilitiesOf(const Tensors& memory,
                                                 const torch::Tensor& inputs) {
  const torch::Tensor places = torch::arange(inputs.size(1)).clamp_max(sizes_.length - 1);
  torch::Tensor x =
      drop_(embedding_(inputs) * kEmbeddingScale + positions_.index_select(0, places));
  for (size_t i = 0; i < word_blocks_.size(); ++i) {
    x = word_blocks_[i]->Whole(x, {memory[2 * i], memory[2 * i + 1]});
  }
  return torch::log_softmax(output_(word_norm_(x)), -1);
}

torch::Tensor SetDecoderImpl::Loss(const torch::Tensor& features, const TextBatch& texts,
                                   const Vocabulary& vocabulary) {
  const torch::Tensor seen = SomeExemplars(features, training_.fewest_exemplars);
  const torch::Tensor set = EncodeSet(seen + training_.feature_noise * torch::randn_like(seen));
  const torch::Tensor log_probabilities = LogProbabilitiesOf(
      Remember(set), DropWords(texts.inputs, training_.word_dropout, vocabulary));
  const torch::Tensor counted = IsCounted(texts.targets, vocabulary);
  const torch::Tensor smooth = (log_probabilities.mean(-1) * counted).sum() / counted.sum();
  const torch::Tensor words = nn::functional::binary_cross_entropy_with_logits(
      word_set_(set.select(1, 0)), WordSets(texts.targets, vocabulary),
      nn::functional::BinaryCrossEntropyWithLogitsFuncOptions().reduction(torch::kSum));
  // A text has some ten words: per word, as the other terms are.
  constexpr double kWordsPerText = 10;
  return (1 - training_.label_smoothing) * MeanLoss(log_probabilities, texts.targets, vocabulary) -
         training_.label_smoothing * smooth +
         training_.word_set_weight * words /
             (kWordsPerText * static_cast<double>(features.size(0)));
}

}  // namespace milan
