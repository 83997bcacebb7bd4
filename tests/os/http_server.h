#pragma once
// A server for the tests of http_client: what it does on a connection is a story, told with requests read and bytes written.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/digest.h"
#include "os/fd.h"

namespace runbook::testing {

// One connection, from the server's side.
class Peer {
 public:
  explicit Peer(Fd fd) : fd_(std::move(fd)) {}

  // Request line and headers with the empty line, as they came; "" once the client is gone.
  std::string head() {
    std::size_t end = 0;
    while ((end = had_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return {};
    }
    std::string head = had_.substr(0, end + 4);
    had_.erase(0, end + 4);
    return head;
  }
  // So many bytes behind the head, hashed: they are not kept.
  std::string body_digest(std::size_t size) {
    Sha256 digest;
    while (size > 0) {
      if (had_.empty() && !more()) return {};
      const std::size_t count = std::min(size, had_.size());
      digest.update(std::string_view(had_).substr(0, count));
      had_.erase(0, count);
      size -= count;
    }
    return to_hex(digest.finish());
  }
  std::string body(std::size_t size) {
    while (had_.size() < size && more()) continue;
    std::string taken = had_.substr(0, size);
    had_.erase(0, taken.size());
    return taken;
  }
  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void until_gone() {
    while (more()) had_.clear();
  }
  // Without a farewell: the client reads ECONNRESET.
  void reset() {
    const std::lock_guard lock(mutex_);
    const linger at_once{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_.reset();
  }
  void shut() {
    const std::lock_guard lock(mutex_);
    ::shutdown(fd_.get(), SHUT_RDWR);
  }

 private:
  bool more() {
    const ssize_t count = ::recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
    if (count <= 0) return false;
    had_.append(buffer_.data(), static_cast<std::size_t>(count));
    return true;
  }

  std::mutex mutex_;  // the story and the end of the server may both close it
  Fd fd_;
  std::string had_;
  std::array<char, 1 << 16> buffer_{};
};

// A port that is taken: who connects to it is refused as long as nobody listens.
inline std::pair<Fd, int> bound() {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(fd.get(), generic, length) == 0);
  REQUIRE(::getsockname(fd.get(), generic, &length) == 0);
  return {std::move(fd), ntohs(address.sin_port)};
}

inline std::pair<Fd, int> listening(int backlog) {
  std::pair<Fd, int> place = bound();
  REQUIRE(::listen(place.first.get(), backlog) == 0);
  return place;
}

class StoryServer {
 public:
  using Story = std::function<void(Peer&)>;

  explicit StoryServer(Story story) : story_(std::move(story)) {
    std::tie(fd_, port_) = listening(64);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  // Every request is answered with these bytes.
  explicit StoryServer(const std::string& answer)
      : StoryServer([this, answer](Peer& peer) {
          for (std::string head = peer.head(); !head.empty(); head = peer.head()) {
            note(head);
            peer.write(answer);
          }
        }) {}
  ~StoryServer() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    acceptor_.join();
    for (Guest& guest : guests_) guest.peer.shut();
    for (Guest& guest : guests_) guest.thread.join();
  }

  int port() const { return port_; }
  std::string url(const std::string& path = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  int connections() const { return connections_; }
  void note(const std::string& head) {
    const std::lock_guard lock(mutex_);
    heads_.push_back(head);
  }
  std::vector<std::string> heads() {
    const std::lock_guard lock(mutex_);
    return heads_;
  }

 private:
  struct Guest {
    explicit Guest(Fd fd) : peer(std::move(fd)) {}
    Peer peer;
    std::thread thread;
  };

  void accept_all() {
    while (true) {
      Fd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!fd) return;
      ++connections_;
      Guest& guest = guests_.emplace_back(std::move(fd));
      guest.thread = std::thread([this, &guest] {
        story_(guest.peer);
        guest.peer.shut();
      });
    }
  }

  Story story_;
  Fd fd_;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<std::string> heads_;
  std::list<Guest> guests_;
  std::thread acceptor_;
};

}  // namespace runbook::testing
