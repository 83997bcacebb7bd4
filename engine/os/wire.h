#pragma once
// Messages between engine and supervisor: one SEQPACKET datagram each, fields in order, little endian, text with its length
// before it. What is too long for a datagram travels in a memory file, so a message may have any size. Both ends are the same program; the protocol number in HELLO guards against another version.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "os/fd.h"

namespace runbook {

class WireWriter {
 public:
  void number(std::int64_t value);
  void text(std::string_view value);
  void texts(const std::vector<std::string>& values);
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Reading past the end, or a length that lies, gives zeros and empty texts and ok() == false.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}
  std::int64_t number();
  std::string text();
  std::vector<std::string> texts();
  bool ok() const { return ok_; }

 private:
  std::string_view take(std::size_t count);
  std::string_view rest_;
  bool ok_ = true;
};

struct Message {
  std::string bytes;
  std::vector<Fd> fds;
  bool is_cut = false;  // not all that was sent has arrived: no file descriptors were left here
};

enum class SendMode {
  wait,     // until there is room
  if_room,  // dropped when the other side does not read
};
// false: it was not sent (errno says why): the other side is gone, or has no room, or the system has none.
bool send_message(int socket, std::string_view bytes, const std::vector<int>& fds, SendMode mode);

// Whether something can be read, or the other side has gone, within the time.
bool has_answer(int socket, int timeout_ms);

enum class Received { message, nothing, closed };
// Never blocks on a non-blocking socket.
Received receive_message(int socket, Message& message);

}  // namespace runbook
