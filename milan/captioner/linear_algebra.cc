#include "milan/captioner/linear_algebra.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include <dlfcn.h>
#include <malloc.h>
#include <torch/torch.h>

#include "milan/base/error.h"
#include "milan/captioner/bundle.h"
#include "milan/captioner/captioner.h"

namespace milan {
namespace {

/// Functions that only optimized libraries have beside BLAS's own.
constexpr std::array kMarks = {"openblas_get_config", "MKL_Get_Version", "mkl_get_version",
                               "bli_info_get_version_str", "ATL_buildinfo"};

using Library = std::unique_ptr<void, int (*)(void*)>;

LinearAlgebra Inspect(void* library, const std::string& name) {
  for (const char* mark : kMarks) {
    // Looks in the library and in those that it needs.
    if (dlsym(library, mark) != nullptr) return {name, true};
  }
  return {name, false};
}

/// libtorch built with MKL or with a BLAS inside has no need of another.
bool HasOwn() { return at::hasMKL(); }

}  // namespace

LinearAlgebra FindLinearAlgebra() {
  if (HasOwn()) return {"MKL", true};
  // The first sgemm_ of the process is the one that libtorch calls: symbols are bound in that
  // order.
  const void* product = dlsym(RTLD_DEFAULT, "sgemm_");
  Dl_info info;
  if (product == nullptr || dladdr(product, &info) == 0) return {"", true};
  const Library library(dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD), dlclose);
  if (!library) return {"", true};
  return Inspect(library.get(), info.dli_fname);
}

LinearAlgebra InspectLinearAlgebra(const std::string& library) {
  const Library opened(dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL), dlclose);
  if (!opened || dlsym(opened.get(), "sgemm_") == nullptr) {
    throw InputError(library + ": not a BLAS library");
  }
  return Inspect(opened.get(), library);
}

std::string WarningAbout(const LinearAlgebra& linear_algebra) {
  if (linear_algebra.optimized) return "";
  return "libtorch computes with the unoptimized BLAS " + linear_algebra.library +
         ", which makes the captioner about 30 times slower; install libopenblas0-pthread";
}

std::string BetterCore(const std::string& core) {
#if defined(__x86_64__)
  constexpr std::array kOld = {"Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "generic"};
  if (std::find(kOld.begin(), kOld.end(), core) == kOld.end()) return "";
  if (__builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0) {
    return "SkylakeX";
  }
  if (__builtin_cpu_supports("avx2") != 0) return "Haswell";
#endif
  return "";
}

std::vector<Setting> LinearAlgebraSettings() {
  std::vector<Setting> settings;
  using GetCore = char* (*)();
  void* get_core = dlsym(RTLD_DEFAULT, "openblas_get_corename");
  const std::string core =
      get_core == nullptr ? "" : BetterCore(reinterpret_cast<GetCore>(get_core)());
  if (!core.empty()) settings.push_back({"OPENBLAS_CORETYPE", core});
  // Threads that wait for the next small product by spinning take the processor from the others.
  settings.push_back({"OMP_WAIT_POLICY", "PASSIVE"});
  std::erase_if(settings, [](const Setting& setting) {
    return std::getenv(setting.name.c_str()) != nullptr;
  });
  return settings;
}

std::string SlowLinearAlgebraWarning() { return WarningAbout(FindLinearAlgebra()); }

namespace {

/// libtorch takes and gives back megabytes at every step. glibc's defaults return them to the
/// system each time, and the page faults of getting them again cost more than the arithmetic.
void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 1 << 28);
}

}  // namespace

void UseThreads(int workers) {
  KeepFreedMemory();
  at::set_num_threads(workers);
  // OpenBLAS on POSIX threads does not follow libtorch's number.
  using SetThreads = void (*)(int);
  if (void* set = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) {
    reinterpret_cast<SetThreads>(set)(workers);
  }
}

}  // namespace milan
