#include "milan/base/version.h"

namespace milan {

std::string Version() { return MILAN_VERSION; }

}  // namespace milan
