#include "milan/actions/html.h"

#include <cctype>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

namespace milan {
namespace {

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--paper:#f7f6f2;--card:#fff;--ink:#1d1e20;--muted:#5c6067;--line:#e2dfd6;--accent:#0a6a64;--soft:#d8ebe8;--hit:#ffe58f;--warn:#8a3a00}
@media (prefers-color-scheme:dark){:root{--paper:#121315;--card:#1a1c1f;--ink:#ebeae6;--muted:#a3a8af;--line:#2c2f34;--accent:#67d3c8;--soft:#173a37;--hit:#6a5410;--warn:#ffb27a}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1.5rem clamp(.75rem,2.5vw,2.5rem) 3rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,"Noto Sans","DejaVu Sans",sans-serif}
h1{font-size:clamp(1.3rem,1rem + 1.8vw,2.1rem);line-height:1.2;margin:.2rem 0 .6rem;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2rem 0 .5rem}
p,ul{max-width:85ch}
.brand{color:var(--accent);font-size:.8rem;font-weight:700;letter-spacing:.14em;text-transform:uppercase;margin:0}
.muted{color:var(--muted)}.warn{color:var(--warn)}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
mark{background:var(--hit);color:inherit;border-radius:2px}
.scroll{overflow-x:auto;margin:.6rem 0 1rem;border:1px solid var(--line);border-radius:10px;background:var(--card)}
table{border-collapse:collapse;width:100%;font-size:.93rem}
th,td{padding:.38rem .7rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}
th{color:var(--muted);font-weight:600;white-space:nowrap}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
svg.plot{max-width:100%;height:auto;display:block;margin:.6rem 0}
.card{margin:.8rem 0;padding:.8rem 1rem;border:1px solid var(--line);border-radius:12px;background:var(--card)}
.card h3{margin:0 0 .15rem;font-size:1.06rem}
.pictures{display:flex;flex-wrap:wrap;gap:4px;margin-top:.5rem}
.pictures img{display:block;width:112px;height:auto}
.judge{margin:.5rem 0 0;padding:0;border:0;display:flex;gap:1rem;flex-wrap:wrap;color:var(--muted)}
.judge legend{float:left;padding:0;margin-right:1rem}
button{font:inherit;padding:.35rem .9rem;border:1px solid var(--line);border-radius:8px;background:var(--card);color:var(--ink);cursor:pointer}
)";

bool IsUnreserved(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~';
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return escaped;
}

std::string ToHtml(const HtmlTable& table) {
  const auto class_of = [&](size_t column) {
    return column < table.numbers.size() && table.numbers[column] ? " class=\"number\"" : "";
  };
  std::string html = "<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr>";
  for (size_t i = 0; i < table.header.size(); ++i) {
    html += fmt::format("<th scope=\"col\"{}>{}</th>", class_of(i), EscapeHtml(table.header[i]));
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (size_t i = 0; i < row.size(); ++i)
      html += fmt::format("<td{}>{}</td>", class_of(i), row[i]);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string HtmlPage(const std::string& title, const std::string& body, const std::string& script) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n<title>{0}</title>\n"
      "<link rel=\"icon\" href=\"data:,\">\n<style>{1}</style>\n</head>\n<body>\n"
      "<p class=\"brand\">milan</p>\n<h1>{0}</h1>\n{2}{3}</body>\n</html>\n",
      EscapeHtml(title), kStyle, body, script.empty() ? "" : "<script>\n" + script + "</script>\n");
}

std::string EscapeAddress(std::string_view path, bool keep_slashes) {
  std::string escaped;
  for (const char c : path) {
    if (IsUnreserved(c) || (keep_slashes && c == '/')) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

UnitLinks::UnitLinks(const Path& run_folder, const Path& page_folder) {
  namespace fs = std::filesystem;
  const Path page = run_folder / "report" / "index.html";
  std::error_code ignored;
  if (!fs::exists(page, ignored)) return;
  // Of real places, so that a link through a symbolic link leads back the way it came.
  const Path from = fs::weakly_canonical(fs::absolute(page_folder), ignored);
  report_ = EscapeAddress(
      fs::weakly_canonical(fs::absolute(page), ignored).lexically_relative(from).generic_string());
}

std::string UnitLinks::Address(const UnitName& unit) const {
  if (report_.empty()) return "";
  return fmt::format("{}#{}/{}", report_, EscapeAddress(unit.layer, false), unit.unit);
}

std::string UnitLinks::Link(const UnitName& unit) const {
  const std::string name = fmt::format("{} {}", EscapeHtml(unit.layer), unit.unit);
  if (report_.empty()) return name;
  return fmt::format("<a href=\"{}\">{}</a>", Address(unit), name);
}

std::string PercentText(double share) {
  return std::isfinite(share) ? fmt::format("{:.1f} %", 100 * share) : "–";
}

std::string PercentText(const Interval& share) {
  return fmt::format("{:.1f} % ({:.1f} to {:.1f})", 100 * share.value, 100 * share.low,
                     100 * share.high);
}

std::string PointsText(const Interval& difference) {
  // Not "-0.0".
  const auto points = [](double share) { return std::round(1000 * share) / 10 + 0.0; };
  return fmt::format("{:+.1f} points ({:+.1f} to {:+.1f})", points(difference.value),
                     points(difference.low), points(difference.high));
}

std::string PValueText(double p_value) {
  return p_value < 0.001 ? "< 0.001" : fmt::format("{:.3f}", p_value);
}

std::string PEqualsText(double p_value) {
  return p_value < 0.001 ? "p < 0.001" : "p = " + PValueText(p_value);
}

}  // namespace milan
