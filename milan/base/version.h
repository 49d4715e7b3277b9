#pragma once

#include <string>

namespace milan {

/// "0.1.0".
std::string Version();

}  // namespace milan
