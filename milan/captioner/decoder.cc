#include "milan/captioner/decoder.h"

#include <vector>

namespace milan {

namespace nn = torch::nn;

AttentionImpl::AttentionImpl(const DecoderSizes& sizes) {
  query_to_hidden = register_module("query_to_hidden", nn::Linear(sizes.hidden, sizes.attention));
  key_to_hidden = register_module("key_to_hidden", nn::Linear(sizes.features, sizes.attention));
  output = register_module("output", nn::Sequential(nn::Linear(sizes.attention, 1)));
}

torch::Tensor AttentionImpl::forward(const torch::Tensor& hidden, const torch::Tensor& keys) {
  const torch::Tensor query = query_to_hidden(hidden).unsqueeze(2);
  const torch::Tensor scores = output->forward((query + keys.unsqueeze(1)).tanh_());
  return torch::softmax(scores.squeeze(-1), -1);
}

DecoderImpl::DecoderImpl(const DecoderSizes& sizes, double dropout, double weight)
    : regularizer(weight) {
  const int64_t hidden = sizes.hidden;
  init_h =
      register_module("init_h", nn::Sequential(nn::Linear(sizes.features, hidden), nn::Tanh()));
  init_c =
      register_module("init_c", nn::Sequential(nn::Linear(sizes.features, hidden), nn::Tanh()));
  embedding = register_module("embedding", nn::Embedding(sizes.vocabulary, sizes.embedding));
  attend = register_module("attend", Attention(sizes));
  feature_gate = register_module("feature_gate",
                                 nn::Sequential(nn::Linear(hidden, sizes.features), nn::Sigmoid()));
  lstm = register_module("lstm", nn::LSTMCell(sizes.embedding + sizes.features, hidden));
  output = register_module(
      "output", nn::Sequential(nn::Dropout(dropout), nn::Linear(hidden, sizes.vocabulary)));
}

Tensors DecoderImpl::Encode(const torch::Tensor& features) {
  const RegionMemory memory = Prepare(features);
  return {memory.features, memory.keys};
}

Tensors DecoderImpl::Start(const Tensors& memory) {
  const DecoderState state = InitialState({memory[0], memory[1]});
  return {state.hidden, state.cell};
}

TextDecoder::Prediction DecoderImpl::Next(const Tensors& memory, const torch::Tensor& tokens,
                                          const Tensors& state) {
  const Step step = Advance({memory[0], memory[1]}, tokens, {state[0], state[1]});
  return {{step.state.hidden, step.state.cell}, LogProbabilities(step.state.hidden)};
}

torch::Tensor DecoderImpl::Loss(const torch::Tensor& features, const TextBatch& texts,
                                const Vocabulary& vocabulary) {
  const Forced forced = Force(Prepare(features), texts.inputs);
  const torch::Tensor looked = (forced.attention * texts.counts.unsqueeze(2)).sum(1);
  return MeanLoss(forced.log_probabilities, texts.targets, vocabulary) +
         regularizer * (1 - looked).square().mean();
}

RegionMemory DecoderImpl::Prepare(const torch::Tensor& features) {
  return {features, attend->key_to_hidden(features)};
}

DecoderState DecoderImpl::InitialState(const RegionMemory& memory) {
  const torch::Tensor mean = memory.features.mean(1);
  return {init_h->forward(mean), init_c->forward(mean)};
}

DecoderImpl::Step DecoderImpl::Advance(const RegionMemory& memory, const torch::Tensor& tokens,
                                       const DecoderState& state) {
  const int64_t units = memory.features.size(0);
  const int64_t k = memory.features.size(1);
  const torch::Tensor grouped = state.hidden.view({units, -1, state.hidden.size(1)});
  const torch::Tensor attention = attend(grouped, memory.keys);
  const torch::Tensor context =
      torch::bmm(attention, memory.features).view({-1, memory.features.size(2)});
  const torch::Tensor gated = feature_gate->forward(state.hidden) * context;
  const torch::Tensor input = torch::cat({embedding(tokens), gated}, 1);
  auto [hidden, cell] = lstm(input, std::make_tuple(state.hidden, state.cell));
  return {{hidden, cell}, attention.view({-1, k})};
}

torch::Tensor DecoderImpl::LogProbabilities(const torch::Tensor& hidden) {
  return torch::log_softmax(output->forward(hidden), -1);
}

DecoderImpl::Forced DecoderImpl::Force(const RegionMemory& memory, const torch::Tensor& inputs) {
  DecoderState state = InitialState(memory);
  std::vector<torch::Tensor> hidden;
  std::vector<torch::Tensor> attention;
  for (int64_t t = 0; t < inputs.size(1); ++t) {
    Step step = Advance(memory, inputs.select(1, t).contiguous(), state);
    state = step.state;
    hidden.push_back(state.hidden);
    attention.push_back(step.attention);
  }
  // The output layer is the largest product: once for all steps.
  return {LogProbabilities(torch::stack(hidden, 1)), torch::stack(attention, 1)};
}

}  // namespace milan
