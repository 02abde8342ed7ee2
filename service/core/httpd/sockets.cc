#include "service/core/httpd/sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>

namespace pushbroom {
namespace {

struct End {
  std::string address;
  int port = -1;
};

using NameFunction = int (*)(int, sockaddr*, socklen_t*);

// One end of a socket; port -1 if `fd` is none.
End EndOf(int fd, NameFunction name) {
  End end;
  sockaddr_storage storage = {};
  socklen_t size = sizeof(storage);
  if (name(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return end;
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    end.port = ntohs(v4.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    end.port = ntohs(v6.sin6_port);
  }
  end.address = text;
  return end;
}

bool IsConnection(int fd, const std::string& peer_address, int peer_port,
                  int own_port) {
  const End peer = EndOf(fd, &getpeername);
  return peer.port == peer_port && peer.address == peer_address &&
         EndOf(fd, &getsockname).port == own_port;
}

// `which` is asked of every file that this process has open.
template <typename Which>
void ShutDownIf(int how, Which which) {
  DIR* files = opendir("/proc/self/fd");
  if (!files) return;
  while (const dirent* entry = readdir(files)) {
    const int fd = std::atoi(entry->d_name);
    if (fd > 2 && which(fd)) shutdown(fd, how);
  }
  closedir(files);
}

}  // namespace

void ShutDownConnection(const std::string& peer_address, int peer_port,
                        int own_port) {
  ShutDownIf(SHUT_RDWR, [&](int fd) {
    return IsConnection(fd, peer_address, peer_port, own_port);
  });
}

void StopReceiving(const std::string& peer_address, int peer_port,
                   int own_port) {
  ShutDownIf(SHUT_RD, [&](int fd) {
    return IsConnection(fd, peer_address, peer_port, own_port);
  });
}

void ShutDownListener(const std::string& address, int port) {
  ShutDownIf(SHUT_RDWR, [&](int fd) {
    const End own = EndOf(fd, &getsockname);
    int listens = 0;
    socklen_t size = sizeof(listens);
    return own.port == port && own.address == address &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
           listens != 0;
  });
}

}  // namespace pushbroom
