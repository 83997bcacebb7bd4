#include "book/yaml_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>

#include "base/diagnostic.h"
#include "base/json.h"
#include "book/yaml_reader.h"

namespace runbook {
namespace {

constexpr std::string_view digits = "0123456789";

std::optional<Value> whole_number(std::string_view text) {
  int base = 10;
  std::string_view rest = text;
  const bool is_negative = rest.starts_with('-');
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  if (text.starts_with("0x") || text.starts_with("0o")) {
    base = text[1] == 'x' ? 16 : 8;
    rest = text.substr(2);
  }
  if (rest.empty() || rest.front() == '-') return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number, base);
  if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  return Value(is_negative ? -number : number);
}

// [-+]? ( . digits | digits ( . digits? )? ) ( [eE] [-+]? digits )?
std::optional<Value> real_number(std::string_view text) {
  const bool has_sign = text.starts_with('-') || text.starts_with('+');
  const std::string_view rest = text.substr(has_sign ? 1 : 0);
  const bool looks_like_one = rest.find_first_of(digits) <= 1 &&
                              (rest.starts_with('.') || digits.find(rest.front()) != std::string_view::npos) &&
                              rest.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
  if (!looks_like_one) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  return Value(text.starts_with('-') ? -number : number);
}

Value scalar_value(const Node& node) {
  const std::string& text = node.text;
  if (node.quoted) return text;
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (auto number = whole_number(text)) return *number;
  if (auto number = real_number(text)) return *number;
  return text;
}

// Words that YAML 1.1 takes for truth values are among them.
bool is_safe_plain(const std::string& text) {
  static const std::set<std::string> words = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_plain = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '/';
  };
  return !text.empty() && is_letter(text[0]) && std::all_of(text.begin(), text.end(), is_plain) && !words.contains(lower);
}

std::string scalar_text(const Value& value) {
  if (value.is_text() && is_safe_plain(value.as_text())) return value.as_text();
  return to_json(value);  // JSON is YAML
}

bool is_nested(const Value& value) {
  return (value.is_list() && !value.as_list().empty()) || (value.is_map() && !value.as_map().empty());
}

void append_yaml(std::string& text, const Value& value, int indent);

void append_entry(std::string& text, const std::string& head, const Value& value, int indent) {
  text += head;
  if (!is_nested(value)) {
    text += " " + scalar_text(value) + "\n";
    return;
  }
  text += "\n";
  append_yaml(text, value, indent + 2);
}

void append_yaml(std::string& text, const Value& value, int indent) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  if (!is_nested(value)) {
    text += scalar_text(value) + "\n";
    return;
  }
  if (value.is_list()) {
    for (const Value& item : value.as_list()) append_entry(text, margin + "-", item, indent);
    return;
  }
  for (const auto& [name, member] : value.as_map()) {
    append_entry(text, margin + scalar_text(name) + ":", member, indent);
  }
}

}  // namespace

std::string to_yaml(const Value& value) {
  std::string text;
  append_yaml(text, value, 0);
  return text;
}

std::string flow_text(const std::string& text) {
  constexpr std::string_view special = "{}[],&*#?|<>=!%@`\"'\\\n";
  const bool is_plain = text.find_first_of(special) == std::string_view::npos && text.find(": ") == std::string_view::npos &&
                        !text.ends_with(':');
  const bool is_word = is_safe_plain(text.substr(0, text.find(' ')));
  if (is_plain && is_word && !text.ends_with(' ')) return text;
  const bool fits_single = text.find('\'') == std::string_view::npos && text.find('\n') == std::string_view::npos;
  return fits_single && text.find_first_of("\"\\") != std::string_view::npos ? fmt::format("'{}'", text) : to_json(text);
}

Value value_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return {};
    case Node::Kind::scalar: return scalar_value(node);
    case Node::Kind::list: {
      List items;
      for (const NodePtr& item : node.items) items.push_back(value_of(*item));
      return Value(std::move(items));
    }
    case Node::Kind::map: break;
  }
  Map members;
  for (const Node::Member& member : node.members) members.emplace_back(member.key, value_of(*member.value));
  return Value(std::move(members));
}

std::optional<Value> parse_yaml_text(std::string_view text, std::string& why) {
  const SourceText source("", std::string(text));
  std::vector<Diagnostic> problems;
  const bool is_blank = text.find_first_not_of(" \t\r\n") == std::string_view::npos;
  const NodePtr root = is_blank ? nullptr : read_yaml(source, problems);
  if (const Diagnostic* error = first_error(problems)) {
    why = fmt::format("line {}: {}", error->place.line, error->message);
    return std::nullopt;
  }
  return root ? value_of(*root) : Value();
}

}  // namespace runbook
