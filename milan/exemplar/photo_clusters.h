#pragma once

// Private to this module: what a table of clusters says.

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/image/photo_set.h"

namespace milan {

/// A photo in a cluster.
struct ClusterMember {
  int32_t photo = 0;  ///< Its id.
  float score = 1;
};

/// A named group of photos.
struct PhotoCluster {
  std::string name;
  std::vector<ClusterMember> members;  ///< Best first.
};

struct ClusterTable {
  std::vector<PhotoCluster> clusters;  ///< Numbers by size, other names as text.
  bool has_scores = false;
};

/// Reads a CSV with the columns photo, cluster and, optionally, score; others are ignored. Photos
/// are named as in the set, or by their whole path. Members are ordered by score (the highest
/// first, with `ascending` the lowest), and those of equal or no score by photo id. Throws kInput
/// naming the file and line: no rows, an empty field, a score that is no finite number, a photo
/// twice in a cluster; and the photos that are not in the set.
ClusterTable ReadClusters(const Path& path, const PhotoSet& photos, bool ascending);

}  // namespace milan
