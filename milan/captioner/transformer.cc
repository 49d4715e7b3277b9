#include "milan/captioner/transformer.h"

#include <cmath>

namespace milan {

namespace nn = torch::nn;

namespace {

nn::LayerNorm NewNorm(const TransformerSizes& sizes) {
  return nn::LayerNorm(nn::LayerNormOptions({sizes.width}));
}

}  // namespace

MultiHeadAttentionImpl::MultiHeadAttentionImpl(const TransformerSizes& sizes) : heads(sizes.heads) {
  query = register_module("query", nn::Linear(sizes.width, sizes.width));
  key = register_module("key", nn::Linear(sizes.width, sizes.width));
  value = register_module("value", nn::Linear(sizes.width, sizes.width));
  output = register_module("output", nn::Linear(sizes.width, sizes.width));
  drop = register_module("drop", nn::Dropout(sizes.dropout));
}

torch::Tensor MultiHeadAttentionImpl::forward(const torch::Tensor& x, const torch::Tensor& keys,
                                              const torch::Tensor& values, bool is_causal) {
  const int64_t width = x.size(2);
  const auto split = [&](const torch::Tensor& t) {
    return t.view({t.size(0), t.size(1), heads, width / heads}).transpose(1, 2);
  };
  torch::Tensor scores = torch::matmul(split(query(x)), split(keys).transpose(2, 3)) /
                         std::sqrt(static_cast<double>(width / heads));
  if (is_causal) {
    const torch::Tensor later =
        torch::ones({x.size(1), keys.size(1)}, torch::kBool).triu(1).to(x.device());
    scores = scores.masked_fill(later, -std::numeric_limits<float>::infinity());
  }
  const torch::Tensor weights = drop(torch::softmax(scores, -1));
  const torch::Tensor mixed = torch::matmul(weights, split(values)).transpose(1, 2);
  return output(mixed.reshape({x.size(0), x.size(1), width}));
}

FeedForwardImpl::FeedForwardImpl(const TransformerSizes& sizes) {
  norm = register_module("norm", NewNorm(sizes));
  widen = register_module("widen", nn::Linear(sizes.width, 2 * sizes.width));
  narrow = register_module("narrow", nn::Linear(2 * sizes.width, sizes.width));
  drop = register_module("drop", nn::Dropout(sizes.dropout));
}

torch::Tensor FeedForwardImpl::forward(const torch::Tensor& x) {
  return x + drop(narrow(drop(torch::gelu(widen(norm(x))))));
}

SetBlockImpl::SetBlockImpl(const TransformerSizes& sizes) {
  norm = register_module("norm", NewNorm(sizes));
  attention = register_module("attention", MultiHeadAttention(sizes));
  feed_forward = register_module("feed_forward", FeedForward(sizes));
  drop = register_module("drop", nn::Dropout(sizes.dropout));
}

torch::Tensor SetBlockImpl::forward(const torch::Tensor& x) {
  const torch::Tensor normal = norm(x);
  const torch::Tensor seen = attention(normal, attention->Keys(normal), attention->Values(normal));
  return feed_forward(x + drop(seen));
}

WordBlockImpl::WordBlockImpl(const TransformerSizes& sizes) {
  self_norm = register_module("self_norm", NewNorm(sizes));
  self_attention = register_module("self_attention", MultiHeadAttention(sizes));
  memory_norm = register_module("memory_norm", NewNorm(sizes));
  memory_attention = register_module("memory_attention", MultiHeadAttention(sizes));
  feed_forward = register_module("feed_forward", FeedForward(sizes));
  drop = register_module("drop", nn::Dropout(sizes.dropout));
}

WordBlockImpl::Cache WordBlockImpl::Remember(const torch::Tensor& memory) {
  return {memory_attention->Keys(memory), memory_attention->Values(memory)};
}

torch::Tensor WordBlockImpl::Whole(const torch::Tensor& x, const Cache& memory) {
  const torch::Tensor normal = self_norm(x);
  const torch::Tensor words =
      self_attention(normal, self_attention->Keys(normal), self_attention->Values(normal), true);
  const torch::Tensor y = x + drop(words);
  const torch::Tensor seen = memory_attention(memory_norm(y), memory.keys, memory.values);
  return feed_forward(y + drop(seen));
}

torch::Tensor WordBlockImpl::Step(const torch::Tensor& x, const Cache& memory, Cache& past) {
  const int64_t units = memory.keys.size(0);
  const torch::Tensor normal = self_norm(x).unsqueeze(1);
  past = {torch::cat({past.keys, self_attention->Keys(normal)}, 1),
          torch::cat({past.values, self_attention->Values(normal)}, 1)};
  const torch::Tensor y = x + self_attention(normal, past.keys, past.values).squeeze(1);
  // All rows of a unit attend to its memory at once.
  const torch::Tensor grouped = memory_norm(y).view({units, -1, x.size(1)});
  const torch::Tensor seen = memory_attention(grouped, memory.keys, memory.values);
  return feed_forward(y + seen.reshape_as(y));
}

}  // namespace milan
