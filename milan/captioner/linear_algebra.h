#pragma once

// Private to this module.

#include <string>

namespace milan {

/// The library that matrix products go to.
struct LinearAlgebra {
  std::string library;     ///< File name; empty when it cannot be told.
  bool optimized = false;  ///< OpenBLAS, MKL, BLIS or ATLAS, not the plain reference routines.
};

/// What libtorch's BLAS calls are bound to in this process.
LinearAlgebra FindLinearAlgebra();
/// The same question about a library file. Throws kInput when it cannot be loaded or is no BLAS.
LinearAlgebra InspectLinearAlgebra(const std::string& library);

/// OpenBLAS's name for its routines of the fastest kind that this processor can run ("SKYLAKEX"),
/// when `core`, what it chose, is a kind for older processors; otherwise empty. It falls back on
/// those where it does not know a processor that is newer than itself.
std::string BetterCore(const std::string& core);

/// The sentence of SlowLinearAlgebraWarning for a library; empty when it is optimized.
std::string WarningAbout(const LinearAlgebra& linear_algebra);

}  // namespace milan
