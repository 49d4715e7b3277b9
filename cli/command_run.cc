#include <algorithm>
#include <cctype>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "cli/commands.h"
#include "cli/steps.h"
#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/base/npy.h"
#include "milan/exemplar/exemplar_set.h"
#include "milan/image/photo_set.h"
#include "milan/network/engine.h"
#include "milan/network/photo_input.h"

namespace milan {
namespace {

struct RunCommand {
  CommonOptions common;
  Path network;
  std::vector<std::string> inputs;
  Path output;
  std::vector<std::string> taps;
  PreprocessingOptions preprocessing;
};

std::string InputNames(const std::vector<NetworkValue>& inputs) {
  std::vector<std::string> names;
  for (const NetworkValue& input : inputs) names.push_back(input.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

/// File per input of the network, in its order. "NAME=FILE"; a lone FILE is for the only input.
std::vector<Path> AssignFiles(const std::vector<NetworkValue>& inputs,
                              const std::vector<std::string>& texts) {
  std::map<std::string, Path> files;
  for (const std::string& text : texts) {
    const auto named = std::find_if(inputs.begin(), inputs.end(), [&](const NetworkValue& input) {
      return text.starts_with(input.name + "=");
    });
    std::string name;
    Path file = text;
    if (named != inputs.end()) {
      name = named->name;
      file = text.substr(name.size() + 1);
    } else if (inputs.size() == 1) {
      name = inputs[0].name;
    } else {
      throw UsageError(
          fmt::format("--input {}: which input is it? Give NAME=FILE; the network "
                      "takes {}",
                      text, InputNames(inputs)));
    }
    if (!files.emplace(name, file).second) {
      throw UsageError(fmt::format("--input {}: input '{}' is given twice", text, name));
    }
  }
  std::vector<Path> assigned;
  for (const NetworkValue& input : inputs) {
    if (!files.contains(input.name)) {
      throw UsageError(
          fmt::format("input '{}' is missing: add --input {}=FILE", input.name, input.name));
    }
    assigned.push_back(files.at(input.name));
  }
  return assigned;
}

bool IsNpy(const Path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".npy";
}

Array ReadArray(const Path& file) {
  const NpyArray array = ReadNpy(file);
  return {array.shape, array.AsFloats()};
}

Array ReadPhoto(const Path& file, const Preprocessing& preprocessing) {
  const std::string bytes = ReadFile(file);
  const DecodeResult photo = Decode(std::as_bytes(std::span(bytes)));
  if (!photo.ok()) {
    throw InputError(
        fmt::format("{}: neither a photo ({}) nor a .npy file", file.string(), photo.failure));
  }
  Array input{InputShape(preprocessing), {}};
  input.values.resize(ElementCount(input.shape));
  Normalize(preprocessing, Picture(preprocessing, photo.image), input.values);
  return input;
}

/// Without the outputs that are whole numbers, which engines do not give.
Network WithoutIntegers(const Network& network, Terminal& terminal) {
  std::vector<std::string> kept;
  std::vector<std::string> others;
  for (const NetworkValue& output : network.Outputs()) {
    if (RangeOf(output.type)) {
      others.push_back(fmt::format("'{}' is {}", output.name, output.type));
    } else {
      kept.push_back(output.name);
    }
  }
  if (others.empty()) return network;
  if (kept.empty()) {
    throw UsageError(fmt::format(
        "{}: {}; only floating-point values can be written: name some with --tap (milan layers -a "
        "lists them)",
        network.name(), fmt::join(others, ", ")));
  }
  terminal.Say(fmt::format("left out: {}", fmt::join(others, ", ")));
  return network.Tap(kept);
}

void WriteOutputs(const RunCommand& command, const std::vector<NetworkValue>& outputs,
                  std::span<const ArrayView> values) {
  CreateFolder(command.output);
  Json list = Json::array();
  for (size_t i = 0; i < values.size(); ++i) {
    const Path file = command.output / (LayerFileName(outputs[i].name) + ".npy");
    WriteNpy(file, values[i]);
    if (command.common.json) {
      list.push_back(
          {{"name", outputs[i].name}, {"file", file.string()}, {"shape", values[i].shape}});
    } else if (!command.common.quiet) {
      fmt::print("{}  {}  {}\n", outputs[i].name, ToString(values[i].shape), file.string());
    }
  }
  if (command.common.json) fmt::print("{}\n", ToText(list, 2));
}

void RunRun(const RunCommand& command) {
  Terminal terminal(command.common.quiet || command.common.json);
  Network network = Network::Load(command.network);
  const std::vector<Path> files = AssignFiles(network.Inputs(), command.inputs);
  std::vector<Array> inputs;
  for (const Path& file : files) {
    inputs.push_back(IsNpy(file)
                         ? ReadArray(file)
                         : ReadPhoto(file, ResolvePreprocessing(network, command.network,
                                                                command.preprocessing, terminal)));
  }
  network = command.taps.empty() ? WithoutIntegers(network, terminal) : network.Tap(command.taps);
  std::vector<ArrayView> views;
  for (const Array& input : inputs) views.push_back(input.View());
  CreateEngine(network)->Run(views, [&](std::span<const ArrayView> values) {
    WriteOutputs(command, network.Outputs(), values);
  });
}

}  // namespace

void AddRunCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<RunCommand>();
  CLI::App* sub =
      app.add_subcommand("run", "Run a network on one input and write its outputs or any values");
  sub->add_option("NETWORK", command->network, "The network, an .onnx file")->required();
  sub->add_option("-i,--input", command->inputs,
                  "A .npy file as the network takes it, or a photo, which is preprocessed; "
                  "NAME=FILE for networks with several inputs (repeatable)")
      ->allow_extra_args(false)
      ->required();
  sub->add_option("-o,--output", command->output, "Folder for one .npy file per value; created")
      ->required();
  sub->add_option("--tap", command->taps,
                  "Values to write instead of the network's outputs, by name (milan layers -a)")
      ->delimiter(',');
  AddPreprocessingOptions(*sub, command->preprocessing);
  AddCommonOptions(*sub, command->common, true);
  sub->footer(
      "Examples:\n"
      "  milan run net.onnx --input photo.jpg --output out/\n"
      "  milan run net.onnx --input x.npy --tap layer3,layer4 --output out/\n"
      "  milan run gan.onnx --input z=z.npy --input class=class.npy --output out/");
  sub->callback([command, &action] { action = [command] { RunRun(*command); }; });
}

}  // namespace milan
