#pragma once
// How much of what the steps wrote stands in a report, and what of it.
#include <cstdint>
#include <string>

#include "report/audit_report.h"

namespace runbook {

// Of all attempts together, however many there are: a report stays a document that opens.
inline constexpr std::int64_t most_output_in_report = 8 << 20;
inline constexpr std::int64_t most_output_of_attempt = 64 << 10;

// Sets `output_shown` of every attempt: short outputs whole, and of the long ones as much as leaves room for all, the same for each.
void share_out_output(AuditReport& report);

// The beginning and the end of a text. Characters stay whole, and lines where that costs little.
struct Excerpt {
  std::string head, tail;
  std::int64_t left_out = 0;  // bytes between them; 0: head is all of it
};
Excerpt excerpt(std::string text, std::int64_t shown);
// Of what an attempt wrote, which is `text` as it is kept. What was not kept counts as left out too.
Excerpt output_excerpt(const AuditAttempt& attempt, std::string text);

}  // namespace runbook
