#pragma once

// Private to this module.

#include "milan/actions/audit_files.h"
#include "milan/actions/html.h"
#include "milan/report/staging_folder.h"

namespace milan {

/// Writes index.html and pictures/ of an audit, for a folder that will be `folder`.
void WriteAuditPage(const AuditReport& report, const Run& run, const Path& folder,
                    const AuditPageOptions& options, const StagingFolder& staging,
                    Progress& progress);

}  // namespace milan
