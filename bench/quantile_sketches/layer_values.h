#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/network/layer.h"

namespace milan {

/// All activations of one layer on some photos: [photo][unit][position].
struct LayerValues {
  size_t photos = 0;
  size_t units = 0;
  size_t positions = 0;
  std::vector<float> values;

  std::span<const float> Map(size_t photo, size_t unit) const {
    return std::span(values).subspan((photo * units + unit) * positions, positions);
  }
};

/// The layers that `milan layers` marks as described by default.
std::vector<Layer> DefaultLayersOf(const Path& network);

/// Runs the network on `count` photos, evenly spread over the set; broken ones are left out.
LayerValues ReadLayer(const Path& network, const std::string& layer, const Path& photos,
                      size_t count);

/// How far the rank of `value` among all values of a unit is from q; 0 where values equal to it
/// span q. Exact: it counts what is smaller and what is equal, as sorting would.
double RankError(const LayerValues& layer, size_t unit, float value, double q);

}  // namespace milan
