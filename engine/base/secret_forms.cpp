#include "base/secret_forms.h"
#include "base/base64.h"

#include <algorithm>
#include <string_view>

#include "base/digest.h"
#include "base/trimmed.h"

namespace runbook {
namespace {

constexpr std::size_t longest_piece = 4096;  // a longer secret is searched for in pieces, whose masks then merge

using Kind = PatternMatcher::Kind;

std::string replaced(std::string_view text, char from, std::string_view to) {
  std::string result;
  for (const char c : text) {
    if (c == from) result += to;
    else result += c;
  }
  return result;
}

std::string upper_case(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

class Forms {
 public:
  explicit Forms(std::size_t shortest) : shortest_(shortest) {}

  void add_secret(std::string_view secret) {
    while (secret.ends_with('\n') || secret.ends_with('\r')) secret.remove_suffix(1);
    if (secret.size() < shortest_) return;
    for (std::size_t at = 0; at < secret.size(); at += longest_piece) add_piece(secret.substr(at, longest_piece));
    if (secret.find('\n') != std::string_view::npos) add_lines(secret);
  }

  std::vector<PatternMatcher::Pattern> take() { return std::move(patterns_); }

 private:
  void add(std::string text, Kind kind) {
    if (text.size() >= shortest_) patterns_.push_back({std::move(text), kind});
  }

  void add_piece(std::string_view piece) {
    add(std::string(piece), Kind::plain);
    if (piece.find('\'') != std::string_view::npos) add_quoted(piece);
    const std::string hex = to_hex(piece);
    add(hex, Kind::encoded);
    add(upper_case(hex), Kind::encoded);
    for (const Base64 alphabet : {Base64::standard, Base64::url}) {
      for (std::size_t offset = 0; offset < 3; ++offset) add_base64(piece, offset, alphabet);
    }
  }

  // An apostrophe within apostrophes, as shells, Python's shlex and YAML write it.
  void add_quoted(std::string_view piece) {
    for (const std::string_view quote : {R"('\'')", R"('"'"')", "''"}) add(replaced(piece, '\'', quote), Kind::plain);
  }

  // The secret behind `offset` unknown bytes of a group of three. The characters at its ends that depend on its neighbours
  // are left out, but for the two that often stand behind it: nothing, and the newline of `echo`.
  void add_base64(std::string_view piece, std::size_t offset, Base64 alphabet) {
    const std::size_t first = offset == 0 ? 0 : offset + 1;
    const std::size_t known = (offset + piece.size()) * 8 / 6 - first;
    for (const std::string_view tail : {"", "\n"}) {
      std::string bytes(offset, '\0');
      bytes.append(piece).append(tail);
      const std::string text = base64(bytes, alphabet).substr(first);
      add(text.substr(0, known), Kind::encoded);
      add(text.substr(0, text.find('=')), Kind::encoded);
      add(text, Kind::encoded);
    }
  }

  void add_lines(std::string_view secret) {
    while (!secret.empty()) {
      const std::size_t end = std::min(secret.find('\n'), secret.size());
      const std::string_view line = trimmed(secret.substr(0, end));
      for (std::size_t at = 0; at < line.size(); at += longest_piece) {
        add(std::string(line.substr(at, longest_piece)), Kind::plain);
      }
      secret.remove_prefix(std::min(end + 1, secret.size()));
    }
  }

  std::size_t shortest_;
  std::vector<PatternMatcher::Pattern> patterns_;
};

}  // namespace

std::vector<PatternMatcher::Pattern> secret_forms(const std::vector<std::string>& secrets, std::size_t shortest) {
  Forms forms(shortest);
  for (const std::string& secret : secrets) forms.add_secret(secret);
  return forms.take();
}

}  // namespace runbook
