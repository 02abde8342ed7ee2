// A job as statusInfo.yaml of 1.0 and of the 2.0 draft in one object.
#pragma once

#include "schemas/job.h"
#include "service/api/links.h"

namespace pushbroom::api {

/// The state that clients see: a job whose dismissal was requested is
/// dismissed for them, though its worker may not have heard of it yet.
JobState VisibleState(const Job& job);

/// Without null members. What is ours begins with "pushbroom:".
Json StatusInfo(const Job& job, const Urls& urls);

}  // namespace pushbroom::api
