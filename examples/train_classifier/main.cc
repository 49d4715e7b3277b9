// Trains a small ResNet from scratch on labelled photos and writes it as ONNX, with the sidecar
// that milan reads. `milan_train_classifier --help` shows options and examples.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <torch/torch.h>

#include "cli/exit_code.h"
#include "cli/terminal.h"
#include "labelled_pictures.h"
#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/base/parallel.h"
#include "milan/network/engine.h"
#include "training.h"

namespace milan {
namespace {

constexpr int64_t kMostWidths = 6;

struct Options {
  LabelledSource training;
  LabelledSource validation;
  Path output;
  int64_t side = 96;
  ClassifierSizes sizes;
  TrainingOptions train;
  bool no_flip = false;
  bool quiet = false;
};

/// Throws kUsage naming the option.
void Check(const Options& options) {
  const auto depth = std::ssize(options.sizes.widths);
  if (options.output.extension() != ".onnx") {
    throw UsageError(options.output.string() + ": the network's name must end in .onnx");
  }
  if (depth < 1 || depth > kMostWidths ||
      *std::min_element(options.sizes.widths.begin(), options.sizes.widths.end()) < 1) {
    throw UsageError(fmt::format("--widths: 1 to {} numbers above 0", kMostWidths));
  }
  if (options.sizes.unit_dropout < 0 || options.sizes.unit_dropout >= 1) {
    throw UsageError("--unit-dropout: at least 0 and below 1");
  }
  if (options.sizes.blocks < 1) throw UsageError("--blocks: must be at least 1");
  if (options.side < (int64_t{1} << (depth + 1))) {
    throw UsageError(fmt::format("--size {}: too small for {} layers that halve it; at least {}",
                                 options.side, depth + 1, int64_t{1} << (depth + 1)));
  }
  Validate(options.train);
}

Preprocessing PreprocessingOf(int64_t side) {
  Preprocessing preprocessing;
  preprocessing.shorter_side = static_cast<int>(side);
  preprocessing.crop = {static_cast<int>(side), static_cast<int>(side)};
  return preprocessing;
}

/// The largest difference between what torch and ONNX Runtime give, relative to the largest output.
double Difference(ClassifierNetwork& network, const Network& exported,
                  const torch::Tensor& inputs) {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor expected = network->forward(inputs).contiguous();
  const torch::Tensor packed = inputs.contiguous();
  const std::span<const float> values(packed.data_ptr<float>(),
                                      static_cast<size_t>(packed.numel()));
  const ArrayView input = {packed.sizes().vec(), values};
  double difference = 0;
  CreateEngine(exported)->Run({&input, 1}, [&](std::span<const ArrayView> outputs) {
    for (size_t i = 0; i < outputs[0].values.size(); ++i) {
      const double error = outputs[0].values[i] - expected.data_ptr<float>()[i];
      difference = std::max(difference, std::abs(error));
    }
  });
  return difference / std::max(1e-12, expected.abs().max().item<double>());
}

Json SidecarOf(const Options& options, const Preprocessing& preprocessing,
               const std::vector<EpochResult>& epochs, const Path& labels, double seconds) {
  Json json = {
      {"name", options.output.stem().string()},
      {"task", options.train.multi_label ? "several labels per photo (sigmoid)" : "classification"},
      {"input", ParseJson(ToJsonText(preprocessing), "preprocessing")},
      {"output", {{"name", "logits"}}},
      {"labels", labels.filename().string()}};
  json["training"] = {{"photos", options.training.photos.string()},
                      {"validation", options.validation.photos.string()},
                      {"seed", options.train.seed},
                      {"widths", options.sizes.widths},
                      {"blocks", options.sizes.blocks},
                      {"unit_dropout", options.sizes.unit_dropout},
                      {"epochs", options.train.epochs},
                      {"batch", options.train.batch},
                      {"rate", options.train.rate},
                      {"weight_decay", options.train.weight_decay},
                      {"smoothing", options.train.smoothing},
                      {"smallest_crop", options.train.smallest_crop},
                      {"flip", options.train.flip},
                      {"seconds", seconds}};
  json["training"]["per_epoch"] = Json::array();
  const char* score = options.train.multi_label ? "mean_average_precision" : "accuracy";
  for (const EpochResult& epoch : epochs) {
    json["training"]["per_epoch"].push_back({{"loss", epoch.training_loss},
                                             {"validation_loss", epoch.validation_loss},
                                             {score, epoch.score}});
  }
  return json;
}

void Write(const Options& options, const Network& network, const Json& sidecar,
           const std::vector<std::string>& classes) {
  std::string lines;
  for (const std::string& name : classes) lines += name + "\n";
  if (options.output.has_parent_path()) CreateFolder(options.output.parent_path());
  const Path folder = options.output.parent_path();
  WriteFileAtomically(folder / sidecar["labels"].get<std::string>(), lines);
  WriteJson(Path(options.output).replace_extension(".json"), sidecar);
  WriteFileAtomically(options.output, network.Serialize());  // last: where it is, all is
}

void Run(Options options) {
  options.train.flip = !options.no_flip;
  options.validation.multi_label = options.training.multi_label;
  options.train.multi_label = options.training.multi_label;
  Check(options);
  if (options.train.workers <= 0) options.train.workers = DefaultWorkers();
  torch::set_num_threads(options.train.workers);
  torch::manual_seed(options.train.seed);
  Terminal terminal(options.quiet);
  const Preprocessing preprocessing = PreprocessingOf(options.side);
  std::vector<std::string> classes;
  const auto read = [&](const LabelledSource& source) {
    return ReadLabelledPictures(source, preprocessing, options.train.workers, classes, terminal);
  };
  const LabelledPictures training = read(options.training);
  const LabelledPictures validation = read(options.validation);
  terminal.Say(fmt::format("{} classes, {} photos, {} for validation", classes.size(),
                           training.pictures.size(), validation.pictures.size()));
  options.sizes.classes = std::ssize(classes);
  ClassifierNetwork network(options.sizes);
  const auto begin = std::chrono::steady_clock::now();
  const auto epochs = Train(network, training, validation, preprocessing, options.train, terminal);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;

  const Network exported = ExportClassifier(network, options.side);
  const size_t compared = std::min<size_t>(8, validation.pictures.size());
  const double difference =
      Difference(network, exported, Inputs(validation, 0, compared, preprocessing));
  MILAN_CHECK(difference < 1e-3, fmt::format("ONNX differs from torch by {}", difference));
  const Path labels = Path(options.output).replace_extension(".labels.txt");
  Write(options, exported, SidecarOf(options, preprocessing, epochs, labels, taken.count()),
        classes);
  fmt::print("{}: {} {:.1f} % on {} validation photos, {} of training, ONNX as torch to {:.0e}\n",
             options.output.string(), options.train.multi_label ? "average precision" : "accuracy",
             100 * epochs.back().score, validation.pictures.size(), FormatDuration(taken.count()),
             difference);
}

void AddOptions(CLI::App& app, Options& options) {
  app.add_option("PHOTOS", options.training.photos,
                 "Training photos: a folder with one folder per class, a .tar archive, a .txt list")
      ->required();
  app.add_option("VALIDATION", options.validation.photos, "Photos that are only judged on")
      ->required();
  app.add_option("-o,--output", options.output, "The network, an .onnx file")->required();
  app.add_option("--labels", options.training.labels,
                 "CSV with columns photo, label (default: the folders' names are the labels)");
  app.add_option("--validation-labels", options.validation.labels, "The same of VALIDATION");
  app.add_flag("--multi-label", options.training.multi_label,
               "A photo has any number of labels, separated by ';'");
  app.add_option("--size", options.side, "Side of the network's input")->capture_default_str();
  app.add_option("--widths", options.sizes.widths, "Units of layer1, layer2, ...")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--blocks", options.sizes.blocks, "Residual blocks per layer")
      ->capture_default_str();
  app.add_option("--unit-dropout", options.sizes.unit_dropout,
                 "Part of each layer's units that is zeroed in training: the network learns to do "
                 "without any few")
      ->capture_default_str();
}

void AddTrainingOptions(CLI::App& app, Options& options) {
  TrainingOptions& train = options.train;
  app.add_option("--epochs", train.epochs, "Times that every photo is seen")->capture_default_str();
  app.add_option("--batch", train.batch, "Photos per step")->capture_default_str();
  app.add_option("--rate", train.rate, "Highest learning rate")->capture_default_str();
  app.add_option("--weight-decay", train.weight_decay, "Of AdamW")->capture_default_str();
  app.add_option("--smoothing", train.smoothing, "Of labels")->capture_default_str();
  app.add_option("--smallest-crop", train.smallest_crop,
                 "Least side of random crops, as a share; 1: the whole photo always")
      ->capture_default_str();
  app.add_flag("--no-flip", options.no_flip, "Never mirror photos: writing stays readable");
  app.add_option("--seed", train.seed, "Of weights, order, crops and flips")->capture_default_str();
  app.add_option("-j,--workers", options.train.workers, "Threads (default: processors)");
  app.add_flag("-q,--quiet", options.quiet, "Only the result, warnings and errors");
}

int Main(int argc, char** argv) {
  CLI::App app("Trains a small ResNet on labelled photos and writes it as ONNX.",
               "milan_train_classifier");
  Options options;
  options.train.workers = 0;
  AddOptions(app, options);
  AddTrainingOptions(app, options);
  app.footer(
      "Beside NETWORK.onnx: NETWORK.json (preprocessing, for milan) and NETWORK.labels.txt.\n\n"
      "Examples:\n"
      "  milan_train_classifier train/ val/ -o net.onnx --seed 1\n"
      "  milan_train_classifier photos/ photos/ --labels train.csv --validation-labels val.csv \\\n"
      "    --multi-label -o net.onnx");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  CatchInterrupts();
  try {
    Run(options);
  } catch (const Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return static_cast<int>(ExitCodeOf(error.kind()));
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {} (unexpected: please report this as a bug)\n", error.what());
    return static_cast<int>(ExitCode::kInternal);
  }
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace
}  // namespace milan

int main(int argc, char** argv) { return milan::Main(argc, argv); }
