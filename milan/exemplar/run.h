#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "milan/base/file.h"
#include "milan/exemplar/exemplar_kind.h"
#include "milan/exemplar/exemplar_set.h"
#include "milan/exemplar/latent_recipe.h"
#include "milan/image/photo_set.h"
#include "milan/image/preprocess.h"
#include "milan/network/layer.h"

namespace milan {

/// What is known of one photo after the tally: a row of photos.csv (docs/formats.md).
struct PhotoRecord {
  std::string name;
  uint64_t bytes = 0;
  std::string hash;  ///< Of the file's content; empty when it could not be read.
  int width = 0;     ///< As decoded, orientation applied; 0 when broken.
  int height = 0;
  std::string failure;  ///< Empty, or why the photo was skipped.
};

/// A layer that a run holds exemplars of.
struct RunLayer {
  std::string name;
  int64_t units = 0;
  int64_t height = 0;
  int64_t width = 0;
  std::string module = {};  ///< The outermost PyTorch module that it is the output of, if known.
  std::string stage = {};   ///< Before or after which activation function, if any.
  /// How its values became maps; of runs that milan did not make, and old ones, the identity.
  LayerView view = {};
  std::vector<std::string> unit_names = {};  ///< One per unit; empty: they have none.
};
/// What a run keeps of a layer.
RunLayer RunLayerOf(const Layer& layer);

/// A file that a run was made with, and what was in it.
struct RunFile {
  std::string path;  ///< As given, made absolute.
  std::string hash;
  friend bool operator==(const RunFile& a, const RunFile& b) { return a.hash == b.hash; }
};

/// Where a layer comes from that is no value of the network's file but directions in a layer's
/// space (milan/network/directions.h).
struct RunDirections {
  std::string layer;  ///< The run's layer that they make.
  std::string of;     ///< The network's layer whose units they combine.
  RunFile weight;
  std::optional<RunFile> bias;    ///< A file of its own.
  std::optional<RunFile> center;  ///< The same.
  bool relu = false;
};
/// What a run keeps of a layer.
RunLayer RunLayerOf(const Layer& layer);

/// Which of `count` parts of the photo set a run holds; 1 of 1 is the whole.
struct Shard {
  int index = 1;
  int count = 1;
  friend bool operator==(const Shard&, const Shard&) = default;
};

/// run.json: the provenance of a run folder. Its presence with `complete` means that photos.csv and
/// every exemplars/<layer>.safetensors are there and whole.
struct RunManifest {
  std::string milan_version;
  std::string engine_version;
  std::string network_path;  ///< As given, made absolute.
  std::string network_hash;
  /// Values of inputs that are no photo's, by name: as given, and the hash of what is in a file.
  std::map<std::string, std::string> constants;
  std::string photos_path;  ///< As given, made absolute.
  std::string
      photo_root;  ///< Folder that the photos' names are relative to; it may be in the run's.
  std::string photos_hash;    ///< Hash over the names and content hashes of all photos, in order.
  int64_t photo_count = 0;    ///< Listed.
  int64_t skipped_count = 0;  ///< Broken ones among them.
  Preprocessing preprocessing;
  std::optional<LatentRecipe> latents;  ///< Of a generator, whose photos are its pictures.
  std::vector<RunLayer> layers;
  std::vector<RunDirections> directions;  ///< Of the layers that are such.
  std::string device = "cpu";  ///< Kind of the device that ran the network: "cpu", "cuda".
  int64_t k = 15;
  double quantile = 0.99;
  MaskBorder border = MaskBorder::kZeros;
  ExemplarKinds also;  ///< Besides the strongest.
  Shard shard;
  bool complete = false;
};

/// A run folder opened for reading: what every later step starts from.
struct Run {
  Path folder;
  RunManifest manifest;
  std::vector<PhotoRecord> photos;
  Path photo_root;

  /// Exemplars of one layer of the run. Throws kUsage naming the layers it has, or the option that
  /// keeps exemplars of that kind.
  ExemplarSet Exemplars(const std::string& layer,
                        ExemplarKind kind = ExemplarKind::kStrongest) const;
  /// Where the photos are now, files or parts of archives: for LoadPhoto. Those that are gone are
  /// failures when they are loaded. Reads the headers of archives, so it is for once per step.
  PhotoSet Photos() const;
  /// Of a photo that is a file of its own; for others only a name.
  Path PhotoPath(size_t id) const { return photo_root / photos[id].name; }
};

void WriteRunManifest(const Path& folder, const RunManifest& manifest);
/// Throws kInput naming the file (missing, not a run, written by a newer version).
RunManifest ReadRunManifest(const Path& folder);
void WritePhotoRecords(const Path& folder, const std::vector<PhotoRecord>& photos);
std::vector<PhotoRecord> ReadPhotoRecords(const Path& folder);
/// The content of photos.csv.
std::string ToCsv(const std::vector<PhotoRecord>& photos);
/// The same where some photos are not known; they have empty rows.
std::string ToCsv(const std::vector<std::optional<PhotoRecord>>& photos);
/// `name` is for errors.
std::vector<PhotoRecord> ParsePhotoRecords(std::string_view text, const std::string& name);

/// Hash over the names and content hashes of all photos, in order.
std::string HashPhotoList(const std::vector<PhotoRecord>& photos);

/// Opens a complete run. Throws kInput: not a run folder, or incomplete (says which command
/// finishes it).
Run OpenRun(const Path& folder);

}  // namespace milan
