// civetweb does not tell its sockets; they are looked for among our own files.
#pragma once

#include <string>

namespace pushbroom {

/// Shuts the connection down in both directions; whoever waits on it wakes.
/// The caller makes sure that it is not closed meanwhile.
void ShutDownConnection(const std::string& peer_address, int peer_port,
                        int own_port);

/// Reads on the connection meet its end; what was written still goes out.
void StopReceiving(const std::string& peer_address, int peer_port,
                   int own_port);

/// Ends listening, and wakes who polls for connections.
void ShutDownListener(const std::string& address, int port);

}  // namespace pushbroom
