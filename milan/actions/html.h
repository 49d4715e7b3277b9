#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "milan/base/file.h"
#include "milan/evaluate/interval.h"
#include "milan/text/unit_list.h"

namespace milan {

// The pages of audits, edits and analyses: plain HTML that opens from the disk, loads nothing from
// elsewhere, works without scripts, and follows the reader's light or dark setting.

/// Text as it may stand in HTML or SVG, in attributes too. Control characters, which XML refuses,
/// become spaces.
std::string EscapeHtml(std::string_view text);

/// Cells are HTML: escape what comes from outside. The first column is text, the others too unless
/// `numbers` (by column) says so. Wide tables scroll by themselves.
struct HtmlTable {
  std::vector<std::string> header;  ///< Plain text.
  std::vector<std::vector<std::string>> rows;
  std::vector<bool> numbers;
};
std::string ToHtml(const HtmlTable& table);

/// A whole page. `title` is plain text, `body` HTML, `script` JavaScript or empty.
std::string HtmlPage(const std::string& title, const std::string& body,
                     const std::string& script = "");

/// Links to the cards of a run's units in its report.
class UnitLinks {
 public:
  /// `page_folder` is where the page will lie. Without a report in the run there are no links.
  UnitLinks(const Path& run_folder, const Path& page_folder);

  bool HasReport() const { return !report_.empty(); }
  /// "layer 12" as a link to the unit's card, or as text.
  std::string Link(const UnitName& unit) const;
  /// Address of the unit's card relative to the page; empty without a report.
  std::string Address(const UnitName& unit) const;

 private:
  std::string report_;  ///< Relative address of its index.html, escaped for addresses.
};

/// "12.3 %", "-"; "4.2 % (1.0 to 9.8)"; "+1.2 points (-0.5 to 2.9)"; "0.031", "< 0.001".
std::string PercentText(double share);
std::string PercentText(const Interval& share);
std::string PointsText(const Interval& difference);
std::string PValueText(double p_value);
/// The same in a sentence: "p = 0.031", "p < 0.001".
std::string PEqualsText(double p_value);

/// The path of an address, every byte but unreserved ones and '/' as %XX.
std::string EscapeAddress(std::string_view path, bool keep_slashes = true);

}  // namespace milan
