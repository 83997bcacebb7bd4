#include "report/shown_output.h"

#include <algorithm>
#include <vector>

namespace runbook {

namespace {

// The greatest limit with which all of them stay within the budget.
std::int64_t fair_limit(std::vector<std::int64_t> sizes, std::int64_t budget) {
  std::sort(sizes.begin(), sizes.end());
  auto rest = static_cast<std::int64_t>(sizes.size());
  for (const std::int64_t size : sizes) {
    if (size * rest > budget) return budget / rest;
    budget -= size;
    --rest;
  }
  return most_output_of_attempt;
}

bool continues_a_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

void share_out_output(AuditReport& report) {
  std::vector<std::int64_t> sizes;
  const auto capped = [](std::int64_t size) { return std::min(size, most_output_of_attempt); };
  for (const AuditStep& step : report.steps)
    for (const AuditAttempt& attempt : step.attempts) sizes.push_back(capped(attempt.output.size));
  const std::int64_t limit = std::min(fair_limit(std::move(sizes), most_output_in_report), most_output_of_attempt);
  for (AuditStep& step : report.steps)
    for (AuditAttempt& attempt : step.attempts)
      attempt.output_shown = report.scope.has_output ? std::min(attempt.output.size, limit) : 0;
}

Excerpt excerpt(std::string text, std::int64_t shown) {
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(shown, 0));
  if (text.size() <= most) return {std::move(text), {}, 0};
  constexpr std::size_t near = 200;  // so far a line end is looked for
  std::size_t head = most / 2, tail = text.size() - (most - most / 2);
  const std::size_t line_end = head == 0 ? std::string::npos : text.rfind('\n', head - 1);
  if (line_end != std::string::npos && head - line_end <= near) head = line_end + 1;
  while (head > 0 && continues_a_character(text[head])) --head;
  const std::size_t line_begin = text.find('\n', tail);
  if (line_begin != std::string::npos && line_begin - tail < near && line_begin + 1 < text.size()) tail = line_begin + 1;
  while (tail < text.size() && continues_a_character(text[tail])) ++tail;
  return {text.substr(0, head), text.substr(tail), static_cast<std::int64_t>(tail - head)};
}

Excerpt output_excerpt(const AuditAttempt& attempt, std::string text) {
  // What was scrubbed may be longer than it was.
  const bool is_whole = attempt.output_shown == attempt.output.size;
  const auto size = static_cast<std::int64_t>(text.size());
  Excerpt part = excerpt(std::move(text), is_whole ? std::max(attempt.output_shown, size) : attempt.output_shown);
  const bool is_cut_twice = part.left_out > 0 && attempt.output_total > attempt.output.size;
  if (is_cut_twice) part.left_out = attempt.output_total - static_cast<std::int64_t>(part.head.size() + part.tail.size());
  return part;
}

}  // namespace runbook
