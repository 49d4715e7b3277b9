#include "labelled_pictures.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <set>

#include "milan/ablation/labels.h"
#include "milan/base/csv.h"
#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/image/photo_set.h"

namespace milan {
namespace {

using Names = std::vector<std::string>;

Names Split(const std::string& label) {
  Names names;
  size_t begin = 0;
  while (begin < label.size()) {
    const size_t end = std::min(label.find(';', begin), label.size());
    if (end > begin) names.push_back(label.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

/// The names of each photo; nothing for photos that take no part.
std::vector<std::optional<Names>> NamesOf(const LabelledSource& source, const PhotoSet& photos) {
  std::vector<std::optional<Names>> names(photos.photos.size());
  if (!source.multi_label) {
    const LabelTexts labels =
        source.labels.empty() ? LabelsFromFolders(photos) : LabelsFromCsv(source.labels, photos);
    for (size_t i = 0; i < labels.size(); ++i) {
      if (!labels[i].empty()) names[i] = Names{labels[i]};
    }
    return names;
  }
  if (source.labels.empty()) throw UsageError("--multi-label needs --labels");
  // Not LabelsFromCsv, to which an empty label is none: here it says that the photo has no class.
  const CsvTable table = ReadCsv(source.labels);
  const size_t photo = table.Column("photo");
  const size_t label = table.Column("label");
  std::map<std::string, Names> listed;
  for (const auto& row : table.rows) {
    if (!listed.emplace(row[photo], Split(row[label])).second) {
      throw InputError(source.labels.string() + ": lists " + row[photo] + " twice");
    }
  }
  for (size_t i = 0; i < names.size(); ++i) {
    const auto found = listed.find(photos.photos[i].name);
    if (found != listed.end()) names[i] = found->second;
  }
  return names;
}

std::vector<std::string> AllNames(const std::vector<std::optional<Names>>& names) {
  std::set<std::string> all;
  for (const auto& photo : names) {
    if (photo) all.insert(photo->begin(), photo->end());
  }
  return {all.begin(), all.end()};
}

std::vector<int32_t> Places(const Names& names, const std::vector<std::string>& classes,
                            const Path& photo) {
  std::vector<int32_t> places;
  for (const std::string& name : names) {
    const auto found = std::find(classes.begin(), classes.end(), name);
    if (found == classes.end()) {
      throw InputError(photo.string() + ": its label '" + name +
                       "' is not among the classes of the training photos");
    }
    places.push_back(static_cast<int32_t>(found - classes.begin()));
  }
  return places;
}

}  // namespace

LabelledPictures ReadLabelledPictures(const LabelledSource& source,
                                      const Preprocessing& preprocessing, int workers,
                                      std::vector<std::string>& classes, Progress& progress) {
  const PhotoSet photos = OpenPhotoSet(source.photos);
  const auto names = NamesOf(source, photos);
  if (classes.empty()) classes = AllNames(names);
  if (classes.empty()) throw InputError(source.photos.string() + ": no photo has a label");
  std::vector<size_t> used;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i]) used.push_back(i);
  }
  std::vector<Image> pictures(used.size());
  std::vector<std::string> failures(used.size());
  std::atomic<int64_t> done = 0;
  progress.Begin("photos", std::ssize(used), "photos");
  ParallelFor(workers, std::ssize(used), [&](int, int64_t i) {
    ThrowIfCancelled(progress);
    const DecodeResult photo = LoadPhoto(photos, used[i]);
    failures[i] = photo.failure;
    if (photo.ok()) pictures[i] = Picture(preprocessing, photo.image);
    progress.Update(++done);
  });
  progress.End();
  LabelledPictures result;
  for (size_t i = 0; i < used.size(); ++i) {
    const Path path = photos.PathOf(used[i]);
    if (!failures[i].empty()) {
      progress.Warn(path.string() + ": left out: " + failures[i]);
      continue;
    }
    result.classes.push_back(Places(*names[used[i]], classes, path));
    result.pictures.push_back(std::move(pictures[i]));
  }
  if (result.pictures.empty()) throw InputError(source.photos.string() + ": no usable photo");
  return result;
}

}  // namespace milan
