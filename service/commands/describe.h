// `pushbroom describe ITEM`: what a model item becomes, without a server.
#pragma once

#include <iosfwd>
#include <string>

#include "service/core/config/config.h"

namespace pushbroom {

// Exit statuses that scripts rely on.
inline constexpr int kDescribedAndRunnable = 0;
inline constexpr int kDescribedNotRunnable = 3;
inline constexpr int kRefused = 4;

/// Reads `item` (a file), fetches its artifact and asks the worker program
/// whether it runs. Prints {"model","diagnostics","process"} or, without
/// `json`, the same for people. Gives the exit status. Where there is no
/// worker program the diagnostic `not-probed` says so, and the item counts as
/// runnable if nothing else speaks against it.
int DescribeItem(const std::string& item, bool json, const Config& config,
                 std::ostream& out, std::ostream& err);

}  // namespace pushbroom
