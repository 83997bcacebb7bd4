#pragma once
// The bounded record of what an attempt wrote: the first bytes (with the stream they came from) and the last. Its space is
// taken when it is made, so that a full disk stops a step before it begins and never in the middle. Everything in it is redacted.
//
// File: header of 64 bytes | head: frames of {stream, length, bytes} | tail: a ring of merged bytes.
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "os/fd.h"

namespace runbook {

enum class Stream : std::uint8_t { out = 1, err = 2 };

class SpoolWriter {
 public:
  struct Limits {
    std::int64_t head = 64 << 10;
    std::int64_t tail = 64 << 10;
    bool operator==(const Limits&) const = default;
  };
  SpoolWriter() = default;
  // Begins anew in a file that is there, whose room it keeps. Throws Error (exit 1) when there is no room.
  static SpoolWriter create(const std::filesystem::path& path, Limits limits);
  // Goes on with one that another process began; an unusable file gives a writer that drops everything.
  static SpoolWriter open(const std::filesystem::path& path);
  SpoolWriter(SpoolWriter&& other) noexcept;
  SpoolWriter& operator=(SpoolWriter&& other) noexcept;
  ~SpoolWriter();

  void append(Stream stream, std::string_view bytes);
  std::int64_t total() const;

 private:
  struct Header;
  void append_head(Stream stream, std::string_view bytes);
  void append_tail(std::string_view bytes);
  Header* header_ = nullptr;  // the mapping
  std::size_t size_ = 0;
};

// What a spool holds now; any process may look while it is being written.
struct SpoolText {
  std::string head;        // merged, in order
  std::string tail;        // what came after the head, its last bytes
  std::int64_t total = 0;  // all that was ever written
  std::int64_t left_out() const { return total - static_cast<std::int64_t>(head.size() + tail.size()); }
  bool is_whole() const { return left_out() == 0 && tail.empty(); }
  std::string out;  // standard output alone; complete only if is_whole()
  std::string err;
  // head, a line that counts what is left out, tail
  std::string text() const;
};
// Empty if there is no such file.
SpoolText read_spool(const std::filesystem::path& path);

// What was written since `position` (a count of bytes since the beginning), as far as it is still there; moves `position` on.
std::string read_spool_since(const std::filesystem::path& path, std::int64_t& position);

}  // namespace runbook
