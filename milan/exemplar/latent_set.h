#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/npy.h"
#include "milan/exemplar/latent_recipe.h"
#include "milan/image/photo_set.h"

namespace milan {

/// What a generator makes its pictures from, in the place of a photo set. Immutable, thread-safe.
class LatentSet {
 public:
  /// Opens the recipe's files. Throws kInput naming the file: missing, no row per picture, rows of
  /// another size than the input, numbers that are not finite; kUsage: one-hot of a single value.
  explicit LatentSet(LatentRecipe recipe);

  const LatentRecipe& recipe() const { return recipe_; }
  int64_t size() const { return recipe_.count; }

  /// Arrays of the inputs' shapes.
  std::vector<Array> EmptyInputs() const;
  /// The inputs that make picture `id`. REQUIRES: `inputs` as EmptyInputs gives them.
  void Fill(int64_t id, std::vector<Array>& inputs) const;

  /// "latent-000123.png": the picture's file in the run's folder photos/.
  static std::string NameOf(int64_t id);
  /// The pictures as photos of a run in `folder`; only exemplars will have a file.
  PhotoSet PhotosOf(const Path& folder) const;

 private:
  LatentRecipe recipe_;
  std::vector<std::optional<NpyFile>> files_;  ///< Parallel to the inputs.
};

/// How many rows a .npy file of latents has.
int64_t CountLatents(const Path& file);

}  // namespace milan
