#pragma once

#include "milan/base/file.h"
#include "milan/base/progress.h"
#include "milan/exemplar/run.h"
#include "milan/image/preprocess.h"

namespace milan {

struct ImportOptions {
  /// The photos that the exemplars were found in: a folder, in the order of torchvision's
  /// ImageFolder (class folders by name, then files by name), or a list in its own order. The ids
  /// are places in it. Empty: the pictures come from images.npy.
  Path photos = {};
  /// With `photos`: how they became the pictures that the masks belong to.
  Preprocessing preprocessing = {};
  double quantile = 0.99;  ///< Of the masks; the original's files do not say.
  bool overwrite = false;  ///< Replace a run that is in the folder.
  int workers = 0;         ///< Photos at once; 0: processors.
};
/// Throws kUsage.
void Validate(const ImportOptions& options);

/// Makes a complete run in `folder` from exemplars in the original's layout (docs/formats.md): one
/// layer's folder or a folder of them. The run's maps are the masks, with the values 0 and 1 and
/// the threshold 0.5, so that ExemplarSet::Mask at the masks' size gives them back bit for bit.
/// Without photos the pictures of images.npy are written to `folder`/photos as PNG. With photos and
/// images.npy both must show the same, but for one photo in twenty, of which a warning tells.
/// Throws kInput naming the file that is broken or does not fit the others, kUsage (the folder is
/// in use, photos are needed), kResource.
Run ImportExemplars(const Path& source, const Path& folder, const ImportOptions& options,
                    Progress& progress);

}  // namespace milan
