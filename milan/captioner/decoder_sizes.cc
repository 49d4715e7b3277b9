#include "milan/captioner/decoder_sizes.h"

namespace milan {

std::string ArchitectureOf(const AnyDecoderSizes& sizes) {
  return std::holds_alternative<DecoderSizes>(sizes) ? kPaperArchitecture : kSetArchitecture;
}

int64_t FeaturesOf(const AnyDecoderSizes& sizes) {
  return std::visit([](const auto& any) { return any.features; }, sizes);
}

}  // namespace milan
