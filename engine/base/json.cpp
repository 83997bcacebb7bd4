#include "base/json.h"

#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <unordered_map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/source_text.h"
#include "base/utf8.h"

namespace runbook {
namespace {

constexpr std::size_t deepest = 500;  // Values are walked and destroyed by recursion

// Of a key that occurs several times, the last value counts; it stands where the first stood.
void keep_last_of_each_key(Map& map) {
  std::unordered_map<std::string_view, std::size_t> position;
  Map kept;
  kept.reserve(map.size());  // the views point into it
  for (auto& [key, value] : map) {
    const auto seen = position.find(key);
    if (seen != position.end()) {
      kept[seen->second].second = std::move(value);
      continue;
    }
    kept.emplace_back(std::move(key), std::move(value));
    position.emplace(kept.back().first, kept.size() - 1);
  }
  map = std::move(kept);
}

bool has_repeated_key(const Map& map) {
  constexpr std::size_t small = 16;
  if (map.size() > small) return true;  // perhaps; not worth comparing all with all
  for (std::size_t i = 1; i < map.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (map[i].first == map[j].first) return true;
    }
  }
  return false;
}

// Takes the parser's events and builds the Value; after a failure, knows where and why.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Value result() { return std::move(root_); }
  std::size_t failed_at() const { return failed_at_; }
  const std::string& reason() const { return reason_; }
  bool is_too_deep() const { return is_too_deep_; }

  bool null() override { return add(Value()); }
  bool boolean(bool value) override { return add(Value(value)); }
  bool number_integer(number_integer_t value) override { return add(Value(std::int64_t{value})); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return add(Value(static_cast<double>(value)));
    return add(Value(static_cast<std::int64_t>(value)));
  }
  bool number_float(number_float_t value, const string_t&) override { return add(Value(value)); }
  bool string(string_t& value) override { return add(Value(std::move(value))); }
  bool binary(binary_t&) override { return false; }
  bool key(string_t& name) override {
    open_.back().map.emplace_back(std::move(name), Value());
    return true;
  }
  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    failed_at_ = position > 0 ? position - 1 : 0;
    reason_ = error.what();
    return false;
  }

 private:
  struct Open {
    bool is_map = false;
    List list;
    Map map;
  };

  bool open(bool is_map) {
    is_too_deep_ = open_.size() == deepest;
    if (!is_too_deep_) open_.push_back({is_map, {}, {}});
    return !is_too_deep_;
  }

  bool close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (!done.is_map) return add(Value(std::move(done.list)));
    if (has_repeated_key(done.map)) keep_last_of_each_key(done.map);
    return add(Value(std::move(done.map)));
  }

  bool add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().is_map) {
      open_.back().map.back().second = std::move(value);
    } else {
      open_.back().list.push_back(std::move(value));
    }
    return true;
  }

  Value root_;
  std::vector<Open> open_;
  std::size_t failed_at_ = 0;
  std::string reason_;
  bool is_too_deep_ = false;
};

bool parse_into(Builder& builder, std::string_view text) {
  return nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
}

// The bracket that opens one level too many.
std::size_t too_deep_at(std::string_view text) {
  std::size_t depth = 0;
  bool is_in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (is_in_string && c == '\\') {
      ++at;
    } else if (c == '"') {
      is_in_string = !is_in_string;
    } else if (!is_in_string && (c == '[' || c == '{')) {
      if (depth++ == deepest) return at;
    } else if (!is_in_string && (c == ']' || c == '}')) {
      --depth;
    }
  }
  return text.size();
}

// The library's "[json.exception...] parse error at line 1, column 2: syntax error while parsing value - unexpected '}';
// last read: '...'": what remains must not quote the text, which may hold a secret.
std::string short_reason(std::string_view reason) {
  if (reason.find("out_of_range") != std::string_view::npos) return "number out of range";
  const std::size_t dash = reason.find(" - ");
  if (dash != std::string_view::npos) reason.remove_prefix(dash + 3);
  const std::size_t quote = reason.find("; last read: ");
  if (quote == std::string_view::npos) return std::string(reason);
  std::string kept(reason.substr(0, quote));
  const std::size_t expected = reason.rfind("; expected ");
  if (expected != std::string_view::npos && expected > quote) kept += reason.substr(expected);
  return kept;
}

void append_escaped_ascii(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\b': out += "\\b"; break;
    case '\f': out += "\\f"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  }
}

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t start = at;
    while (at < text.size() && is_plain(text[at])) ++at;
    out += text.substr(start, at - start);
    if (at == text.size()) break;
    const CodePoint point = code_point_at(text, at);
    if (point.length > 1) {
      out += text.substr(at, point.length);
    } else if (point.is_valid) {
      append_escaped_ascii(out, text[at]);
    } else {
      out += replacement_character;
    }
    at += point.length;
  }
  out += '"';
}

// The shortest digits that read back the same, and as a number that is not an integer.
void append_double(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  const std::string digits = fmt::format("{}", number);
  out += digits;
  if (digits.find_first_of(".e") == std::string::npos) out += ".0";
}

class Writer {
 public:
  explicit Writer(int indent) : indent_(indent) {}

  std::string write(const Value& value) {
    append(value);
    return std::move(out_);
  }

 private:
  void append(const Value& value) {
    if (value.is_text()) append_string(out_, value.as_text());
    else if (value.is_map()) append_map(value.as_map());
    else if (value.is_list()) append_list(value.as_list());
    else if (value.is_int()) fmt::format_to(std::back_inserter(out_), "{}", value.as_int());
    else if (value.is_double()) append_double(out_, value.as_number());
    else if (value.is_bool()) out_ += value.as_bool() ? "true" : "false";
    else out_ += "null";
  }

  void append_list(const List& list) {
    begin('[');
    bool is_first = true;
    for (const Value& item : list) {
      separate(is_first);
      append(item);
    }
    end(']', list.empty());
  }

  void append_map(const Map& map) {
    begin('{');
    bool is_first = true;
    for (const auto& [key, value] : map) {
      separate(is_first);
      append_string(out_, key);
      out_ += indent_ > 0 ? ": " : ":";
      append(value);
    }
    end('}', map.empty());
  }

  void begin(char bracket) {
    out_ += bracket;
    ++depth_;
  }

  void separate(bool& is_first) {
    if (!is_first) out_ += ',';
    is_first = false;
    new_line();
  }

  void end(char bracket, bool is_empty) {
    --depth_;
    if (!is_empty) new_line();
    out_ += bracket;
  }

  void new_line() {
    if (indent_ == 0) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(indent_) * static_cast<std::size_t>(depth_), ' ');
  }

  int indent_;
  int depth_ = 0;
  std::string out_;
};

}  // namespace

Value parse_json(std::string_view text) {
  Builder builder;
  if (parse_into(builder, text)) return builder.result();
  const std::size_t offset = builder.is_too_deep() ? too_deep_at(text) : builder.failed_at();
  const Place place = SourceText("", std::string(text)).place_at(offset);
  const std::string reason =
      builder.is_too_deep() ? fmt::format("nested more than {} levels deep", deepest) : short_reason(builder.reason());
  throw Error(ExitCode::usage, fmt::format("not valid JSON: line {}, column {}: {}", place.line, place.column, reason));
}

std::optional<Value> try_parse_json(std::string_view text) {
  Builder builder;
  if (!parse_into(builder, text)) return std::nullopt;
  return builder.result();
}

std::string to_json(const Value& value) { return Writer(0).write(value); }

std::string text_or_json(const Value& value) { return value.is_text() ? value.as_text() : to_json(value); }

std::string to_pretty_json(const Value& value) { return Writer(2).write(value); }

}  // namespace runbook
