#include "base/secret_forms.h"

#include <algorithm>
#include <string_view>

#include "base/digest.h"

namespace runbook {
namespace {

constexpr std::size_t longest_piece = 4096;  // a longer secret is searched for in pieces, whose masks then merge
constexpr std::string_view blanks = " \t\r\n";

using Kind = PatternMatcher::Kind;

std::string base64(std::string_view bytes, std::string_view last_two) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + std::string(last_two);
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    unsigned bits = 0;
    for (std::size_t i = 0; i < 3; ++i) bits = bits << 8U | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    for (std::size_t i = 0; i <= group.size(); ++i) text += alphabet[bits >> (18 - 6 * i) & 63U];
    text.append(3 - group.size(), '=');
  }
  return text;
}

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

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
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
    for (const std::string_view last_two : {"+/", "-_"}) {
      for (std::size_t offset = 0; offset < 3; ++offset) add_base64(piece, offset, last_two);
    }
  }

  // An apostrophe within apostrophes, as shells, Python's shlex and YAML write it.
  void add_quoted(std::string_view piece) {
    for (const std::string_view quote : {R"('\'')", R"('"'"')", "''"}) add(replaced(piece, '\'', quote), Kind::plain);
  }

  // The secret behind `offset` unknown bytes of a group of three. The characters at its ends that depend on its neighbours
  // are left out, but for the two that often stand behind it: nothing, and the newline of `echo`.
  void add_base64(std::string_view piece, std::size_t offset, std::string_view last_two) {
    const std::size_t first = offset == 0 ? 0 : offset + 1;
    const std::size_t known = (offset + piece.size()) * 8 / 6 - first;
    for (const std::string_view tail : {"", "\n"}) {
      std::string bytes(offset, '\0');
      bytes.append(piece).append(tail);
      const std::string text = base64(bytes, last_two).substr(first);
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
