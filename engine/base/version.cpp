#include "base/version.h"

#include <algorithm>

namespace runbook {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_of_identifier(char c) { return is_digit(c) || is_letter(c) || c == '-'; }

bool is_of_version(char c) { return is_of_identifier(c) || c == '.' || c == '+'; }

bool is_numeric(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

bool is_identifier(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_of_identifier); }

// The parts between the dots; nullopt if one is not as wanted.
std::optional<std::vector<std::string>> parts_of(std::string_view text, bool (*is_wanted)(std::string_view)) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = std::min(text.find('.'), text.size());
    const std::string_view part = text.substr(0, end);
    if (!is_wanted(part)) return std::nullopt;
    parts.emplace_back(part);
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

// Cuts off what begins with `mark`, and returns what stands behind it.
std::optional<std::string_view> cut_from(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(at + 1);
  text = text.substr(0, at);
  return rest;
}

// As numbers, without limit.
int compare_digits(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

int compare_identifiers(const std::string& a, const std::string& b) {
  if (is_numeric(a) != is_numeric(b)) return is_numeric(a) ? -1 : 1;
  return is_numeric(a) ? compare_digits(a, b) : a.compare(b);
}

int compare_prereleases(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  if (a.empty() != b.empty()) return a.empty() ? 1 : -1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (const int order = compare_identifiers(a[i], b[i])) return order;
  }
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

// Two numbers and more at the beginning of the text, "9.2" of "9.2p1"; "" if there are none.
std::string_view numbers_at(std::string_view text) {
  std::size_t end = 0;
  int dots = 0;
  while (end < text.size() && is_digit(text[end])) {
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end + 1 >= text.size() || text[end] != '.' || !is_digit(text[end + 1])) break;
    ++end;
    ++dots;
  }
  return dots > 0 ? text.substr(0, end) : std::string_view();
}

// The version at the beginning of the text: with its prerelease if it is well formed, its numbers alone otherwise.
std::optional<Version> version_at(std::string_view text) {
  const std::string_view numbers = numbers_at(text);
  if (numbers.empty()) return std::nullopt;
  const auto end = std::find_if_not(text.begin(), text.end(), is_of_version);
  std::string_view whole = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  while (whole.ends_with('.')) whole.remove_suffix(1);
  if (std::optional<Version> version = parse_version(whole)) return version;
  return parse_version(numbers);
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) {
  Version version;
  version.text = text;
  if (text.starts_with('v')) text.remove_prefix(1);
  const std::optional<std::string_view> build = cut_from(text, '+');
  if (build && !parts_of(*build, is_identifier)) return std::nullopt;
  if (const std::optional<std::string_view> prerelease = cut_from(text, '-')) {
    std::optional<std::vector<std::string>> parts = parts_of(*prerelease, is_identifier);
    if (!parts) return std::nullopt;
    version.prerelease = *std::move(parts);
  }
  std::optional<std::vector<std::string>> numbers = parts_of(text, is_numeric);
  if (!numbers) return std::nullopt;
  version.numbers = *std::move(numbers);
  return version;
}

std::optional<Version> find_version(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_digit(text[at]) || (at > 0 && (is_digit(text[at - 1]) || text[at - 1] == '.'))) continue;
    if (std::optional<Version> version = version_at(text.substr(at))) return version;
  }
  return std::nullopt;
}

int compare(const Version& a, const Version& b) {
  for (std::size_t i = 0; i < std::max(a.numbers.size(), b.numbers.size()); ++i) {
    const std::string_view left = i < a.numbers.size() ? a.numbers[i] : std::string_view("0");
    const std::string_view right = i < b.numbers.size() ? b.numbers[i] : std::string_view("0");
    if (const int order = compare_digits(left, right)) return order;
  }
  return compare_prereleases(a.prerelease, b.prerelease);
}

}  // namespace runbook
