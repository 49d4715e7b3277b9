#include "milan/exemplar/run.h"

#include <charconv>
#include <utility>

#include "milan/base/csv.h"
#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/json.h"
#include "milan/exemplar/run_directions.h"

namespace milan {
namespace {

constexpr const char* kFormat = "milan-run";
constexpr int kVersion = 1;

Json ToJson(const RunLayer& layer) {
  Json json = {{"name", layer.name},
               {"units", layer.units},
               {"height", layer.height},
               {"width", layer.width},
               {"module", layer.module},
               {"stage", layer.stage},
               {"layout", ToString(layer.view.layout)},
               {"file", "exemplars/" + LayerFileName(layer.name) + ".safetensors"}};
  if (!layer.view.IsIdentity()) {
    json["grid"] = {layer.view.grid.height, layer.view.grid.width};
    json["special_tokens"] = {layer.view.grid.before, layer.view.grid.after};
  }
  if (layer.view.layout == Layout::kHeads) {
    json["attention"] = layer.view.attention == AttentionFrom::kClassToken ? "class" : "mean";
  }
  if (!layer.unit_names.empty()) json["unit_names"] = layer.unit_names;
  return json;
}

LayerView ParseView(const Json& json, const std::string& name) {
  LayerView view;
  view.layout = ParseLayout(GetOr<std::string>(json, "layout", "NCHW", name), name);
  if (!view.IsIdentity()) {
    const auto grid = Get<std::vector<int64_t>>(json, "grid", name);
    const auto special = Get<std::vector<int64_t>>(json, "special_tokens", name);
    if (grid.size() != 2 || special.size() != 2) {
      throw InputError(name + ": 'grid' and 'special_tokens' of a layer are two numbers each");
    }
    view.grid = {grid[0], grid[1], special[0], special[1]};
  }
  if (view.layout == Layout::kHeads) {
    const bool is_mean = Get<std::string>(json, "attention", name) == "mean";
    view.attention = is_mean ? AttentionFrom::kMean : AttentionFrom::kClassToken;
  }
  return view;
}

RunLayer ParseLayer(const Json& json, const std::string& name) {
  RunLayer layer = {
      Get<std::string>(json, "name", name),         Get<int64_t>(json, "units", name),
      Get<int64_t>(json, "height", name),           Get<int64_t>(json, "width", name),
      GetOr<std::string>(json, "module", "", name), GetOr<std::string>(json, "stage", "", name)};
  layer.view = ParseView(json, name);
  layer.unit_names = GetOr<std::vector<std::string>>(json, "unit_names", {}, name);
  if (!layer.unit_names.empty() && std::ssize(layer.unit_names) != layer.units) {
    throw InputError(name + ": layer '" + layer.name + "' has " + std::to_string(layer.units) +
                     " units, but " + std::to_string(layer.unit_names.size()) + " names of units");
  }
  return layer;
}

void CheckFormat(const Json& json, const std::string& name) {
  if (GetOr<std::string>(json, "format", "", name) != kFormat) {
    throw InputError(name + ": not a run of milan");
  }
  const int version = Get<int>(json, "version", name);
  if (version < 1 || version > kVersion) {
    throw InputError(name + ": run of format version " + std::to_string(version) +
                     ", but this milan reads up to " + std::to_string(kVersion) +
                     "; use the milan that wrote it, or make the run again");
  }
}

template <typename T>
T ParseNumber(const std::string& text, const CsvTable& table, const std::string& column) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw InputError(table.name + ": column '" + column + "': '" + text + "' is not a number");
  }
  return value;
}

constexpr const char* kPhotoColumns = "id,name,bytes,hash,width,height,failure\n";

std::string LineOf(size_t id, const PhotoRecord& photo) {
  return CsvLine({std::to_string(id), photo.name, std::to_string(photo.bytes), photo.hash,
                  std::to_string(photo.width), std::to_string(photo.height), photo.failure});
}

/// The exemplar set of a layer, held against the rest of the run.
ExemplarSet LoadExemplars(const Run& run, const RunLayer& layer, ExemplarKind kind) {
  const Path path =
      run.folder / ExemplarFolder(kind) / (LayerFileName(layer.name) + ".safetensors");
  ExemplarSet set = ExemplarSet::Load(path);
  if (set.layer != layer.name || set.units != layer.units || set.height != layer.height ||
      set.width != layer.width || set.k != run.manifest.k) {
    throw InputError(path.string() + ": not the exemplars of layer '" + layer.name +
                     "' that run.json speaks of");
  }
  for (const int32_t id : set.photo_ids) {
    if (id >= static_cast<int64_t>(run.photos.size())) {
      throw InputError(path.string() + ": photo " + std::to_string(id) + " is not in photos.csv");
    }
  }
  return set;
}

}  // namespace

RunLayer RunLayerOf(const Layer& layer) {
  const std::string module = layer.modules.empty() ? layer.folded_module : layer.modules.front();
  return {layer.name, layer.units, layer.height, layer.width, module, layer.stage, layer.view};
}

void WriteRunManifest(const Path& folder, const RunManifest& manifest) {
  Json layers = Json::array();
  for (const RunLayer& layer : manifest.layers) layers.push_back(ToJson(layer));
  Json also = Json::array();
  for (const ExemplarKind kind : manifest.also) also.push_back(ToString(kind));
  Json json = {{"format", kFormat},
               {"version", kVersion},
               {"complete", manifest.complete},
               {"milan", manifest.milan_version},
               {"onnx_runtime", manifest.engine_version},
               {"device", manifest.device},
               {"network", {{"path", manifest.network_path}, {"hash", manifest.network_hash}}},
               {"photos",
                {{"path", manifest.photos_path},
                 {"root", manifest.photo_root},
                 {"hash", manifest.photos_hash},
                 {"count", manifest.photo_count},
                 {"skipped", manifest.skipped_count}}},
               {"preprocessing", ParseJson(ToJsonText(manifest.preprocessing), "preprocessing")},
               {"k", manifest.k},
               {"quantile", manifest.quantile},
               {"mask_border", ToString(manifest.border)},
               {"also", also},
               {"shard", {manifest.shard.index, manifest.shard.count}},
               {"layers", layers}};
  if (!manifest.directions.empty()) {
    json["directions"] = ParseJson(ToJsonText(manifest.directions), "directions");
  }
  if (!manifest.constants.empty()) json["network"]["constants"] = manifest.constants;
  if (manifest.latents) json["latents"] = ParseJson(ToJsonText(*manifest.latents), "latents");
  WriteJson(folder / "run.json", json);
}

RunManifest ReadRunManifest(const Path& folder) {
  const Path path = folder / "run.json";
  if (!std::filesystem::exists(path)) {
    throw InputError(folder.string() +
                     ": not a run (it has no run.json); `milan exemplars` makes one");
  }
  const std::string name = path.string();
  const Json json = ReadJson(path);
  CheckFormat(json, name);
  RunManifest manifest;
  manifest.complete = Get<bool>(json, "complete", name);
  manifest.milan_version = Get<std::string>(json, "milan", name);
  manifest.engine_version = Get<std::string>(json, "onnx_runtime", name);
  manifest.device = GetOr<std::string>(json, "device", "cpu", name);  // the first ones had no other
  const Json network = Get<Json>(json, "network", name);
  manifest.network_path = Get<std::string>(network, "path", name);
  manifest.network_hash = Get<std::string>(network, "hash", name);
  manifest.constants = GetOr<std::map<std::string, std::string>>(network, "constants", {}, name);
  if (json.contains("latents")) {
    manifest.latents = ParseLatentRecipe(ToText(json.at("latents")), name);
  }
  const Json photos = Get<Json>(json, "photos", name);
  manifest.photos_path = Get<std::string>(photos, "path", name);
  manifest.photo_root = Get<std::string>(photos, "root", name);
  manifest.photos_hash = Get<std::string>(photos, "hash", name);
  manifest.photo_count = Get<int64_t>(photos, "count", name);
  manifest.skipped_count = Get<int64_t>(photos, "skipped", name);
  manifest.preprocessing = ParsePreprocessing(ToText(Get<Json>(json, "preprocessing", name)), name);
  manifest.k = Get<int64_t>(json, "k", name);
  manifest.quantile = Get<double>(json, "quantile", name);
  manifest.border = ParseMaskBorder(Get<std::string>(json, "mask_border", name));
  for (const std::string& kind : Get<std::vector<std::string>>(json, "also", name)) {
    manifest.also.push_back(ParseExemplarKind(kind));
  }
  const auto shard = Get<std::vector<int>>(json, "shard", name);
  if (shard.size() != 2) throw InputError(name + ": 'shard' is not [index, count]");
  manifest.shard = {shard[0], shard[1]};
  for (const Json& layer : Get<Json>(json, "layers", name)) {
    manifest.layers.push_back(ParseLayer(layer, name));
  }
  const Json directions = GetOr<Json>(json, "directions", Json::array(), name);
  manifest.directions = ParseRunDirections(ToText(directions), name);
  return manifest;
}

std::string ToCsv(const std::vector<PhotoRecord>& photos) {
  std::string text = kPhotoColumns;
  for (size_t id = 0; id < photos.size(); ++id) text += LineOf(id, photos[id]);
  return text;
}

std::string ToCsv(const std::vector<std::optional<PhotoRecord>>& photos) {
  const PhotoRecord unknown;
  std::string text = kPhotoColumns;
  for (size_t id = 0; id < photos.size(); ++id) {
    text += LineOf(id, photos[id] ? *photos[id] : unknown);
  }
  return text;
}

void WritePhotoRecords(const Path& folder, const std::vector<PhotoRecord>& photos) {
  WriteFileAtomically(folder / "photos.csv", ToCsv(photos));
}

std::vector<PhotoRecord> ReadPhotoRecords(const Path& folder) {
  const Path path = folder / "photos.csv";
  return ParsePhotoRecords(ReadFile(path), path.string());
}

std::vector<PhotoRecord> ParsePhotoRecords(std::string_view text, const std::string& file) {
  const CsvTable table = ParseCsv(text, file);
  const size_t id = table.Column("id");
  const size_t name = table.Column("name");
  const size_t bytes = table.Column("bytes");
  const size_t hash = table.Column("hash");
  const size_t width = table.Column("width");
  const size_t height = table.Column("height");
  const size_t failure = table.Column("failure");
  std::vector<PhotoRecord> photos;
  photos.reserve(table.rows.size());
  for (const auto& row : table.rows) {
    if (ParseNumber<uint64_t>(row[id], table, "id") != photos.size()) {
      throw InputError(table.name + ": photo " + row[id] + " in the place of photo " +
                       std::to_string(photos.size()) + "; the ids are 0, 1, 2, ...");
    }
    photos.push_back({row[name], ParseNumber<uint64_t>(row[bytes], table, "bytes"), row[hash],
                      ParseNumber<int>(row[width], table, "width"),
                      ParseNumber<int>(row[height], table, "height"), row[failure]});
  }
  return photos;
}

std::string HashPhotoList(const std::vector<PhotoRecord>& photos) {
  std::string text;
  for (const PhotoRecord& photo : photos) text += photo.name + '\0' + photo.hash + '\n';
  return HashText(text);
}

Run OpenRun(const Path& folder) {
  Run run;
  run.folder = folder;
  run.manifest = ReadRunManifest(folder);
  const Shard& shard = run.manifest.shard;
  if (shard.count > 1) {
    throw InputError(folder.string() + ": is part " + std::to_string(shard.index) + " of " +
                     std::to_string(shard.count) + " of a run; `milan merge` joins the parts");
  }
  if (!run.manifest.complete) {
    throw InputError(folder.string() +
                     ": the run is incomplete; repeat the command that began it to finish it");
  }
  run.photos = ReadPhotoRecords(folder);
  if (static_cast<int64_t>(run.photos.size()) != run.manifest.photo_count) {
    throw InputError(folder.string() + ": photos.csv has " + std::to_string(run.photos.size()) +
                     " photos, run.json says " + std::to_string(run.manifest.photo_count));
  }
  run.photo_root = run.manifest.photo_root;
  if (run.manifest.latents) {
    run.photo_root = std::filesystem::absolute(folder / run.photo_root).lexically_normal();
  }
  return run;
}

PhotoSet Run::Photos() const {
  std::vector<Photo> named;
  named.reserve(photos.size());
  for (const PhotoRecord& record : photos) named.push_back({record.name, record.bytes});
  return FindPhotos(photo_root, std::move(named));
}

ExemplarSet Run::Exemplars(const std::string& layer, ExemplarKind kind) const {
  if (kind != ExemplarKind::kStrongest &&
      std::find(manifest.also.begin(), manifest.also.end(), kind) == manifest.also.end()) {
    throw UsageError(folder.string() + ": has no " + ToString(kind) +
                     " exemplars; `milan exemplars --also " + ToString(kind) + "` keeps them");
  }
  std::string known;
  for (const RunLayer& candidate : manifest.layers) {
    if (candidate.name == layer) return LoadExemplars(*this, candidate, kind);
    known += (known.empty() ? "" : ", ") + candidate.name;
  }
  throw UsageError(folder.string() + ": has no layer '" + layer + "' (its layers: " + known + ")");
}

}  // namespace milan
