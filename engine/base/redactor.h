#pragma once
// Masks secrets in a stream of bytes, also across chunk borders, and in the forms that tools print them in: as they are,
// base64 and base64url (at each of the three alignments inside a longer text), percent-encoded, JSON-escaped,
// shell-quoted, hex (both cases), and base64 or hex wrapped over lines (as PEM does). A secret of several lines is also
// masked line by line, lines of under six characters left alone. The mask is "[secret]" unless another is asked for.
//
// What may stay: the base64 character that a secret shares with its neighbour, and of a form broken by the end of an
// ordinary line (none of 16 or more characters of base64) the first three characters.
//
// One object per stream; not thread-safe. Output is held back only while it may be the beginning of a secret, so a
// prompt without a newline appears at once.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace runbook {

inline constexpr std::string_view secret_mask = "[secret]";   // what stands in its place
inline constexpr std::string_view scrub_mask = "[scrubbed]";  // of what was taken out of the record later
inline constexpr std::size_t shortest_secret = 6;             // bytes; shorter ones would mask ordinary text

enum class Mask {
  secret,    // secret_mask
  scrubbed,  // scrub_mask
  in_place,  // as many asterisks as there were bytes: what is masked keeps its length
};

class Redactor {
 public:
  explicit Redactor(const std::vector<std::string>& secrets, Mask mask = Mask::secret);
  ~Redactor();
  Redactor(Redactor&&) noexcept;
  Redactor& operator=(Redactor&&) noexcept;

  bool idle() const;                         // no secrets: everything passes unchanged
  std::string feed(std::string_view bytes);  // what may be shown now
  std::string finish();                      // what was held back; the stream begins anew
  // Bytes that are held back now.
  std::size_t held() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The whole of a text at once.
std::string redact(std::string_view text, const std::vector<std::string>& secrets);

}  // namespace runbook
