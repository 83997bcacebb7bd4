#include "state/instance_name.h"

#include <fmt/format.h>

namespace runbook {

std::string bracketed(std::string_view key) {
  std::string text = "[";
  for (const char c : key) {
    const bool is_plain = c != '[' && c != ']' && c != '%' && static_cast<unsigned char>(c) >= 0x20;
    if (is_plain) text += c;
    else text += fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return text + "]";
}

namespace {

std::optional<int> hex_value(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    const auto digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<int>(digit);
  }
  return value;
}

std::optional<std::string> plain_key(std::string_view written) {
  std::string key;
  for (std::size_t i = 0; i < written.size(); ++i) {
    if (written[i] != '%') {
      key += written[i];
      continue;
    }
    const auto byte = i + 2 < written.size() ? hex_value(written.substr(i + 1, 2)) : std::nullopt;
    if (!byte) return std::nullopt;
    key += static_cast<char>(*byte);
    i += 2;
  }
  return key;
}

}  // namespace

bool is_undo(std::string_view name) { return name_without_keys(name).ends_with(":undo"); }

std::string name_without_keys(std::string_view name) {
  std::string text;
  bool is_inside = false;
  for (const char c : name) {
    if (c == '[') is_inside = true;
    if (!is_inside) text += c;
    if (c == ']') is_inside = false;
  }
  return text;
}

std::optional<std::vector<NamePart>> parts_of_name(std::string_view name) {
  std::vector<NamePart> parts(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '/') {
      parts.emplace_back();
    } else if (name[i] == '[') {
      const auto end = name.find(']', i);
      if (end == std::string_view::npos) return std::nullopt;
      auto key = plain_key(name.substr(i + 1, end - i - 1));
      if (!key) return std::nullopt;
      parts.back().keys.push_back(*std::move(key));
      i = end;
    } else {
      if (!parts.back().keys.empty()) return std::nullopt;
      parts.back().id += name[i];
    }
  }
  return parts;
}

}  // namespace runbook
