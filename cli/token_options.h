#pragma once

#include <cstdint>
#include <string>

#include "milan/network/interpret_layers.h"

namespace CLI {
class App;
}

namespace milan {

/// How the user says where tokens lie on the photo, where the network does not tell.
struct TokenFlags {
  std::string grid;                ///< --grid HEIGHTxWIDTH; empty: followed through the network.
  int64_t special_tokens = 0;      ///< --special-tokens
  std::string special = "first";   ///< --special-position
  std::string attention = "auto";  ///< --attention
};
void AddTokenFlags(CLI::App& command, TokenFlags& flags);
/// Throws kUsage naming the flag and what it takes.
TokenOptions ParseTokenFlags(const TokenFlags& flags);

}  // namespace milan
