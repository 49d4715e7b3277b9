#include "milan/actions/audit_page.h"

#include <algorithm>

#include <fmt/format.h>

#include "milan/actions/exemplar_pictures.h"
#include "milan/text/tokenizer.h"

namespace milan {
namespace {

/// Keeps the reviewer's answers in the browser and gives them back as a table.
constexpr const char* kJudgeScript = R"((() => {
  const key = 'milan-audit/' + document.body.dataset.key + '/';
  const rows = [...document.querySelectorAll('.judge')];
  const keep = (name, value) => { try { localStorage.setItem(key + name, value); } catch { /* private window */ } };
  const kept = (name) => { try { return localStorage.getItem(key + name); } catch { return null; } };
  for (const row of rows) {
    const value = kept(row.dataset.unit);
    for (const input of row.querySelectorAll('input')) {
      input.checked = input.value === value;
      input.addEventListener('change', () => keep(row.dataset.unit, input.value));
    }
  }
  const quoted = (text) => '"' + text.replaceAll('"', '""') + '"';
  document.getElementById('save').addEventListener('click', () => {
    const lines = rows.map((row) => [quoted(row.dataset.layer), row.dataset.number,
      (row.querySelector('input:checked') || {value: ''}).value].join(','));
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob(['layer,unit,judgement\n' + lines.join('\n') + '\n'], {type: 'text/csv'}));
    link.download = 'judgements.csv';
    link.click();
    URL.revokeObjectURL(link.href);
  });
  document.getElementById('saving').hidden = false;
})();
)";

std::string NameOf(const AuditedRun& run) {
  return Path(run.manifest.network_path).filename().string();
}

/// The description with the words marked that speak of the concept.
std::string Marked(const Finding& finding) {
  const std::string& text = finding.description;
  const std::string small = ToLower(text);
  const size_t place = finding.place == 0 && small.size() == text.size()
                           ? small.find(finding.match.found)
                           : std::string::npos;
  if (place == std::string::npos) return EscapeHtml(text);
  const size_t size = finding.match.found.size();
  return EscapeHtml(text.substr(0, place)) + "<mark>" + EscapeHtml(text.substr(place, size)) +
         "</mark>" + EscapeHtml(text.substr(place + size));
}

std::string EvidenceText(const Finding& finding) {
  std::string text;
  switch (finding.match.evidence) {
    case Evidence::kWord:
      text = fmt::format("“{}”", EscapeHtml(finding.match.found));
      break;
    case Evidence::kSynonym:
      text = fmt::format("“{}” means “{}” (WordNet)", EscapeHtml(finding.match.found),
                         EscapeHtml(finding.match.term));
      break;
    case Evidence::kKind:
      text = fmt::format("“{}” is a kind of “{}” (WordNet)", EscapeHtml(finding.match.found),
                         EscapeHtml(finding.match.term));
      break;
    case Evidence::kNear:
      text = fmt::format("“{}” is near “{}” (cosine {:.2f})", EscapeHtml(finding.match.found),
                         EscapeHtml(finding.match.term), finding.match.nearness);
      break;
  }
  if (finding.place > 0) text += fmt::format(", in runner-up {}", finding.place);
  text += fmt::format("; support {:.2f}", finding.support);
  if (finding.confidence.value)
    text += fmt::format("; confidence {:.2f}", *finding.confidence.value);
  if (finding.confidence.reliable) {
    text += *finding.confidence.reliable ? "; reliable" : "; not reliable";
  }
  return text;
}

std::string JudgeHtml(size_t number, const Finding& finding) {
  const std::string layer = EscapeHtml(finding.unit.layer);
  std::string html = fmt::format(
      "<fieldset class=\"judge\" data-unit=\"{0}:{1}\" data-layer=\"{0}\" data-number=\"{1}\">"
      "<legend>Do the photos show it?</legend>",
      layer, finding.unit.unit);
  for (const char* answer : {"yes", "no", "unsure"}) {
    html += fmt::format("<label><input type=\"radio\" name=\"judge{}\" value=\"{}\"> {}</label>",
                        number, answer, answer);
  }
  return html + "</fieldset>";
}

std::string CardHtml(size_t number, const Finding& finding,
                     const std::vector<std::string>& pictures, const UnitLinks& links) {
  std::string html = fmt::format(
      "<article class=\"card\"><h3>{}</h3><p class=\"muted\">{} · {}</p><div class=\"pictures\">",
      Marked(finding), links.Link(finding.unit), EvidenceText(finding));
  for (size_t i = 0; i < pictures.size(); ++i) {
    html += fmt::format("<img loading=\"lazy\" src=\"{}\" alt=\"exemplar {} of {} {}\">",
                        pictures[i], i + 1, EscapeHtml(finding.unit.layer), finding.unit.unit);
  }
  return html + "</div>" + JudgeHtml(number, finding) + "</article>\n";
}

std::string LayerTable(const AuditReport& report) {
  HtmlTable table{
      {"layer", "described", "found", "share (95 %)", "by the word", "weaker only", "as letters"},
      {},
      {false, true, true, true, true, true, true}};
  for (const LayerFindings& layer : report.subject.findings.layers) {
    table.rows.push_back(
        {EscapeHtml(layer.layer), std::to_string(layer.described), std::to_string(layer.strong),
         PercentText(ShareInterval(layer.StrongShare())), std::to_string(layer.by_word),
         std::to_string(layer.weak), std::to_string(layer.as_letters)});
  }
  return ToHtml(table);
}

std::string ComparisonTable(const AuditReport& report) {
  HtmlTable table{{"layer", NameOf(report.subject), NameOf(*report.other), "difference (95 %)", "p",
                   "corrected p", ""},
                  {},
                  {false, true, true, true, true, true, false}};
  const auto count = [](const Share& share) {
    return fmt::format("{} / {}", share.count, share.total);
  };
  for (const ShareComparison& layer : report.comparison->layers) {
    table.rows.push_back(
        {EscapeHtml(layer.layer), count(layer.a), count(layer.b), PointsText(layer.difference),
         PValueText(layer.p_value), PValueText(layer.adjusted),
         layer.IsSignificant() ? "<strong>significant</strong>" : "not significant"});
  }
  const ShareComparison& all = report.comparison->all;
  table.rows.push_back({report.comparison->layers.empty() ? "all units" : "these layers",
                        count(all.a), count(all.b), PointsText(all.difference),
                        PValueText(all.p_value), "", ""});
  return ToHtml(table);
}

std::string PairTable(const AuditReport& report, const Path& folder) {
  const auto strong_text = [](const RunFindings& findings, const UnitName& unit) -> std::string {
    const auto found = std::find_if(
        findings.findings.begin(), findings.findings.end(),
        [&](const Finding& finding) { return finding.IsStrong() && finding.unit == unit; });
    return found == findings.findings.end() ? "–" : Marked(*found);
  };
  const UnitLinks links_a(report.subject.folder, folder);
  const UnitLinks links_b(report.other->folder, folder);
  HtmlTable table{{"unit of " + NameOf(report.subject), "speaks of it",
                   "unit of " + NameOf(*report.other), "speaks of it", "shared photos"},
                  {},
                  {false, false, false, false, true}};
  for (const UnitPair& pair : report.comparison->pairs) {
    const std::string a = strong_text(report.subject.findings, pair.a);
    const std::string b = strong_text(report.other->findings, pair.b);
    if (a == "–" && b == "–") continue;
    table.rows.push_back(
        {links_a.Link(pair.a), a, links_b.Link(pair.b), b, std::to_string(pair.shared)});
  }
  if (table.rows.empty()) return "<p>No pair speaks of it in either network.</p>\n";
  return ToHtml(table);
}

std::string Provenance(const AuditReport& report) {
  const auto& manifest = report.subject.manifest;
  std::string html = fmt::format(
      "<h2>What this says, and what not</h2>\n<p>Descriptions of {} by {}, from the exemplars "
      "among "
      "{} photos. A description is a guess from these photos: what a unit is for may be something "
      "else, and what no photo shows is not found. A unit counts as found when its description has "
      "one of the words (whole, singular or plural){}. Runners-up{} are weaker evidence and not "
      "counted. <em>Support</em> is the part of the likelihood of description and runners-up that "
      "the texts with the concept have; it is no probability that the unit shows it. Intervals of "
      "shares are Wilson's; they take units as independent, which duplicates are not.",
      EscapeHtml(NameOf(report.subject)),
      report.subject.bundle.empty() ? "an unnamed describer" : EscapeHtml(report.subject.bundle),
      manifest.photo_count,
      report.with_word_net ? (report.with_kinds ? ", or by WordNet a synonym or a kind of it"
                                                : ", or by WordNet a synonym")
                           : "; WordNet was not used",
      report.least_nearness ? fmt::format(" and words whose vectors are near (cosine from {:.2f})",
                                          *report.least_nearness)
                            : "");
  if (report.comparison) {
    html += fmt::format(
        " Layers are compared by Fisher's exact test, p-values corrected ({}) for {} layers; pairs "
        "share most of their exemplar photos with each other, and more than chance explains.",
        report.correction == Correction::kHolm ? "Holm" : "Benjamini and Hochberg",
        report.comparison->layers.size());
  }
  return html +
         "</p>\n<p>All findings: <a href=\"findings.csv\">findings.csv</a>, "
         "<a href=\"audit.json\">audit.json</a>, <a href=\"audit.sarif\">audit.sarif</a>.</p>\n";
}

}  // namespace

void WriteAuditPage(const AuditReport& report, const Run& run, const Path& folder,
                    const AuditPageOptions& options, const StagingFolder& staging,
                    Progress& progress) {
  const std::vector<Finding>& findings = report.subject.findings.findings;
  const auto shown = std::min(findings.size(), static_cast<size_t>(options.most_shown));
  std::vector<UnitName> units;
  for (size_t i = 0; i < shown; ++i) units.push_back(findings[i].unit);
  ExemplarPictureOptions pictures;
  pictures.workers = options.workers;
  const auto names = WriteExemplarPictures(run, units, pictures, staging, progress);

  std::string body;
  for (const std::string& sentence : Summarize(report)) {
    body += "<p>" + EscapeHtml(sentence) + "</p>\n";
  }
  body += "<h2>By layer</h2>\n" + LayerTable(report);
  if (report.comparison) {
    body += "<h2>Beside the second network</h2>\n" + ComparisonTable(report);
    if (report.comparison->no_pairs.empty()) {
      body += "<h2>Units that answer to the same photos</h2>\n" + PairTable(report, folder);
    }
  }
  const UnitLinks links(report.subject.folder, folder);
  body += "<h2>Units to judge</h2>\n";
  if (!links.HasReport()) {
    body += "<p class=\"muted\">The run has no report to link to; milan report writes one.</p>\n";
  }
  body +=
      "<p id=\"saving\" hidden>Answers stay in this browser. <button type=\"button\" "
      "id=\"save\">Save them as a table</button></p>\n";
  bool is_weak = false;
  for (size_t i = 0; i < shown; ++i) {
    if (!findings[i].IsStrong() && !is_weak) {
      is_weak = true;
      body += "<h2>Weaker evidence</h2>\n";
    }
    body += CardHtml(i, findings[i], names[i], links);
  }
  if (shown < findings.size()) {
    body +=
        fmt::format("<p class=\"muted\">{} more are in the files.</p>\n", findings.size() - shown);
  }
  if (findings.empty()) body += "<p>None was found.</p>\n";
  std::string page = HtmlPage("Audit: " + report.concept_text + " in " + NameOf(report.subject),
                              body + Provenance(report), kJudgeScript);
  const std::string key =
      EscapeHtml(report.subject.manifest.network_hash + "/" + report.concept_text);
  page.replace(page.find("<body>"), 6, "<body data-key=\"" + key + "\">");
  staging.Write("index.html", page);
}

}  // namespace milan
