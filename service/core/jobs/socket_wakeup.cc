// A receiver is a datagram socket bound to a name of its own in the directory;
// a sender writes to every name it finds there. The kernel says who is dead: a
// socket file that no process holds open refuses the datagram.
//
// A datagram is one letter for the kind, then the subject.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/core/base/files.h"
#include "service/core/base/ids.h"
#include "service/core/base/status.h"
#include "service/core/jobs/wakeup.h"

namespace pushbroom {
namespace {

constexpr char kSuffix[] = ".hint";
// Pools and job ids are far shorter; a longer subject is not sent.
constexpr size_t kMaxSubject = 255;

constexpr std::pair<Hint::Kind, char> kKinds[] = {{Hint::Kind::kReady, 'r'},
                                                  {Hint::Kind::kCancelled, 'c'},
                                                  {Hint::Kind::kFinished, 'f'}};

char LetterOf(Hint::Kind kind) {
  for (const auto& [k, letter] : kKinds) {
    if (k == kind) return letter;
  }
  return '?';
}

std::optional<Hint> HintOf(absl::string_view datagram) {
  if (datagram.empty()) return std::nullopt;
  for (const auto& [kind, letter] : kKinds) {
    if (letter == datagram[0])
      return Hint{kind, std::string(datagram.substr(1))};
  }
  return std::nullopt;  // from a newer program
}

absl::Status ErrnoError(absl::string_view what) {
  return absl::ErrnoToStatus(errno, what);
}

/// An open file descriptor. Immutable.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  const int fd_;
};

/// Addresses a name through the open directory: sun_path holds 108 bytes, and
/// data directories may be longer than that.
sockaddr_un AddressOf(const Descriptor& directory, absl::string_view name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path =
      absl::StrCat("/proc/self/fd/", directory.get(), "/", name);
  const size_t length = std::min(path.size(), sizeof(address.sun_path) - 1);
  std::memcpy(address.sun_path, path.data(), length);
  return address;
}

std::vector<std::string> SocketsIn(const Descriptor& directory) {
  std::vector<std::string> names;
  // A descriptor of its own, for readdir moves its position.
  const int fd =
      openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return names;
  DIR* entries = fdopendir(fd);
  if (entries == nullptr) {
    close(fd);
    return names;
  }
  while (const dirent* entry = readdir(entries)) {
    if (absl::EndsWith(entry->d_name, kSuffix)) {
      names.emplace_back(entry->d_name);
    }
  }
  closedir(entries);
  return names;
}

/// Thread-compatible.
class SocketHintReceiver final : public HintReceiver {
 public:
  SocketHintReceiver(std::shared_ptr<const Descriptor> directory,
                     std::string name, int socket)
      : directory_(std::move(directory)),
        name_(std::move(name)),
        socket_(socket) {}
  ~SocketHintReceiver() override {
    unlinkat(directory_->get(), name_.c_str(), 0);
  }

  std::optional<Hint> Wait(absl::Duration timeout) override {
    using Steady = std::chrono::steady_clock;
    const bool for_ever = timeout == absl::InfiniteDuration();
    const auto start = Steady::now();
    while (true) {
      std::array<char, kMaxSubject + 1> buffer;
      const ssize_t n =
          recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n > 0) {
        auto hint = HintOf({buffer.data(), static_cast<size_t>(n)});
        if (hint) return hint;
        continue;
      }
      const absl::Duration left =
          timeout - absl::FromChrono(Steady::now() - start);
      if (!for_ever && left <= absl::ZeroDuration()) return std::nullopt;
      // Rounded up, lest the last part of a millisecond is spun away.
      const int64_t ms =
          absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1)));
      pollfd wait = {socket_.get(), POLLIN, 0};
      poll(&wait, 1,
           for_ever ? -1 : static_cast<int>(std::min<int64_t>(ms, 1 << 30)));
    }
  }

 private:
  const std::shared_ptr<const Descriptor> directory_;
  const std::string name_;
  const Descriptor socket_;
};

/// Thread-safe: a datagram is sent whole.
class SocketWakeup final : public Wakeup {
 public:
  SocketWakeup(std::shared_ptr<const Descriptor> directory, int sender)
      : directory_(std::move(directory)), sender_(sender) {}

  void Send(const Hint& hint) override {
    if (hint.subject.size() > kMaxSubject) return;
    const std::string datagram =
        absl::StrCat(std::string(1, LetterOf(hint.kind)), hint.subject);
    for (const std::string& name : SocketsIn(*directory_)) {
      const sockaddr_un address = AddressOf(*directory_, name);
      const ssize_t sent =
          sendto(sender_.get(), datagram.data(), datagram.size(),
                 MSG_DONTWAIT | MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address), sizeof(address));
      // Any other failure is a receiver that is full, and so awake, or one that
      // has just gone.
      if (sent < 0 && errno == ECONNREFUSED) {
        unlinkat(directory_->get(), name.c_str(), 0);
      }
    }
  }

  absl::StatusOr<std::unique_ptr<HintReceiver>> Subscribe() override {
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return ErrnoError("cannot make a wake-up socket");
    const std::string name = absl::StrCat(NewUuid(), kSuffix);
    auto receiver = std::make_unique<SocketHintReceiver>(directory_, name, fd);
    const sockaddr_un address = AddressOf(*directory_, name);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address),
             sizeof(address)) != 0) {
      return ErrnoError("cannot bind a wake-up socket");
    }
    return receiver;
  }

 private:
  const std::shared_ptr<const Descriptor> directory_;
  const Descriptor sender_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Wakeup>> NewSocketWakeup(
    const std::string& directory) {
  PB_RETURN_IF_ERROR(MakeDirectories(directory));
  auto opened = std::make_shared<const Descriptor>(
      open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened->valid()) {
    return ErrnoError(absl::StrCat("cannot open directory ", directory));
  }
  const int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (sender < 0) return ErrnoError("cannot make a wake-up socket");
  return std::make_unique<SocketWakeup>(std::move(opened), sender);
}

}  // namespace pushbroom
