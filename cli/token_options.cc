#include "cli/token_options.h"

#include <cstdio>

#include <CLI/CLI.hpp>

#include "milan/base/error.h"

namespace milan {

void AddTokenFlags(CLI::App& command, TokenFlags& flags) {
  const std::string group = "Tokens and attention (default: followed through the network)";
  CLI::Option* grid =
      command.add_option("--grid", flags.grid, "Patches of the photo as HEIGHTxWIDTH, as 14x14")
          ->group(group);
  command
      .add_option("--special-tokens", flags.special_tokens,
                  "Tokens that are no patches: class token, registers")
      ->check(CLI::Range(0, 100000))
      ->needs(grid)
      ->group(group)
      ->capture_default_str();
  command.add_option("--special-position", flags.special, "Where they are among the tokens")
      ->check(CLI::IsMember({"first", "last"}))
      ->needs(grid)
      ->group(group)
      ->capture_default_str();
  command
      .add_option("--attention", flags.attention,
                  "A head's map: the attention of the class token, or the mean over the patches; "
                  "auto: class where there are special tokens")
      ->check(CLI::IsMember({"auto", "class", "mean"}))
      ->group(group)
      ->capture_default_str();
}

TokenOptions ParseTokenFlags(const TokenFlags& flags) {
  TokenOptions options;
  if (!flags.grid.empty()) {
    constexpr int kMost = 100000;
    int height = 0;
    int width = 0;
    int read = 0;
    if (std::sscanf(flags.grid.c_str(), "%dx%d%n", &height, &width, &read) != 2 ||
        read != std::ssize(flags.grid) || height < 1 || width < 1 || height > kMost ||
        width > kMost) {
      throw UsageError("--grid " + flags.grid + ": expected HEIGHTxWIDTH in patches, as in 14x14");
    }
    options.grid = {height, width};
  }
  options.special_tokens = flags.special_tokens;
  options.special_last = flags.special == "last";
  if (flags.attention == "class") options.attention = AttentionFrom::kClassToken;
  if (flags.attention == "mean") options.attention = AttentionFrom::kMean;
  return options;
}

}  // namespace milan
