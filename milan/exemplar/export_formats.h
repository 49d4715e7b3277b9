#pragma once

// Private to the module: the formats that export.cc chooses from. Each writes the given layers of a
// run into a folder that exists.

#include <string>
#include <vector>

#include "milan/exemplar/export.h"

namespace milan {

void ExportMilanLayout(const Run& run, const std::vector<std::string>& layers, const Path& folder,
                       const ExportOptions& options, Progress& progress);
void ExportCsv(const Run& run, const std::vector<std::string>& layers, const Path& folder,
               const ExportOptions& options, Progress& progress);
void ExportJson(const Run& run, const std::vector<std::string>& layers, const Path& folder,
                const ExportOptions& options, Progress& progress);
void ExportNpz(const Run& run, const std::vector<std::string>& layers, const Path& folder,
               const ExportOptions& options, Progress& progress);

}  // namespace milan
