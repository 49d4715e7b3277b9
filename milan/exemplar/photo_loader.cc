#include "milan/exemplar/photo_loader.h"

#include "milan/base/hash.h"

namespace milan {
namespace {

PhotoRecord LoadPhotoFile(const TallyInput& input, int64_t id, std::vector<Array>& inputs) {
  const auto place = static_cast<size_t>(id);
  PhotoRecord record;
  record.name = input.photos.photos[place].name;
  record.bytes = input.photos.photos[place].bytes;
  const DecodeResult photo = LoadPhoto(input.photos, place, &record.hash);
  if (!photo.ok()) {
    record.failure = photo.failure;
    return record;
  }
  record.width = photo.image.width;
  record.height = photo.image.height;
  Normalize(input.preprocessing, Picture(input.preprocessing, photo.image), inputs.front().values);
  return record;
}

/// The picture is made only if it turns out to be an exemplar; until then its latents stand for it.
PhotoRecord LoadLatents(const TallyInput& input, int64_t id, std::vector<Array>& inputs) {
  input.latents->Fill(id, inputs);
  Hasher hasher;
  for (const Array& array : inputs) hasher.Add(std::as_bytes(std::span(array.values)));
  PhotoRecord record;
  record.name = LatentSet::NameOf(id);
  record.hash = hasher.Finish();
  record.width = input.latents->recipe().picture.width;
  record.height = input.latents->recipe().picture.height;
  return record;
}

}  // namespace

PhotoLoader LoaderOf(const TallyInput& input) {
  const bool is_generator = input.latents != nullptr;
  return [&input, is_generator](int64_t id, std::vector<Array>& inputs) {
    return is_generator ? LoadLatents(input, id, inputs) : LoadPhotoFile(input, id, inputs);
  };
}

std::vector<Array> EmptyInputs(const TallyInput& input) {
  if (input.latents != nullptr) return input.latents->EmptyInputs();
  Array array{InputShape(input.preprocessing), {}};
  array.values.resize(static_cast<size_t>(ElementCount(array.shape)));
  return {array};
}

}  // namespace milan
