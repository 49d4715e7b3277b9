// Selects layers: the lines before an empty line are patterns, those after it names of layers.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "milan/network/layer.h"
#include "tests/fuzz/must_hold.h"

namespace milan {
namespace {

void Select(std::string_view text) {
  std::vector<std::string> patterns;
  std::vector<Layer> layers;
  bool are_patterns = true;
  while (!text.empty() && patterns.size() < 8 && layers.size() < 64) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (are_patterns && line.empty()) {
      are_patterns = false;
    } else if (are_patterns) {
      patterns.push_back(line);
    } else {
      const Layout layout = line.ends_with('!') ? Layout::kOther : Layout::kMap;
      layers.push_back({line, "Relu", layout, {1, 8, 4, 4}, 8, 4, 4});
    }
  }
  MayThrow([&] {
    const auto selected = SelectLayers(layers, patterns);
    MustHold(selected.size() <= layers.size(), "each layer is selected once");
    for (const Layer& layer : selected)
      MustHold(layer.IsDescribable(), "selected layers have units");
  });
  // A name always selects itself.
  for (const Layer& layer : layers) {
    if (layer.IsDescribable()) {
      MustHold(!SelectLayers(layers, {layer.name}).empty(), "a name selects itself", layer.name);
    }
  }
}

}  // namespace
}  // namespace milan

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  milan::Select({reinterpret_cast<const char*>(data), size});
  return 0;
}
