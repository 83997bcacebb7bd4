#include "plugins/aws/wire_headers.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/trimmed.h"
#include "plugins/aws/wire_values.h"

namespace runbook::aws {
namespace {

bool is_same_letter(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

bool starts_with_name(std::string_view text, std::string_view name) {
  return text.size() >= name.size() && std::equal(name.begin(), name.end(), text.begin(), is_same_letter);
}

// RFC 9110, section 5.6.2: "token".
bool is_header_name(std::string_view name) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](unsigned char c) {
    return (c < 0x80 && std::isalnum(c) != 0) || marks.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; });
}

std::string quoted_item(const std::string& text) {
  if (text.find_first_of("\",") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// The text of one quoted item, whose first quote stands at `at`; then `at` is behind it.
std::string take_quoted(std::string_view text, std::size_t& at) {
  std::string item;
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    item += text[at];
  }
  at = std::min(text.find(',', at), text.size());
  return item;
}

// Dates of RFC 9110 hold a comma themselves.
std::vector<std::string> items_in(std::string_view text, bool are_dates) {
  std::vector<std::string> items;
  for (std::size_t at = 0; at < text.size(); ++at) {
    at = std::min(text.find_first_not_of(" \t", at), text.size());
    if (at < text.size() && text[at] == '"') {
      items.push_back(take_quoted(text, at));
      continue;
    }
    std::size_t end = std::min(text.find(',', at), text.size());
    if (are_dates) end = std::min(text.find(',', end + 1), text.size());
    items.emplace_back(trimmed(text.substr(at, end - at)));
    at = end;
  }
  return items;
}

Value list_in_header(const ServiceModel& model, const Shape& shape, std::string_view text) {
  const Shape& item = model.shape(shape.member);
  const std::string& format = shape.member.timestamp_format.empty() ? item.timestamp_format : shape.member.timestamp_format;
  const bool are_dates = item.type == ShapeType::timestamp && (format.empty() || format == "rfc822");
  List items;
  for (const std::string& one : items_in(text, are_dates)) items.push_back(value_of_text(item, one));
  return items;
}

// A list may stand in several lines (RFC 9110, section 5.3).
std::string all_lines(const HttpHeaders& headers, std::string_view wanted) {
  std::string all;
  for (const auto& [name, value] : headers) {
    if (name.size() != wanted.size() || !starts_with_name(name, wanted)) continue;
    if (!all.empty()) all += ',';
    all += value;
  }
  return all;
}

std::optional<Value> value_in_header(const ServiceModel& model, const ShapeRef& ref, const std::string& name,
                                     const HttpReply& reply) {
  if (!has_header(reply.headers, name)) return std::nullopt;
  const Shape& shape = model.shape(ref);
  if (shape.type == ShapeType::list) return list_in_header(model, shape, all_lines(reply.headers, name));
  const std::string_view text = trimmed(reply.header(name));
  if (text.empty() && shape.type != ShapeType::string) return std::nullopt;
  if (!ref.is_json_text) return value_of_text(shape, text);
  const auto decoded = from_base64(text);
  const auto json = decoded ? try_parse_json(*decoded) : std::nullopt;
  return json ? *json : Value(text);
}

Value headers_behind(std::string_view prefix, const HttpHeaders& headers) {
  Map found;
  for (const auto& [name, value] : headers) {
    if (starts_with_name(name, prefix)) found.emplace_back(name.substr(prefix.size()), value);
  }
  return found;
}

}  // namespace

bool has_header(const HttpHeaders& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& header) {
    return header.first.size() == name.size() && starts_with_name(header.first, name);
  });
}

void add_header(HttpHeaders& headers, const std::string& name, const std::string& value) {
  if (!is_header_name(name))
    throw_unwritable(fmt::format("`{}` is no name of a header: letters, digits and `-` make one", name));
  if (!is_header_value(value))
    throw_unwritable(fmt::format("the header `{}` can't hold line breaks or control characters", name));
  headers.emplace_back(name, value);
}

std::optional<std::string> header_text(const ServiceModel& model, const ShapeRef& ref, const Value& value,
                                       const std::string& dir) {
  const Shape& shape = model.shape(ref);
  if (ref.is_json_text) return base64(text_or_json(value));
  if (shape.type != ShapeType::list) return wire_text(ref, shape, value, TimestampFormat::rfc822, dir);
  const Shape& item = model.shape(shape.member);
  std::optional<std::string> text;
  for (const Value& one : list_to_write(value, ref.location_name)) {
    if (one.is_null()) continue;
    const std::string plain = wire_text(shape.member, item, one, TimestampFormat::rfc822, dir);
    text = text ? *text + "," : "";
    *text += item.type == ShapeType::string ? quoted_item(plain) : plain;
  }
  return text;
}

Map members_in_headers(const ServiceModel& model, const Shape& shape, const HttpReply& reply) {
  Map members;
  for (const auto& [name, ref] : shape.members) {
    const std::string& wire = ref.location_name.empty() ? name : ref.location_name;
    if (ref.location == Location::status_code) members.emplace_back(name, reply.status);
    if (ref.location == Location::headers) members.emplace_back(name, headers_behind(ref.location_name, reply.headers));
    if (ref.location != Location::header) continue;
    if (auto value = value_in_header(model, ref, wire, reply)) members.emplace_back(name, *std::move(value));
  }
  return members;
}

std::string request_id_in_headers(const HttpReply& reply) {
  for (const char* name : {"x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"}) {
    if (const std::string_view id = reply.header(name); !id.empty()) return std::string(id);
  }
  return "";
}

}  // namespace runbook::aws
