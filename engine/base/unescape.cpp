#include "base/unescape.h"

namespace runbook {
namespace {

constexpr Unit cut_off{{}, 0, 0, false};
constexpr int not_a_number = -1;
constexpr int too_short = -2;

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

// Exactly `count` digits at the beginning; too_short if the text ends within them.
int number(std::string_view text, std::size_t count, int base) {
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i == text.size()) return too_short;
    const int digit = digit_value(text[i]);
    if (digit >= base) return not_a_number;
    value = value * base + digit;
  }
  return value;
}

Unit byte_unit(int value, std::size_t length) { return {{static_cast<char>(value)}, 1, length, false}; }

char continuation(int code_point, int shift) { return static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)); }

Unit utf8_unit(int code, std::size_t length) {
  if (code < 0x80) return byte_unit(code, length);
  if (code < 0x800) return {{static_cast<char>(0xC0 | (code >> 6)), continuation(code, 0)}, 2, length, false};
  if (code < 0x10000) {
    return {{static_cast<char>(0xE0 | (code >> 12)), continuation(code, 6), continuation(code, 0)}, 3, length, false};
  }
  return {{static_cast<char>(0xF0 | (code >> 18)), continuation(code, 12), continuation(code, 6), continuation(code, 0)},
          4,
          length,
          false};
}

// \u00e9, or a pair of surrogates.
Unit unicode_unit(std::string_view text) {
  const int high = number(text.substr(2), 4, 16);
  if (high == too_short) return cut_off;
  if (high == not_a_number) return byte_unit('u', 2);
  if (high < 0xD800 || high > 0xDBFF) return utf8_unit(high, 6);
  const std::string_view second = text.substr(6);
  if (second.size() < 2 && std::string_view("\\u").starts_with(second)) return cut_off;
  if (!second.starts_with("\\u")) return utf8_unit(high, 6);
  const int low = number(second.substr(2), 4, 16);
  if (low == too_short) return cut_off;
  if (low < 0xDC00 || low > 0xDFFF) return utf8_unit(high, 6);
  return utf8_unit(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), 12);
}

// A number in `base`, or where there is none, the escaped character itself.
Unit numbered_unit(std::string_view text, std::size_t prefix, std::size_t count, int base) {
  const int value = number(text.substr(prefix), count, base);
  if (value == too_short) return cut_off;
  if (value == not_a_number || value > 0xFF) return byte_unit(text[1], 2);
  return byte_unit(value, prefix + count);
}

}  // namespace

Unit literal_unit(std::string_view text) { return {{text[0]}, 1, 1, true}; }

Unit percent_unit(std::string_view text) {
  if (text[0] != '%') return literal_unit(text);
  const int value = number(text.substr(1), 2, 16);
  if (value == too_short) return cut_off;
  return value == not_a_number ? literal_unit(text) : byte_unit(value, 3);
}

Unit form_unit(std::string_view text) { return text[0] == '+' ? byte_unit(' ', 1) : percent_unit(text); }

Unit backslash_unit(std::string_view text) {
  if (text[0] != '\\') return literal_unit(text);
  if (text.size() == 1) return cut_off;
  constexpr std::string_view letters = "nrtbfvaeE";
  constexpr std::string_view meanings = "\n\r\t\b\f\v\a\x1b\x1b";
  const std::size_t letter = letters.find(text[1]);
  if (letter != std::string_view::npos) return byte_unit(meanings[letter], 2);
  if (text[1] == 'u') return unicode_unit(text);
  if (text[1] == 'x') return numbered_unit(text, 2, 2, 16);
  if (text[1] >= '0' && text[1] <= '7') return numbered_unit(text, 1, 3, 8);
  return byte_unit(text[1], 2);
}

}  // namespace runbook
