#include <cmath>
#include <functional>
#include <span>

#include <fmt/format.h>

#include "milan/base/csv.h"
#include "milan/base/json.h"
#include "milan/base/npz.h"
#include "milan/exemplar/export_formats.h"

namespace milan {
namespace {

/// Calls `use` with the exemplar set of each layer, one in memory at a time.
void ForEachLayer(const Run& run, const std::vector<std::string>& layers, ExemplarKind kind,
                  Progress& progress, const std::function<void(const ExemplarSet&)>& use) {
  progress.Begin("export", static_cast<int64_t>(layers.size()), "layers");
  for (size_t i = 0; i < layers.size(); ++i) {
    ThrowIfCancelled(progress);
    use(run.Exemplars(layers[i], kind));
    progress.Update(static_cast<int64_t>(i) + 1);
  }
  progress.End();
}

/// The shortest text that reads back as the same float.
std::string Text(float value) { return fmt::format("{}", value); }
std::string JsonNumber(float value) { return std::isfinite(value) ? Text(value) : "null"; }
std::string JsonString(const std::string& text) { return ToText(Json(text)); }

const std::string& PhotoName(const Run& run, const ExemplarSet& set, int64_t unit, int64_t rank) {
  return run.photos[static_cast<size_t>(set.PhotoId(unit, rank))].name;
}

std::string CsvLinesOf(const Run& run, const ExemplarSet& set, int64_t unit) {
  const std::string threshold = Text(set.thresholds[unit]);
  const std::string state = ToString(set.states[unit]);
  const int64_t count = set.CountOf(unit);
  if (count == 0) {  // a unit without exemplars must not be missing from the table
    return CsvLine({set.layer, std::to_string(unit), "", "", "", threshold, state});
  }
  std::string lines;
  for (int64_t rank = 0; rank < count; ++rank) {
    lines += CsvLine({set.layer, std::to_string(unit), std::to_string(rank),
                      PhotoName(run, set, unit, rank), Text(set.activations[unit * set.k + rank]),
                      threshold, state});
  }
  return lines;
}

std::string JsonOf(const Run& run, const ExemplarSet& set, int64_t unit) {
  std::string text = fmt::format(R"({{"unit":{},"state":"{}","threshold":{},"exemplars":[)", unit,
                                 ToString(set.states[unit]), JsonNumber(set.thresholds[unit]));
  for (int64_t rank = 0; rank < set.CountOf(unit); ++rank) {
    text += fmt::format(R"({}{{"rank":{},"photo":{},"activation":{}}})", rank > 0 ? "," : "", rank,
                        JsonString(PhotoName(run, set, unit, rank)),
                        JsonNumber(set.activations[unit * set.k + rank]));
  }
  return text + "]}";
}

}  // namespace

void ExportCsv(const Run& run, const std::vector<std::string>& layers, const Path& folder,
               const ExportOptions& options, Progress& progress) {
  AtomicFile file(folder / "exemplars.csv");
  file.Write(std::string_view("layer,unit,rank,photo,activation,threshold,state\n"));
  ForEachLayer(run, layers, options.kind, progress, [&](const ExemplarSet& set) {
    for (int64_t unit = 0; unit < set.units; ++unit) file.Write(CsvLinesOf(run, set, unit));
  });
  file.Commit();
}

void ExportJson(const Run& run, const std::vector<std::string>& layers, const Path& folder,
                const ExportOptions& options, Progress& progress) {
  const RunManifest& manifest = run.manifest;
  AtomicFile file(folder / "exemplars.json");
  // Written by pieces: as one value in memory, the exemplars of a large network take gigabytes.
  file.Write(
      fmt::format("{{\"format\": \"milan-exemplar-table\",\n\"version\": 1,\n"
                  "\"network\": {},\n\"photo_root\": {},\n\"k\": {},\n\"quantile\": {},\n"
                  "\"layers\": [",
                  JsonString(manifest.network_path), JsonString(run.photo_root.string()),
                  manifest.k, manifest.quantile));
  const char* separator = "\n";
  ForEachLayer(run, layers, options.kind, progress, [&](const ExemplarSet& set) {
    file.Write(fmt::format("{}{{\"layer\": {}, \"height\": {}, \"width\": {}, \"units\": [\n",
                           separator, JsonString(set.layer), set.height, set.width));
    for (int64_t unit = 0; unit < set.units; ++unit) {
      file.Write(JsonOf(run, set, unit) + (unit + 1 < set.units ? ",\n" : "]}"));
    }
    separator = ",\n";
  });
  file.Write(std::string_view("]}\n"));
  file.Commit();
}

void ExportNpz(const Run& run, const std::vector<std::string>& layers, const Path& folder,
               const ExportOptions& options, Progress& progress) {
  ForEachLayer(run, layers, options.kind, progress, [&](const ExemplarSet& set) {
    const Shape places = {set.units, set.k};
    const Shape units = {set.units};
    WriteNpz(folder / (LayerFileName(set.layer) + ".npz"),
             {{"photo_ids", "i4", places, std::as_bytes(std::span(set.photo_ids))},
              {"activations", "f4", places, std::as_bytes(std::span(set.activations))},
              {"maps",
               "f2",
               {set.units, set.k, set.height, set.width},
               std::as_bytes(std::span(set.maps))},
              {"thresholds", "f4", units, std::as_bytes(std::span(set.thresholds))},
              {"minima", "f4", units, std::as_bytes(std::span(set.minima))},
              {"maxima", "f4", units, std::as_bytes(std::span(set.maxima))},
              {"states", "u1", units, std::as_bytes(std::span(set.states))}});
  });
}

}  // namespace milan
