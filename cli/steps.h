#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "cli/token_options.h"
#include "milan/base/file.h"
#include "milan/captioner/describe.h"
#include "milan/exemplar/run.h"
#include "milan/exemplar/tally.h"
#include "milan/exemplar/unit_table.h"
#include "milan/image/preprocess.h"
#include "milan/network/directions.h"
#include "milan/network/layer.h"
#include "milan/network/network.h"

namespace CLI {
class App;
}

namespace milan {

/// How the user says what the network expects of a photo, on top of its sidecar or the default.
struct PreprocessingOptions {
  std::string file;                    ///< A sidecar JSON somewhere else.
  std::string resize;                  ///< "256" (shorter side) or "224x224" (height x width).
  std::string crop;                    ///< "224" or "224x224".
  std::vector<float> mean;             ///< One number, or one per channel.
  std::vector<float> std;              ///< The same.
  float scale = 0;                     ///< 0: as in the sidecar.
  std::string channels;                ///< "BGR"
  std::string layout;                  ///< "NHWC"
  std::vector<std::string> constants;  ///< "NAME=VALUE": inputs that are no photo's.
  std::string pixel_prefix = "--";     ///< Of the options mean, std and scale.
};
/// `pixel_prefix`: of mean, std and scale, for commands that have such options of units.
void AddPreprocessingOptions(CLI::App& command, PreprocessingOptions& options,
                             const std::string& pixel_prefix = "--");

/// Resolves the preprocessing of a network: options over its sidecar over ImageNet's default
/// (scaled to the network's input size where the file fixes one). Channels and layout are those of
/// the network's photo input. Says which it is. Throws kUsage, kInput: also when the network cannot
/// take such photos. REQUIRES: inputs that are no photo's have their constants (network_step.h).
Preprocessing ResolvePreprocessing(const Network& network, const Path& network_path,
                                   const PreprocessingOptions& options, Terminal& terminal);

/// Directions in the spaces of layers. The lists are parallel to `files`, or have one element that
/// is for all, or none.
struct DirectionOptions {
  std::vector<Path> files;
  std::vector<std::string> layers;
  std::vector<std::string> names;
  std::vector<std::string> biases;   ///< Files; "-": none.
  std::vector<std::string> centers;  ///< Files; "-": none.
  std::vector<std::string> activations;
};
void AddDirectionOptions(CLI::App& command, DirectionOptions& options);

/// A network with the directions that the user gave, what they made of it, and where from.
struct DirectionPlan {
  ExtendedNetwork extended;
  std::vector<RunDirections> origins;
};
/// Reads the files. Throws kUsage, kInput.
DirectionPlan PlanDirections(const Network& network, const std::vector<Layer>& layers,
                             const DirectionOptions& options);

/// --device of a command.
void AddDeviceOption(CLI::App& command, std::string& device);
/// The engine that it means. Throws kUsage, kResource.
EngineOptions ResolveDevice(const std::string& device);
/// The same, and says it.
EngineOptions ResolveDevice(const std::string& device, Terminal& terminal);
/// How the user says what a generator makes its pictures from.
struct GeneratorOptions {
  std::vector<std::string> latents;        ///< "10000", "z.npy", "z=z.npy"
  uint64_t seed = 1;                       ///< --seed
  std::vector<std::string> distributions;  ///< "normal", "y=class(10)"
  std::string picture;                     ///< Empty: the output.
  std::vector<float> range;                ///< Of the picture's values.
  bool has_photos = false;  ///< PHOTOS were given: the user takes it for no generator.
};
void AddGeneratorOptions(CLI::App& command, GeneratorOptions& options);

/// Everything that decides the exemplars of a run.
struct ExemplarRequest {
  Path network;
  Path photos;
  Path run;
  std::vector<std::string> layers;  ///< Names, modules, globs, re:REGEX; empty: DefaultLayers.
  TokenFlags tokens;
  DirectionOptions directions;
  PreprocessingOptions preprocessing;
  GeneratorOptions generator;
  TallyOptions tally;
  std::string device = "auto";
  std::vector<std::string> also;  ///< --also, kinds of exemplars
  std::string border = "zeros";   ///< --mask-border
  std::string shard;              ///< "i/n"; empty: all photos.
  uint64_t memory_limit = 0;      ///< Bytes; 0: none.
  double save_every_seconds = 60;
  bool overwrite = false;
};
void AddExemplarOptions(CLI::App& command, ExemplarRequest& request);

/// Step 1 of a run: exemplars of the chosen layers in request.run. Continues what the same request
/// began; refuses a run of another request unless `overwrite`, naming the difference. Started by
/// mpirun, all ranks share the work. True in the process that goes on with the run: the only or
/// first one.
[[nodiscard]] bool MakeExemplars(const ExemplarRequest& request, Terminal& terminal);
/// The complete run in a folder; warns of photos that were skipped.
Run OpenExemplars(const Path& folder, Terminal& terminal);

/// The bundle to use when the user names none: $MILAN_BUNDLE, or models/base beside the program's
/// checkout or installation. Throws kUsage when there is none.
Path DefaultBundle();

/// Step 2: descriptions of a run by a bundle; kept when the same bundle and options already made
/// them.
Descriptions MakeDescriptions(const Run& run, const Path& bundle, const DescribeOptions& options,
                              const EngineOptions& encoder, Terminal& terminal);

/// Step 3: the report of a run, in `folder`.
void MakeReport(const Run& run, const Path& folder, int workers, Terminal& terminal);

/// Units worth a look, by layer.
std::vector<UnitCounts> CountUnits(const Run& run);
/// What ends a command: "3904 units in 5 layers: 21 dead, ...", and advice.
std::string SummarizeUnits(const std::vector<UnitCounts>& layers);

}  // namespace milan
