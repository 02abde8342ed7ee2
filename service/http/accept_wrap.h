// Two system calls of Pistache 0.0.5, wrapped at link time
// (-Wl,--wrap=accept4 -Wl,--wrap=send), because of what it does around them:
//
// accept4  It queues answers by file descriptor. When a client leaves and
//          another gets the same number, the answer of the first goes to the
//          second. Here every connection gets a number that was not in use for
//          as long as the table of descriptors is large. Where no descriptor
//          is left, it spins; here the connection is taken and dropped.
// send     Where a client does not read, it spins on EAGAIN and its thread
//          serves nobody else. Here it waits a moment for the client, then
//          the connection is ended.
//
// Only objects in the link are wrapped, no shared library, and send only for
// descriptors that accept4 gave.
#pragma once

namespace pushbroom {

/// Ignores SIGPIPE and raises the limit of open files as far as allowed, up to
/// 65536. Call before the first server; further calls do nothing.
void PrepareForConnections();

}  // namespace pushbroom
