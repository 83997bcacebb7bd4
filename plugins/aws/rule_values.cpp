#include "plugins/aws/rule_values.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace runbook::aws {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alphanumeric(char c) { return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z'); }

std::vector<std::string_view> parts_of(std::string_view text, std::string_view delimiter, std::size_t limit) {
  std::vector<std::string_view> parts;
  while (limit == 0 || parts.size() + 1 < limit) {
    const std::size_t at = text.find(delimiter);
    if (at == std::string_view::npos) break;
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + delimiter.size());
  }
  parts.push_back(text);
  return parts;
}

bool is_one_label(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_alphanumeric(c) || c == '-'; });
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_ipv4(std::string_view host) {
  const auto parts = parts_of(host, ".", 0);
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
           return !part.empty() && part.size() <= 3 && std::all_of(part.begin(), part.end(), is_digit);
         });
}

struct Authority {
  std::string_view host, port;
  bool has_port = false;
};

Authority split_authority(std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) return {authority, {}, false};
  return {authority.substr(0, colon), authority.substr(colon + 1), true};
}

bool is_port(std::string_view text) {
  const auto number = whole_number(text);
  return number && *number >= 0 && *number <= 65535 && is_digit(text.front());
}

// Dot segments and doubled slashes go; "/" stands at both ends.
std::string normalized_path(std::string_view path) {
  std::vector<std::string_view> kept;
  for (std::string_view part : parts_of(path, "/", 0)) {
    if (part == ".." && !kept.empty()) kept.pop_back();
    if (!part.empty() && part != "." && part != "..") kept.push_back(part);
  }
  std::string normalized = "/";
  for (std::string_view part : kept) normalized.append(part).append("/");
  return normalized;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
}

Value item(const Value& list, std::string_view index) {
  const auto number = whole_number(index);
  if (!number || !list.is_list()) return {};
  const auto size = static_cast<std::int64_t>(list.as_list().size());
  const std::int64_t at = *number < 0 ? size + *number : *number;
  return at >= 0 && at < size ? list.as_list()[static_cast<std::size_t>(at)] : Value();
}

}  // namespace

bool is_host_label(std::string_view text, Dots dots) {
  if (dots == Dots::refused) return is_one_label(text);
  const auto labels = parts_of(text, ".", 0);
  return std::all_of(labels.begin(), labels.end(), is_one_label);
}

bool is_virtual_hostable_bucket(std::string_view name, Dots dots) {
  return name.size() >= 3 && std::none_of(name.begin(), name.end(), is_upper) && !is_ipv4(name) && is_host_label(name, dots);
}

Value parsed_url(std::string_view text) {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos) return {};
  const std::string_view scheme = text.substr(0, end);
  if (scheme != "http" && scheme != "https") return {};
  if (text.find_first_of("?# \t\r\n\\") != std::string_view::npos) return {};
  const std::string_view rest = text.substr(end + 3);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  const Authority parts = split_authority(authority);
  if (parts.host.empty() || (parts.has_port && !is_port(parts.port))) return {};
  const bool is_ipv6 = parts.host.front() == '[' && parts.host.back() == ']';
  return object({{"scheme", scheme},
                 {"authority", authority},
                 {"path", rest.substr(slash)},
                 {"normalizedPath", normalized_path(rest.substr(slash))},
                 {"isIp", is_ipv6 || is_ipv4(parts.host)}});
}

Value parsed_arn(std::string_view text) {
  const auto parts = parts_of(text, ":", 6);
  if (parts.size() < 6 || parts[0] != "arn" || parts[1].empty() || parts[2].empty() || parts[5].empty()) return {};
  std::string resource(parts[5]);
  std::replace(resource.begin(), resource.end(), ':', '/');
  return object({{"partition", parts[1]},
                 {"service", parts[2]},
                 {"region", parts[3]},
                 {"accountId", parts[4]},
                 {"resourceId", split(resource, "/", 0)}});
}

Value substring(std::string_view text, std::int64_t start, std::int64_t stop, From from) {
  const auto size = static_cast<std::int64_t>(text.size());
  if (start < 0 || start >= stop || stop > size || !is_ascii(text)) return {};
  const std::int64_t begin = from == From::end ? size - stop : start;
  return text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(stop - start));
}

Value split(std::string_view text, std::string_view delimiter, std::int64_t limit) {
  if (delimiter.empty() || limit < 0) return {};
  List list;
  for (std::string_view part : parts_of(text, delimiter, static_cast<std::size_t>(limit))) list.emplace_back(part);
  return list;
}

Value attribute(const Value& value, std::string_view path) {
  Value found = value;
  for (std::string_view part : parts_of(path, ".", 0)) {
    const std::size_t bracket = part.find('[');
    const std::string_view key = part.substr(0, bracket);
    if (!key.empty()) found = found.get(key);
    if (bracket == std::string_view::npos) continue;
    if (part.back() != ']') return {};
    found = item(found, part.substr(bracket + 1, part.size() - bracket - 2));
  }
  return found;
}

}  // namespace runbook::aws
