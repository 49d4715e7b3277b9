#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/network/network.h"

namespace milan {

/// How a layer's values are arranged.
enum class Layout {
  kMap,     ///< [1, units, height, width]
  kNhwc,    ///< [1, height, width, units]
  kTokens,  ///< One row of units per token: [1, tokens, units] and what is the same in memory.
  kHeads,   ///< Attention probabilities [heads, tokens, tokens]; a unit is a head.
  kVector,  ///< [1, units]: maps of 1 x 1
  kOther    ///< Has no units that milan can describe (scalars, windows, index tensors).
};

std::string ToString(Layout layout);  ///< "NCHW", "NHWC", "tokens", "heads", "vector", "other"
/// Throws kInput, beginning with `name`, for another text.
Layout ParseLayout(const std::string& text, const std::string& name);

/// Where tokens lie on the photo: `before` special tokens (class, registers), then height x width
/// patches row by row, then `after` special tokens.
struct TokenGrid {
  int64_t height = 0;
  int64_t width = 0;
  int64_t before = 0;
  int64_t after = 0;

  int64_t Patches() const { return height * width; }
  int64_t Tokens() const { return before + Patches() + after; }
  friend bool operator==(const TokenGrid&, const TokenGrid&) = default;
};

/// Whose attention a head's map shows.
enum class AttentionFrom {
  kClassToken,  ///< Of the first special token.
  kMean         ///< The mean over all patches.
};

/// How the values of a layer become maps [1, units, height, width]. The identity for kMap and
/// kVector, whose values are maps already.
struct LayerView {
  Layout layout = Layout::kMap;
  TokenGrid grid;                                        ///< Of kNhwc, kTokens and kHeads.
  AttentionFrom attention = AttentionFrom::kClassToken;  ///< Of kHeads.

  bool IsIdentity() const { return layout == Layout::kMap || layout == Layout::kVector; }
  friend bool operator==(const LayerView&, const LayerView&) = default;
};

/// "tokens 14x14 after 1 special", "heads 8x8, attention of the class token"; for people.
std::string ToString(const LayerView& view);

/// A computed value and how it becomes maps.
struct ViewedValue {
  std::string name;
  LayerView view;
};

/// The network tapped at `values`, whose outputs are their maps, in this order: standard operators
/// (Reshape, Slice, Transpose, ReduceMean) appended after each tap do the rest. Throws kUsage as
/// Network::Tap; kInput when the network's operator set is older than 6.
Network TapViews(const Network& network, const std::vector<ViewedValue>& values);

}  // namespace milan
