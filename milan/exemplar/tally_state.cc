#include "milan/exemplar/tally_state.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/safetensors.h"

namespace milan {
namespace {

constexpr const char* kFormat = "milan-tally";
constexpr const char* kVersion = "2";
constexpr const char* kPhotos = "photos";

std::string PrefixOf(size_t layer) { return "layer" + std::to_string(layer) + "."; }

std::string Member(const SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  return found == file.metadata().end() ? "" : found->second;
}

void AddText(SafetensorsWriter& writer, const std::string& name, const std::string& text) {
  writer.Add(name, DataType::kU8, {static_cast<int64_t>(text.size())},
             std::as_bytes(std::span(text)));
}

std::string ReadText(const SafetensorsFile& file, const std::string& name) {
  const auto bytes = file.At(name).As<uint8_t>();
  return {bytes.begin(), bytes.end()};
}

void CheckFormat(const SafetensorsFile& file) {
  const std::string name = file.path().string();
  if (Member(file, "format") != kFormat) throw InputError(name + ": not the state of a tally");
  if (Member(file, "version") != kVersion) {
    throw InputError(name + ": state of version " + Member(file, "version") +
                     "; this milan reads version " + kVersion);
  }
}

bool AreAlike(const LayerStatistics& a, const LayerStatistics& b) {
  return a.units() == b.units() && a.height() == b.height() && a.width() == b.width() &&
         a.kept() == b.kept();
}

void AddPhotos(SafetensorsWriter& writer, const TallyState& state) {
  std::vector<uint8_t> seen;
  for (const auto& photo : state.photos) seen.push_back(photo ? 1 : 0);
  writer.Add<uint8_t>("seen", {static_cast<int64_t>(seen.size())}, seen);
  // There may be a million of them: written from where they are, without another copy.
  const auto text = std::make_shared<const std::string>(ToCsv(state.photos));
  writer.AddStreamed(
      kPhotos, DataType::kU8, {static_cast<int64_t>(text->size())},
      [text](const SafetensorsWriter::ByteSink& sink) { sink(std::as_bytes(std::span(*text))); });
}

void ReadPhotos(const SafetensorsFile& file, TallyState& state) {
  const auto seen = file.At("seen").As<uint8_t>();
  std::vector<PhotoRecord> records =
      ParsePhotoRecords(ReadText(file, kPhotos), file.path().string());
  if (records.size() != seen.size()) {
    throw InputError(file.path().string() + ": tensor 'seen' is not one number per photo");
  }
  for (size_t id = 0; id < seen.size(); ++id) {
    auto& photo = state.photos.emplace_back();
    if (seen[id] != 0) photo = std::move(records[id]);
  }
}

SafetensorsWriter WriterOf(TallyState& state) {
  SafetensorsWriter writer;
  writer.SetMetadata("format", kFormat);
  writer.SetMetadata("version", kVersion);
  writer.SetMetadata("layers", std::to_string(state.layers.size()));
  for (size_t i = 0; i < state.layers.size(); ++i) {
    state.layers[i].Flush();
    state.layers[i].Store(writer, PrefixOf(i));
    AddText(writer, PrefixOf(i) + "name", state.names[i]);
  }
  AddPhotos(writer, state);
  return writer;
}

TallyState Read(const SafetensorsFile& file) {
  CheckFormat(file);
  TallyState state;
  const std::string count = Member(file, "layers");
  for (size_t i = 0; file.Contains(PrefixOf(i) + "sizes"); ++i) {
    state.layers.push_back(LayerStatistics::Restore(file, PrefixOf(i)));
    state.names.push_back(ReadText(file, PrefixOf(i) + "name"));
  }
  if (state.layers.empty() || std::to_string(state.layers.size()) != count) {
    throw InputError(file.path().string() + ": has not the " + count + " layers that it speaks of");
  }
  ReadPhotos(file, state);
  return state;
}

}  // namespace

int64_t TallyState::Seen() const {
  return std::count_if(photos.begin(), photos.end(),
                       [](const auto& photo) { return photo.has_value(); });
}

TallyState EmptyState(const std::vector<Layer>& layers, size_t photo_count,
                      const KeptPhotos& kept) {
  TallyState state;
  for (const Layer& layer : layers) {
    state.names.push_back(layer.name);
    state.layers.emplace_back(layer.units, layer.height, layer.width, kept);
  }
  state.photos.resize(photo_count);
  return state;
}

void Merge(TallyState& state, TallyState other) {
  if (state.names != other.names ||
      !std::equal(state.layers.begin(), state.layers.end(), other.layers.begin(),
                  other.layers.end(), AreAlike) ||
      state.photos.size() != other.photos.size()) {
    throw InputError("states of other layers or photos cannot be merged");
  }
  for (size_t id = 0; id < state.photos.size(); ++id) {
    if (!other.photos[id]) continue;
    if (state.photos[id]) {
      throw InputError("photo " + other.photos[id]->name +
                       " was seen twice: the parts to merge overlap");
    }
    state.photos[id] = std::move(other.photos[id]);
  }
  for (size_t i = 0; i < state.layers.size(); ++i) {
    state.layers[i].Merge(other.layers[i]);
  }
}

void SaveState(const Path& path, TallyState& state) { WriterOf(state).Write(path); }

TallyState LoadState(const Path& path) { return Read(SafetensorsFile(path)); }

std::vector<std::byte> StateToBytes(TallyState& state) { return WriterOf(state).ToBytes(); }

TallyState StateFromBytes(const std::string& name, std::vector<std::byte> bytes) {
  return Read(SafetensorsFile(name, std::move(bytes)));
}

}  // namespace milan
