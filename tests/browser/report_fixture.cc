// Writes a report for the browser tests: milan_report_fixture FOLDER [UNITS]. FOLDER/report/ is
// made by the real WriteReport from a run that has hostile names, units that are not alive and a
// photo that is gone; FOLDER/plain/ is the same run without descriptions; FOLDER/annotate/ is the
// page for annotators of one layer's first units, FOLDER/blind/ the same without descriptions;
// FOLDER/calibrated/ is a small run whose descriptions have confidences; FOLDER/few/ is a run over
// four photos.

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>

#include "milan/base/progress.h"
#include "milan/report/annotation_page.h"
#include "milan/report/report.h"
#include "milan/report/synthetic_run.h"

namespace {

void WriteReports(const milan::Path& folder, int64_t units) {
  milan::SyntheticRunOptions options;
  options.photos = 40;
  options.layers = {{"conv1", units / 4, 28},
                    {"/layer1/Relu_output_0", units / 4, 14},
                    {"layer2 \"quoted\" & <b>bold</b> 100%", units / 4, 7},
                    {"fc", units / 4, 1}};
  const milan::Run run = milan::MakeSyntheticRun(folder, options);
  std::filesystem::remove(run.PhotoPath(7));
  milan::NoProgress progress;
  milan::WriteReport(run, milan::MakeSyntheticDescriptions(run), folder / "report", {}, progress);
  milan::WriteReport(run, {}, folder / "plain", {}, progress);
  milan::AnnotationPageOptions annotation;
  annotation.seed = 7;
  for (int64_t unit = 0; unit < 16; ++unit) {
    annotation.units.push_back({"layer2 \"quoted\" & <b>bold</b> 100%", unit});
  }
  milan::WriteAnnotationPage(run, milan::MakeSyntheticDescriptions(run), folder / "annotate",
                             annotation, progress);
  milan::WriteAnnotationPage(run, {}, folder / "blind", annotation, progress);
}

void WriteCalibrated(const milan::Path& folder) {
  milan::SyntheticRunOptions options;
  options.photos = 40;
  options.layers = {{"conv1", 60, 14}};
  const milan::Run run = milan::MakeSyntheticRun(folder / "small", options);
  milan::Descriptions descriptions = milan::MakeSyntheticDescriptions(run);
  milan::AddSyntheticCalibration(descriptions);
  milan::NoProgress progress;
  milan::WriteReport(run, descriptions, folder / "calibrated", {}, progress);
}

void WriteFew(const milan::Path& folder) {
  milan::SyntheticRunOptions options;
  options.photos = 4;
  options.layers = {{"conv1", 20, 14}};
  const milan::Run run = milan::MakeSyntheticRun(folder / "four", options);
  milan::NoProgress progress;
  milan::WriteReport(run, milan::MakeSyntheticDescriptions(run), folder / "few", {}, progress);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: milan_report_fixture FOLDER [UNITS]\n";
    return 2;
  }
  try {
    WriteReports(argv[1], argc > 2 ? std::atoll(argv[2]) : 4000);
    WriteCalibrated(argv[1]);
    WriteFew(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
