#include "plugins/aws/canonical_request.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/percent.h"

namespace runbook::aws {
namespace {

constexpr std::string_view blanks = " \t\r\n\f\v";
constexpr std::array<std::string_view, 12> unsigned_headers = {
    "authorization", "connection",        "expect",  "keep-alive", "proxy-authenticate", "proxy-authorization", "te",
    "trailer",       "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

std::vector<std::string_view> words_of(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> words;
  for (std::size_t at = text.find_first_not_of(separators); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(separators, end);
  }
  return words;
}

std::string joined(const std::vector<std::string_view>& parts, std::string_view by) {
  std::string result;
  for (const std::string_view part : parts) {
    if (!result.empty()) result += by;
    result += part;
  }
  return result;
}

std::string folded(std::string_view value) { return joined(words_of(value, blanks), " "); }

}  // namespace

bool is_header(std::string_view name, std::string_view lower_case_name) {
  return std::equal(name.begin(), name.end(), lower_case_name.begin(), lower_case_name.end(),
                    [](char a, char b) { return lower(a) == b; });
}

std::string canonical_path(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view segment : words_of(path, "/")) {
    if (segment == ".") continue;
    if (segment != "..") kept.push_back(segment);
    else if (!kept.empty()) kept.pop_back();
  }
  std::string result = "/" + joined(kept, "/");
  if (!kept.empty() && path.ends_with('/')) result += '/';
  return percent_encoded(result, "/");
}

std::string canonical_query(const Query& query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [name, value] : query) pairs.emplace_back(percent_encoded(name), percent_encoded(value.value_or("")));
  std::sort(pairs.begin(), pairs.end());
  std::string result;
  for (const auto& [name, value] : pairs) {
    if (!result.empty()) result += '&';
    result.append(name).append("=").append(value);
  }
  return result;
}

std::map<std::string, std::string> canonical_headers(const HttpHeaders& headers) {
  std::map<std::string, std::string> result;
  for (const auto& [name, value] : headers) {
    const std::string key = lower_case(name);
    if (std::find(unsigned_headers.begin(), unsigned_headers.end(), key) != unsigned_headers.end()) continue;
    const auto [entry, is_new] = result.try_emplace(key, folded(value));
    if (!is_new) entry->second.append(",").append(folded(value));
  }
  return result;
}

}  // namespace runbook::aws
