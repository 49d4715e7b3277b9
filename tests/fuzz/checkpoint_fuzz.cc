// Reads bytes as a checkpoint of the original: a whole zip file when they begin like one, else the
// pickle inside it.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "milan/base/error.h"
#include "milan/base/pickle.h"
#include "milan/base/torch_archive.h"

namespace milan {
namespace {

void MustHold(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

/// Runs `work`, which may throw an error of the input for people, and nothing else.
template <typename Work>
void MayThrow(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    const std::string text = error.what();
    MustHold(error.kind() == ErrorKind::kInput, "an error is of the input");
    MustHold(text.size() < 4096, "an error is short");
    for (const char c : text) {
      MustHold(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "no control characters");
    }
  }
}

/// Asks a value for all that it might be, and the values in it; at most `budget` values, because
/// shared ones can be reached in endlessly many ways.
void Walk(const PickleView& view, int depth, int& budget) {
  if (depth > 40 || --budget < 0) return;
  (void)view.IsNone();
  MayThrow([&] { (void)view.AsBool(); });
  MayThrow([&] { (void)view.AsInteger(); });
  MayThrow([&] { (void)view.AsNumber(); });
  MayThrow([&] { (void)view.AsText(); });
  MayThrow([&] {
    const PickledTensor tensor = view.AsTensor();
    const int64_t end = tensor.offset + ElementCount(tensor.shape);
    MustHold(tensor.offset >= 0 && end <= tensor.storage_count, "a tensor is in its storage");
  });
  MayThrow([&] {
    for (const PickleView& item : view.Items()) Walk(item, depth + 1, budget);
  });
  MayThrow([&] {
    for (const auto& [key, member] : view.Members()) {
      MustHold(view.Has(key), "a member is found by its key");
      Walk(member, depth + 1, budget);
    }
  });
}

void ReadPickle(const std::string& bytes) {
  MayThrow([&] {
    const Pickle pickle(bytes, "fuzz.pth");
    int budget = 60;  // every value costs some exceptions
    Walk(pickle.root(), 0, budget);
  });
}

/// All tensors of the module, as an import reads them.
void ReadArchive(const std::string& bytes) {
  const int file = memfd_create("fuzz.pth", 0);
  MustHold(
      file >= 0 && write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
      "the input is written");
  MayThrow([&] {
    const TorchArchive archive("/proc/self/fd/" + std::to_string(file));
    const StateDict state(archive, archive.root().At("state_dict"));
    for (const auto& [name, tensor] : state.tensors()) {
      MayThrow([&] {
        const Array array = state.Read(name, tensor.shape);
        MustHold(array.values.size() * sizeof(float) <= bytes.size(), "elements are in the file");
      });
    }
  });
  close(file);
}

}  // namespace
}  // namespace milan

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  bytes.starts_with("PK") ? milan::ReadArchive(bytes) : milan::ReadPickle(bytes);
  return 0;
}
