#include "base/gzip.h"

#include <algorithm>
#include <array>

#include <zlib.h>

#include "base/error.h"

namespace runbook {
namespace {

constexpr std::size_t longest_piece = std::size_t{1} << 30;  // zlib counts in 32 bits

class Inflating {
 public:
  explicit Inflating(std::string_view bytes) : left_(bytes) {
    constexpr int gzip_of_any_window = MAX_WBITS + 16;
    RUNBOOK_ASSERT(inflateInit2(&stream_, gzip_of_any_window) == Z_OK);
  }
  Inflating(const Inflating&) = delete;
  Inflating& operator=(const Inflating&) = delete;
  ~Inflating() { inflateEnd(&stream_); }

  // Member after member, to the end of the bytes.
  std::optional<std::string> all(std::size_t most) {
    do {
      if (!member(most) || inflateReset(&stream_) != Z_OK) return std::nullopt;
    } while (stream_.avail_in > 0 || !left_.empty());
    return std::move(out_);
  }

 private:
  bool member(std::size_t most) {
    while (true) {
      feed();
      stream_.next_out = buffer_.data();
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      const std::size_t made = buffer_.size() - stream_.avail_out;
      if (made > most - out_.size()) return false;
      out_.append(reinterpret_cast<const char*>(buffer_.data()), made);
      if (result == Z_STREAM_END) return true;
      if (result != Z_OK) return false;  // Z_BUF_ERROR: it is cut
    }
  }

  void feed() {
    if (stream_.avail_in > 0) return;
    const std::string_view piece = left_.substr(0, longest_piece);
    left_.remove_prefix(piece.size());
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream_.avail_in = static_cast<uInt>(piece.size());
  }

  std::string_view left_;
  std::string out_;
  z_stream stream_{};
  std::array<Bytef, std::size_t{1} << 16> buffer_{};
};

}  // namespace

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

std::optional<std::string> gunzip(std::string_view bytes, std::size_t most) { return Inflating(bytes).all(most); }

}  // namespace runbook
