#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/exemplar/run.h"
#include "milan/text/descriptions.h"

namespace milan {

// For tests only: a run as `milan exemplars` leaves it, made without a network. Photos are drawn
// (a shape on a ground), and the activation maps of every exemplar peak at its shape.

struct SyntheticLayer {
  std::string name;
  int64_t units = 0;
  int64_t map_size = 0;
};

struct SyntheticRunOptions {
  std::vector<SyntheticLayer> layers = {{"layer1", 36, 14}, {"layer2", 8, 7}};
  int photos = 20;
  int64_t k = 15;
};

/// Units of every layer that are not alive.
inline constexpr int64_t kDeadUnit = 3;
inline constexpr int64_t kConstantUnit = 4;
inline constexpr int64_t kInvalidUnit = 5;

/// A photo's name, and a description, that would run as a script where markup is not escaped.
inline constexpr const char* kHostilePhoto =
    "<img src=x onerror=\"window.hacked=1\">\n</script><script>window.hacked=2</script>.jpg";
inline constexpr const char* kHostileDescription =
    "<img src=x onerror=\"window.hacked=3\"> & </script><script>window.hacked=4</script>";

/// Draws the photos into folder/photos, writes the run into folder/run, and opens it. The first
/// photo is called kHostilePhoto.
Run MakeSyntheticRun(const Path& folder, const SyntheticRunOptions& options);

/// Descriptions of the alive units of a run, with runners-up. Unit 0 of the first layer is
/// described by kHostileDescription.
Descriptions MakeSyntheticDescriptions(const Run& run);

/// Gives them confidences of 0 to 0.9 and the calibration (threshold 0.25) that such would have.
void AddSyntheticCalibration(Descriptions& descriptions);

}  // namespace milan
