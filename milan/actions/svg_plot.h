#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "milan/evaluate/interval.h"

namespace milan {

// Plots as SVG text. They carry their own style, which follows the reader's light or dark setting,
// both as files of their own and inside a page; series differ in dashes and marks, not in colour
// alone. All names are escaped.

struct PlotPoint {
  double x = 0;
  Interval y;  ///< `low` and `high` are drawn as a band.
};

struct PlotSeries {
  std::string name;
  std::vector<PlotPoint> points;  ///< x ascending.
  bool is_muted = false;          ///< Drawn grey: what the others are held against.
};

struct LinePlot {
  std::string title;  ///< For readers that do not see it, too.
  std::string x_label;
  std::string y_label;
  std::vector<PlotSeries> series;
  bool is_x_percent = true;  ///< x are shares; y always are.
};
std::string ToSvg(const LinePlot& plot);

/// A bar with its interval.
struct PlotBar {
  std::string name;
  Interval value;
};
/// Small charts beside each other, all on the same scale from 0; each has the same bars.
struct BarPanel {
  std::string title;
  std::vector<PlotBar> bars;
};
struct BarPlot {
  std::string title;
  std::vector<BarPanel> panels;
  int columns = 4;
};
/// Values are shares.
std::string ToSvg(const BarPlot& plot);

/// Round numbers from about `low` to about `high`, both of which they enclose: marks of an axis.
/// Two at least. REQUIRES: finite, low <= high.
std::vector<double> AxisMarks(double low, double high);

}  // namespace milan
