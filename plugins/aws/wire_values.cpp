#include "plugins/aws/wire_values.h"

#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/one_line.h"
#include "base/percent.h"
#include "base/utf8.h"
#include "os/files.h"

namespace runbook::aws {
namespace {

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    if (!point.is_valid) return false;
    at += point.length;
  }
  return true;
}

std::string number_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return to_json(number);
}

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

[[noreturn]] void throw_misread(const Shape& shape, std::string_view text) {
  const std::string shown = shape.is_sensitive ? "the text" : fmt::format("`{}`", one_line(text, 60));
  throw AnswerFault(fmt::format("where a {} stands ({}), {} is none", shape_type_name(shape.type), shape.name, shown));
}

Value integer_of_text(const Shape& shape, std::string_view text) {
  if (const auto whole = number_in<std::int64_t>(text)) return *whole;
  if (const auto number = number_in<double>(text)) return *number;
  throw_misread(shape, text);
}

Value real_of_text(const Shape& shape, std::string_view text) {
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") return text;
  const auto number = number_in<double>(text);
  if (!number || !std::isfinite(*number)) throw_misread(shape, text);
  return *number;
}

Value boolean_of_text(const Shape& shape, std::string_view text) {
  for (const auto& [word, is_true] : {std::pair{"true", true}, {"True", true}, {"1", true}}) {
    if (text == word) return is_true;
  }
  for (const char* word : {"false", "False", "0", ""}) {
    if (text == word) return false;
  }
  throw_misread(shape, text);
}

// Text that a machine reads when it starts travels in base64; it is given as it is, as to the AWS CLI.
bool is_text_in_base64(const Shape& shape) { return shape.name == "RunInstancesUserData" || shape.name == "XmlStringUserData"; }

// Policy documents stand in answers percent-encoded, as text; they are given as what they say, as the AWS CLI does.
Value policy_of_text(std::string_view text) {
  const auto policy = try_parse_json(percent_decoded(text));
  return policy ? *policy : Value(text);
}

}  // namespace

void throw_unwritable(const std::string& what) { throw Error(ExitCode::step_failed, what); }

const List& list_to_write(const Value& value, std::string_view member) {
  if (!value.is_list()) throw_unwritable(fmt::format("`{}` takes a list, not {}", member, value.type_name()));
  return value.as_list();
}

const Map& map_to_write(const Value& value, std::string_view member) {
  static const Map nothing;
  if (value.is_null()) return nothing;
  if (!value.is_map()) throw_unwritable(fmt::format("`{}` takes a map, not {}", member, value.type_name()));
  return value.as_map();
}

std::string without_path(const Shape& shape, const std::string& text) {
  const bool is_identifier = shape.name == "ResourceId" || shape.name == "DelegationSetId" || shape.name == "ChangeId";
  return is_identifier && text.starts_with('/') ? text.substr(text.rfind('/') + 1) : text;
}

std::string wire_name(const ShapeRef& ref, const Shape& shape, std::string_view member) {
  if (!ref.location_name.empty()) return ref.location_name;
  if (shape.type != ShapeType::structure && !shape.location_name.empty()) return shape.location_name;
  return std::string(member);
}

bool is_flattened(const ShapeRef& ref, const Shape& shape) { return ref.is_flattened || shape.is_flattened; }

std::string scalar_text(const Value& value) {
  if (value.is_double()) return number_text(value.as_number());
  return text_or_json(value);
}

Timestamp timestamp_to_write(const Value& value) {
  if (value.is_int()) return {value.as_int(), 0};
  const auto at = value.is_double() ? timestamp_of(value.as_number())
                  : value.is_text() ? parse_timestamp(value.as_text())
                                    : std::nullopt;
  if (!at) throw_unwritable(fmt::format("{} is no point in time; write \"2015-01-01T00:00:00Z\"", scalar_text(value)));
  return *at;
}

TimestampFormat timestamp_format(const ShapeRef& ref, const Shape& shape, TimestampFormat otherwise) {
  const std::string& name = ref.timestamp_format.empty() ? shape.timestamp_format : ref.timestamp_format;
  if (name == "iso8601") return TimestampFormat::iso8601;
  if (name == "rfc822") return TimestampFormat::rfc822;
  if (name == "unixTimestamp") return TimestampFormat::unix_timestamp;
  return otherwise;
}

std::string blob_file(const Value& value, const std::string& dir) {
  const Value* file = value.find("file");
  if (file == nullptr) return "";
  const std::filesystem::path path = std::filesystem::absolute(std::filesystem::path(dir) / scalar_text(*file));
  if (std::filesystem::is_directory(path)) throw_unwritable(fmt::format("{} is a folder, not a file", path.string()));
  if (!std::ifstream(path)) throw_system(ExitCode::step_failed, "opening " + path.string(), errno);
  return path.lexically_normal().string();
}

std::string blob_bytes(const Value& value, const std::string& dir) {
  if (const std::string file = blob_file(value, dir); !file.empty()) return read_file(file, ExitCode::step_failed);
  if (!value.is_map() && !value.is_list()) return scalar_text(value);
  const Value encoded = value.get("base64");
  const auto bytes = encoded.is_text() ? from_base64(encoded.as_text()) : std::nullopt;
  if (!bytes) throw_unwritable("bytes are given as text, as {base64: text in base64} or as {file: path}");
  return *bytes;
}

std::string wire_text(const ShapeRef& ref, const Shape& shape, const Value& value, TimestampFormat otherwise,
                      const std::string& dir) {
  switch (shape.type) {
    case ShapeType::blob: return base64(blob_bytes(value, dir));
    case ShapeType::timestamp: return timestamp_text(timestamp_to_write(value), timestamp_format(ref, shape, otherwise));
    default: return is_text_in_base64(shape) ? base64(scalar_text(value)) : scalar_text(value);
  }
}

Value value_of_text(const Shape& shape, std::string_view text) {
  switch (shape.type) {
    case ShapeType::boolean: return boolean_of_text(shape, text);
    case ShapeType::integer:
    case ShapeType::long_integer: return integer_of_text(shape, text);
    case ShapeType::single:
    case ShapeType::real: return real_of_text(shape, text);
    case ShapeType::timestamp: return timestamp_result(text);
    default: return shape.name == "policyDocumentType" ? policy_of_text(text) : Value(text);
  }
}

Value timestamp_result(const Value& wire) {
  const auto at = wire.is_number() ? timestamp_of(wire.as_number())
                  : wire.is_text() ? parse_timestamp(wire.as_text())
                                   : std::nullopt;
  if (!at) throw AnswerFault(fmt::format("{} is no point in time", one_line(scalar_text(wire), 60)));
  return timestamp_text_with_offset(*at);
}

Value body_result(const std::string& body) {
  if (is_utf8(body)) return body;
  return object({{"base64", base64(body)}});
}

}  // namespace runbook::aws
