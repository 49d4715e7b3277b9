#include "milan/actions/svg_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "milan/actions/html.h"

namespace milan {
namespace {

/// Six colours that people with any colour vision tell apart, each with a dash pattern.
constexpr std::array<std::string_view, 6> kDashes = {"", "7 3", "2 3", "9 3 2 3", "4 4", "1 2"};

constexpr std::string_view kStyle = R"(<style>
.plot{--p-ink:#1d1e20;--p-muted:#5c6067;--p-line:#e2dfd6;--p-0:#0a6a64;--p-1:#b3480a;--p-2:#5b4bb5;--p-3:#a02669;--p-4:#6c6a00;--p-5:#0b63b5;font:13px system-ui,"Noto Sans","DejaVu Sans",sans-serif}
@media (prefers-color-scheme:dark){.plot{--p-ink:#ebeae6;--p-muted:#a3a8af;--p-line:#33373d;--p-0:#67d3c8;--p-1:#ffab76;--p-2:#b9aeff;--p-3:#ff9ccb;--p-4:#dcd75a;--p-5:#8cc4ff}}
.plot text{fill:var(--p-muted)}.plot .strong{fill:var(--p-ink)}.plot .grid{stroke:var(--p-line);stroke-width:1}
.plot .series{fill:none;stroke-width:2}.plot .band{opacity:.16;stroke:none}.plot .bar{fill:var(--p-0)}.plot .error{stroke:var(--p-ink);stroke-width:1.2}
</style>
)";

std::string ColourOf(size_t series, bool is_muted) {
  return is_muted ? "var(--p-muted)" : fmt::format("var(--p-{})", series % kDashes.size());
}

std::string Text(double x, double y, std::string_view anchor, const std::string& text,
                 std::string_view attributes = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" {}>{}</text>\n", x, y,
                     anchor, attributes, EscapeHtml(text));
}

std::string Line(double x1, double y1, double x2, double y2, std::string_view class_name) {
  return fmt::format(
      "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", class_name,
      x1, y1, x2, y2);
}

std::string Head(double width, double height, const std::string& title) {
  return fmt::format(
      "<svg class=\"plot\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "width=\"{0:.0f}\" height=\"{1:.0f}\" role=\"img\" "
      "aria-label=\"{2}\">\n{3}<title>{2}</title>\n",
      width, height, EscapeHtml(title), kStyle);
}

std::string MarkText(double value, bool is_percent) {
  return is_percent ? fmt::format("{:g} %", std::round(1e6 * value) / 1e4)
                    : fmt::format("{:g}", std::round(1e6 * value) / 1e6);
}

/// Where values lie in the picture.
struct Frame {
  double left, top, right, bottom;
  std::vector<double> x_marks, y_marks;

  double X(double x) const {
    return left + (right - left) * (x - x_marks.front()) / (x_marks.back() - x_marks.front());
  }
  double Y(double y) const {
    return bottom - (bottom - top) * (y - y_marks.front()) / (y_marks.back() - y_marks.front());
  }
};

Frame FrameOf(const LinePlot& plot, double right, double bottom) {
  double low_x = std::numeric_limits<double>::infinity();
  double high_x = -low_x;
  double low_y = low_x;
  double high_y = high_x;
  for (const PlotSeries& series : plot.series) {
    for (const PlotPoint& point : series.points) {
      low_x = std::min(low_x, point.x);
      high_x = std::max(high_x, point.x);
      low_y = std::min({low_y, point.y.low, point.y.value});
      high_y = std::max({high_y, point.y.high, point.y.value});
    }
  }
  if (!(low_x <= high_x)) low_x = low_y = 0, high_x = high_y = 1;
  return {62, 34, right, bottom, AxisMarks(low_x, high_x), AxisMarks(low_y, high_y)};
}

std::string Axes(const LinePlot& plot, const Frame& frame) {
  std::string svg =
      Text(frame.left, 18, "start", plot.title, "class=\"strong\" font-weight=\"600\"");
  for (const double mark : frame.y_marks) {
    svg += Line(frame.left, frame.Y(mark), frame.right, frame.Y(mark), "grid");
    svg += Text(frame.left - 8, frame.Y(mark) + 4, "end", MarkText(mark, true));
  }
  for (const double mark : frame.x_marks) {
    svg += Text(frame.X(mark), frame.bottom + 18, "middle", MarkText(mark, plot.is_x_percent));
  }
  svg += Text((frame.left + frame.right) / 2, frame.bottom + 38, "middle", plot.x_label);
  const double middle = (frame.top + frame.bottom) / 2;
  svg += Text(14, middle, "middle", plot.y_label,
              fmt::format("transform=\"rotate(-90 14 {:.1f})\"", middle));
  return svg;
}

std::string Curve(const PlotSeries& series, size_t index, const Frame& frame) {
  std::string band;
  std::string curve;
  std::string marks;
  const std::string colour = ColourOf(index, series.is_muted);
  for (const PlotPoint& point : series.points) {
    band += fmt::format("{:.1f},{:.1f} ", frame.X(point.x), frame.Y(point.y.high));
    curve += fmt::format("{:.1f},{:.1f} ", frame.X(point.x), frame.Y(point.y.value));
    marks += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.6\" fill=\"{}\"/>\n",
                         frame.X(point.x), frame.Y(point.y.value), colour);
  }
  for (auto point = series.points.rbegin(); point != series.points.rend(); ++point) {
    band += fmt::format("{:.1f},{:.1f} ", frame.X(point->x), frame.Y(point->y.low));
  }
  return fmt::format(
      "<polygon class=\"band\" points=\"{}\" fill=\"{}\"/>\n"
      "<polyline class=\"series\" points=\"{}\" stroke=\"{}\" "
      "stroke-dasharray=\"{}\"/>\n{}",
      band, colour, curve, colour, kDashes[index % kDashes.size()], marks);
}

/// At the right end of the curves, pushed apart so that they do not overlap.
std::string Names(const LinePlot& plot, const Frame& frame) {
  struct Label {
    double y;
    size_t series;
  };
  std::vector<Label> labels;
  for (size_t i = 0; i < plot.series.size(); ++i) {
    if (plot.series[i].points.empty()) continue;
    labels.push_back({frame.Y(plot.series[i].points.back().y.value) + 4, i});
  }
  std::stable_sort(labels.begin(), labels.end(),
                   [](const Label& a, const Label& b) { return a.y < b.y; });
  constexpr double kLineHeight = 15;
  for (size_t i = 1; i < labels.size(); ++i) {
    labels[i].y = std::max(labels[i].y, labels[i - 1].y + kLineHeight);
  }
  if (!labels.empty()) {  // what was pushed below the frame moves all up again
    double limit = frame.bottom + 4;
    for (size_t i = labels.size(); i-- > 0; limit -= kLineHeight) {
      labels[i].y = std::min(labels[i].y, limit);
    }
  }
  std::string svg;
  for (const Label& label : labels) {
    const PlotSeries& series = plot.series[label.series];
    const std::string colour = ColourOf(label.series, series.is_muted);
    svg += fmt::format(
        "<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{2:.1f}\" y2=\"{1:.1f}\" "
        "stroke=\"{3}\" stroke-width=\"2\" stroke-dasharray=\"{4}\"/>\n",
        frame.right + 8, label.y - 4, frame.right + 34, colour,
        kDashes[label.series % kDashes.size()]);
    svg += Text(frame.right + 40, label.y, "start", series.name, "class=\"strong\"");
  }
  return svg;
}

constexpr double kPanelWidth = 210;
constexpr double kBarHeight = 17;
constexpr double kNameWidth = 92;

std::string Panel(const BarPanel& panel, double left, double top, double scale) {
  std::string svg =
      Text(left, top + 13, "start", panel.title, "class=\"strong\" font-weight=\"600\"");
  double y = top + 20;
  for (const PlotBar& bar : panel.bars) {
    const double zero = left + kNameWidth;
    constexpr size_t kLongestName = 14;
    // The end of a layer's name tells it apart.
    const std::string name = bar.name.size() <= kLongestName
                                 ? bar.name
                                 : "…" + bar.name.substr(bar.name.size() - kLongestName + 1);
    svg += Text(zero - 6, y + 12, "end", name, "font-size=\"11\"");
    svg += fmt::format(
        "<rect class=\"bar\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.1f}\"/>\n",
        zero, y + 2, bar.value.value * scale, kBarHeight - 5);
    const double middle = y + kBarHeight / 2;
    svg +=
        Line(zero + bar.value.low * scale, middle, zero + bar.value.high * scale, middle, "error");
    y += kBarHeight;
  }
  return svg;
}

}  // namespace

std::vector<double> AxisMarks(double low, double high) {
  if (high - low < 1e-9) {
    const double room = std::max(0.01, 0.05 * std::abs(low));
    low -= room;
    high += room;
  }
  constexpr double kWanted = 5;
  const double raw = (high - low) / kWanted;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 2.5, 5.0}) {
    if (factor * power >= raw * (1 - 1e-9)) {
      step = factor * power;
      break;
    }
  }
  const auto first = static_cast<int64_t>(std::floor(low / step + 1e-9));
  const auto last = static_cast<int64_t>(std::ceil(high / step - 1e-9));
  std::vector<double> marks;
  for (int64_t i = first; i <= last; ++i) marks.push_back(static_cast<double>(i) * step);
  return marks;
}

std::string ToSvg(const LinePlot& plot) {
  constexpr double kWidth = 760;
  constexpr double kHeight = 400;
  const Frame frame = FrameOf(plot, 560, kHeight - 52);
  std::string svg = Head(kWidth, kHeight, plot.title) + Axes(plot, frame);
  for (size_t i = 0; i < plot.series.size(); ++i) svg += Curve(plot.series[i], i, frame);
  return svg + Names(plot, frame) + "</svg>\n";
}

std::string ToSvg(const BarPlot& plot) {
  double highest = 0;
  size_t bars = 0;
  for (const BarPanel& panel : plot.panels) {
    bars = std::max(bars, panel.bars.size());
    for (const PlotBar& bar : panel.bars) highest = std::max(highest, bar.value.high);
  }
  const int columns = std::max(1, plot.columns);
  const auto rows = (static_cast<int>(plot.panels.size()) + columns - 1) / columns;
  const double panel_height = 34 + kBarHeight * static_cast<double>(bars);
  constexpr double kTitleHeight = 44;
  const double scale = highest > 0 ? (kPanelWidth - kNameWidth - 16) / highest : 0;
  std::string svg = Head(columns * kPanelWidth, kTitleHeight + rows * panel_height, plot.title);
  svg += Text(0, 18, "start", plot.title, "class=\"strong\" font-weight=\"600\"");
  svg += Text(0, 35, "start",
              fmt::format("bars from 0, the longest interval ends at {:.0f} %", 100 * highest),
              "font-size=\"11\"");
  for (size_t i = 0; i < plot.panels.size(); ++i) {
    const auto place = static_cast<int>(i);
    svg += Panel(plot.panels[i], (place % columns) * kPanelWidth,
                 kTitleHeight + (place / columns) * panel_height, scale);
  }
  return svg + "</svg>\n";
}

}  // namespace milan
