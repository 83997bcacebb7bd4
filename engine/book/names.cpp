#include "book/names.h"

#include <algorithm>

namespace runbook {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::size_t longest_proposal = 40;  // at the end of a word
constexpr std::size_t longest_word = 60;

}  // namespace

bool is_name(std::string_view text) {
  if (text.empty() || !is_lower(text.front())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

bool is_environment_name(std::string_view text) {
  if (text.empty() || is_digit(text.front())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '_'; });
}

std::string name_from(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const char lower = is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
    if (is_lower(lower) || (is_digit(lower) && !name.empty())) name += lower;
    else if (!name.empty() && name.back() != '_') name += '_';
    if (name.size() >= longest_proposal && (name.back() == '_' || name.size() == longest_word)) break;
  }
  while (name.ends_with('_')) name.pop_back();
  return name;
}

std::string upper_case(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) {
    if (is_lower(c)) c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

}  // namespace runbook
