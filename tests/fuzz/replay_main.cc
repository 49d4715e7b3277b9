// Gives every file of a folder to a fuzz target once: a test without libFuzzer.

#include <cstdint>
#include <cstdio>
#include <filesystem>

#include "milan/base/file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    const std::string bytes = milan::ReadFile(entry.path());
    std::printf("%s\n", entry.path().filename().c_str());  // the last one is at fault
    std::fflush(stdout);
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    ++files;
  }
  std::printf("%d files read\n", files);
  return files > 0 ? 0 : 1;
}
