#include "base/suggestion.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace runbook {
namespace {

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Damerau-Levenshtein with adjacent swaps, by three rows of the table.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, changed});
      const bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swap) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest(std::string_view unknown, const std::vector<std::string>& known) {
  const std::string wanted = lower_case(unknown);
  std::size_t best = std::string::npos;
  std::string name;
  for (const std::string& candidate : known) {
    // Checked first: the table for a long text that was pasted by mistake would be large.
    const std::size_t longer = std::max(candidate.size(), wanted.size());
    const std::size_t limit = std::min(longer / 3, best - 1), least = longer - std::min(candidate.size(), wanted.size());
    if (least > limit) continue;
    const std::size_t edits = distance(wanted, lower_case(candidate));
    if (edits > limit) continue;
    best = edits;
    name = candidate;
  }
  return name;
}

std::string suggestion(std::string_view unknown, const std::vector<std::string>& known, std::size_t most) {
  const std::string near = nearest(unknown, known);
  if (!near.empty()) return fmt::format("did you mean `{}`?", near);
  if (known.empty() || most == 0) return {};
  const std::size_t shown = std::min(most, known.size());
  const std::string names =
      fmt::format("{}", fmt::join(known.begin(), known.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (shown == known.size()) return "known: " + names;
  return fmt::format("known: {} and {} more", names, known.size() - shown);
}

}  // namespace runbook
