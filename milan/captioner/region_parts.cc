#include "milan/captioner/region_parts.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "milan/base/error.h"
#include "milan/captioner/region_features.h"

namespace milan {
namespace {

/// Grid on which a mask's place and form are measured: as fine as the finest level of most
/// encoders.
constexpr int kGrid = 56;

/// How much of each source interval of an axis a cell covers: first index and shares.
struct Cell {
  int first = 0;
  std::vector<float> shares;  ///< Their sum is 1.
};

std::vector<Cell> CellsOf(int source_size, int size) {
  std::vector<Cell> cells(static_cast<size_t>(size));
  const double width = static_cast<double>(source_size) / size;
  for (int i = 0; i < size; ++i) {
    const double begin = i * width;
    const double end = begin + width;
    Cell& cell = cells[static_cast<size_t>(i)];
    cell.first = static_cast<int>(begin);
    const int last = std::min(static_cast<int>(std::ceil(end - 1e-9)), source_size);
    for (int j = cell.first; j < last; ++j) {
      const double covered = std::min<double>(j + 1, end) - std::max<double>(j, begin);
      cell.shares.push_back(static_cast<float>(covered / width));
    }
  }
  return cells;
}

PoolingWeights ToWeights(std::span<const float> coverage) {
  PoolingWeights pooling;
  double sum = 0;
  for (size_t i = 0; i < coverage.size(); ++i) {
    if (coverage[i] <= 0) continue;
    pooling.positions.push_back(static_cast<int32_t>(i));
    pooling.weights.push_back(coverage[i]);
    sum += coverage[i];
  }
  for (float& weight : pooling.weights) weight = static_cast<float>(weight / sum);
  return pooling;
}

/// Moments of a mask on a grid whose sides run from -1 to 1.
struct Moments {
  double area = 0;  ///< Share of the photo.
  double x = 0, y = 0;
  double xx = 0, yy = 0, xy = 0;  ///< About the centre.
  double touched = 0;             ///< Share of cells with any of the mask.
};

Moments MomentsOf(std::span<const float> grid) {
  Moments m;
  double sum = 0;
  for (int row = 0; row < kGrid; ++row) {
    for (int column = 0; column < kGrid; ++column) {
      const double value = grid[static_cast<size_t>(row * kGrid + column)];
      if (value <= 0) continue;
      const double x = 2.0 * column / (kGrid - 1) - 1;
      const double y = 2.0 * row / (kGrid - 1) - 1;
      sum += value;
      m.touched += 1;
      m.x += value * x;
      m.y += value * y;
      m.xx += value * x * x;
      m.yy += value * y * y;
      m.xy += value * x * y;
    }
  }
  constexpr double kCells = kGrid * kGrid;
  m.area = sum / kCells;
  m.touched /= kCells;
  if (sum <= 0) return m;
  m.x /= sum;
  m.y /= sum;
  m.xx = m.xx / sum - m.x * m.x;
  m.yy = m.yy / sum - m.y * m.y;
  m.xy = m.xy / sum - m.x * m.y;
  return m;
}

/// Length of the mask's outline in sides of the photo: how much neighbouring cells differ.
double OutlineOf(std::span<const float> grid) {
  double sum = 0;
  for (size_t row = 0; row < kGrid; ++row) {
    for (size_t column = 0; column < kGrid; ++column) {
      const float value = grid[row * kGrid + column];
      if (column + 1 < kGrid) sum += std::abs(grid[row * kGrid + column + 1] - value);
      if (row + 1 < kGrid) sum += std::abs(grid[(row + 1) * kGrid + column] - value);
    }
  }
  return sum / kGrid;
}

void DescribeShape(std::span<const uint8_t> mask, int mask_height, int mask_width,
                   std::span<float> output) {
  const std::vector<float> coarse =
      Coverage(mask, mask_height, mask_width, kShapeCells, kShapeCells);
  std::copy(coarse.begin(), coarse.end(), output.begin());
  const std::vector<float> grid = Coverage(mask, mask_height, mask_width, kGrid, kGrid);
  const Moments m = MomentsOf(grid);
  const double outline = OutlineOf(grid);
  const std::array<double, 9> values = {std::log(m.area + 1e-3),
                                        m.x,
                                        m.y,
                                        std::sqrt(std::max(0.0, m.xx)),
                                        std::sqrt(std::max(0.0, m.yy)),
                                        4 * m.xy,
                                        outline,
                                        outline / (std::sqrt(m.area) + 0.02),
                                        m.touched};
  std::transform(values.begin(), values.end(), output.begin() + kShapeCells * kShapeCells,
                 [](double value) { return static_cast<float>(value); });
}

}  // namespace

Regions ParseRegions(const std::string& name, const std::string& file) {
  if (name == "masked") return Regions::kMasked;
  if (name == "in context") return Regions::kInContext;
  throw InputError(file + ": member 'regions' is '" + name + "'; it is 'masked' or 'in context'");
}

int64_t RegionFeatureSize(Regions regions, int64_t channels) {
  return regions == Regions::kMasked ? channels : 2 * channels + kShapeFeatures;
}

std::vector<float> Coverage(std::span<const uint8_t> mask, int mask_height, int mask_width,
                            int height, int width) {
  const std::vector<Cell> rows = CellsOf(mask_height, height);
  const std::vector<Cell> columns = CellsOf(mask_width, width);
  std::vector<float> coverage;
  coverage.reserve(static_cast<size_t>(height) * static_cast<size_t>(width));
  std::vector<float> line(static_cast<size_t>(mask_width));
  for (const Cell& row : rows) {
    std::fill(line.begin(), line.end(), 0.0F);
    for (size_t j = 0; j < row.shares.size(); ++j) {
      const uint8_t* source =
          mask.data() + (static_cast<size_t>(row.first) + j) * static_cast<size_t>(mask_width);
      for (size_t x = 0; x < line.size(); ++x) {
        line[x] += row.shares[j] * static_cast<float>(source[x]);
      }
    }
    for (const Cell& column : columns) {
      float sum = 0;
      for (size_t j = 0; j < column.shares.size(); ++j) {
        sum += column.shares[j] * line[static_cast<size_t>(column.first) + j];
      }
      coverage.push_back(sum);
    }
  }
  return coverage;
}

std::vector<float> MeanOverPhoto(const ArrayView& level) {
  const auto area = static_cast<size_t>(level.shape[2] * level.shape[3]);
  std::vector<float> means(static_cast<size_t>(level.shape[1]));
  for (size_t channel = 0; channel < means.size(); ++channel) {
    const float* map = level.values.data() + channel * area;
    double sum = 0;
    for (size_t i = 0; i < area; ++i) sum += map[i];
    means[channel] = static_cast<float>(sum / static_cast<double>(area));
  }
  return means;
}

void PoolInContext(std::span<const ArrayView> levels, std::span<const float> photo,
                   std::span<const uint8_t> mask, int mask_height, int mask_width,
                   std::span<float> output) {
  MILAN_CHECK(output.size() == 2 * photo.size() + kShapeFeatures,
              "levels of another size than the features");
  size_t offset = 0;
  for (const ArrayView& level : levels) {
    const auto channels = static_cast<size_t>(level.shape[1]);
    const std::vector<float> coverage =
        Coverage(mask, mask_height, mask_width, static_cast<int>(level.shape[2]),
                 static_cast<int>(level.shape[3]));
    Pool(level, ToWeights(coverage), output.subspan(offset, channels));
    offset += channels;
  }
  std::copy(photo.begin(), photo.end(), output.begin() + static_cast<ptrdiff_t>(offset));
  DescribeShape(mask, mask_height, mask_width, output.subspan(2 * offset));
}

}  // namespace milan
