#pragma once

#include <map>
#include <string>

#include "milan/base/npy.h"

namespace milan {

/// All arrays of a numpy .npz file by name. For parity files; throws kInput naming the file.
std::map<std::string, NpyArray> ReadNpz(const Path& path);

}  // namespace milan
