// `pushbroom-worker probe`: does this model run here?
#pragma once

namespace pushbroom {

/// Reads {"model": …, "artifact_path": …} from standard input, prints the
/// ModelProbe as JSON. Exit codes: 0 probed (it may say "not runnable"), 1 it
/// could not be probed, 2 the input is not what it should be.
int Probe();

}  // namespace pushbroom
