#pragma once

#include <cstdint>
#include <string>

#include "milan/base/file.h"
#include "milan/base/progress.h"
#include "milan/exemplar/run.h"
#include "milan/image/preprocess.h"

namespace milan {

/// The part of a photo that a run of clusters shows and describes unless it is told otherwise: all
/// of it, brought to 224 x 224.
Preprocessing WholePhoto();

struct ClusterRunRequest {
  Path clusters;           ///< CSV: photo,cluster[,score] (docs/formats.md).
  Path photos;             ///< As OpenPhotoSet takes them.
  Path folder;             ///< Of the run; made when it is missing.
  std::string layer;       ///< What the run calls its layer. Empty: the CSV's name.
  int64_t k = 15;          ///< Exemplars per cluster at most.
  bool ascending = false;  ///< The lowest scores first: distances.
  Preprocessing preprocessing = WholePhoto();
  bool strict = false;     ///< An unreadable photo is an error; else the next one takes its place.
  bool overwrite = false;  ///< Replace a run that is in the folder.
  int workers = 0;         ///< Photos at once; 0: processors.
};

/// Makes a complete run in which every cluster is a unit: its exemplars are the cluster's first k
/// photos, by score where the table has one, else in the order of the photos; masks are the whole
/// photo, activations the scores (1 without). The units have the clusters' names. Only photos that
/// are exemplars are read. Throws kInput (the table, see photo_clusters.h; a cluster without a
/// readable photo), kUsage (the folder is in use, options), kResource.
Run MakeClusterRun(const ClusterRunRequest& request, Progress& progress);

}  // namespace milan
