#include "os/wire.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "os/files.h"

namespace runbook {

namespace {
constexpr std::size_t largest_datagram = 16 << 10;
constexpr std::size_t most_fds = 5;
// Instead of a message that is larger: it lies in a memory file, the first of the files. No kind of message has this number.
constexpr std::int64_t lies_in_a_file = -1;

std::string bytes_of(std::int64_t number) {
  WireWriter writer;
  writer.number(number);
  return writer.bytes();
}

bool send_datagram(int socket, std::string_view bytes, const std::vector<int>& fds, SendMode mode) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * most_fds)> control{};
  if (!fds.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* first = CMSG_FIRSTHDR(&header);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(first), fds.data(), sizeof(int) * fds.size());
  }
  while (true) {
    if (::sendmsg(socket, &header, MSG_NOSIGNAL | (mode == SendMode::if_room ? MSG_DONTWAIT : 0)) >= 0) return true;
    if (errno != EINTR) return false;
  }
}

// In place of what stands for it.
void take_out_of_its_file(Message& message) {
  if (message.fds.empty() || message.bytes != bytes_of(lies_in_a_file)) return;
  message.bytes = read_all(message.fds[0].get());
  message.fds.erase(message.fds.begin());
}

}  // namespace

void WireWriter::number(std::int64_t value) {
  char raw[8];
  std::memcpy(raw, &value, sizeof raw);
  bytes_.append(raw, sizeof raw);
}

void WireWriter::text(std::string_view value) {
  number(static_cast<std::int64_t>(value.size()));
  bytes_.append(value);
}

void WireWriter::texts(const std::vector<std::string>& values) {
  number(static_cast<std::int64_t>(values.size()));
  for (const auto& value : values) text(value);
}

std::string_view WireReader::take(std::size_t count) {
  if (!ok_ || count > rest_.size()) {
    ok_ = false;
    return {};
  }
  auto taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

std::int64_t WireReader::number() {
  auto raw = take(8);
  std::int64_t value = 0;
  if (raw.size() == 8) std::memcpy(&value, raw.data(), 8);
  return value;
}

std::string WireReader::text() {
  auto length = number();
  if (length < 0) ok_ = false;
  return std::string(take(static_cast<std::size_t>(length)));
}

std::vector<std::string> WireReader::texts() {
  std::vector<std::string> values;
  auto count = number();
  for (std::int64_t i = 0; i < count && ok_; ++i) values.push_back(text());
  return values;
}

bool send_message(int socket, std::string_view bytes, const std::vector<int>& fds, SendMode mode) {
  if (bytes.size() <= largest_datagram) return send_datagram(socket, bytes, fds, mode);
  const Fd file(::memfd_create("message", MFD_CLOEXEC));
  if (!file || !write_all(file.get(), bytes)) return false;
  std::vector<int> all = {file.get()};
  all.insert(all.end(), fds.begin(), fds.end());
  return send_datagram(socket, bytes_of(lies_in_a_file), all, mode);
}

bool has_answer(int socket, int timeout_ms) {
  pollfd answer{socket, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&answer, 1, timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

Received receive_message(int socket, Message& message) {
  message.bytes.resize(largest_datagram);
  message.fds.clear();
  iovec part{message.bytes.data(), message.bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * most_fds)> control{};
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t count = 0;
  // ECONNRESET: the other side died with something unread; it comes before what that side had still said.
  for (bool was_reset = false;; was_reset = true) {
    do {
      count = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count >= 0 || errno != ECONNRESET || was_reset) break;
  }
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Received::nothing;
  if (count <= 0) return Received::closed;
  message.bytes.resize(static_cast<std::size_t>(count));
  message.is_cut = (header.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0;
  for (cmsghdr* at = CMSG_FIRSTHDR(&header); at; at = CMSG_NXTHDR(&header, at)) {
    if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS) continue;
    std::size_t number_of_fds = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < number_of_fds; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(at) + i * sizeof(int), sizeof(int));
      message.fds.emplace_back(fd);
    }
  }
  take_out_of_its_file(message);
  return Received::message;
}

}  // namespace runbook
