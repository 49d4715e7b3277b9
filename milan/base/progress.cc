#include "milan/base/progress.h"

#include "milan/base/error.h"

namespace milan {

void ThrowIfCancelled(const Progress& progress) {
  if (progress.Cancelled()) throw Error(ErrorKind::kCancelled, "stopped by the user");
}

}  // namespace milan
