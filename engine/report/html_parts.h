#pragma once
// What the parts of the page have in common: the small things that stand everywhere, each written in one way.
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "report/audit_report.h"
#include "report/event_text.h"
#include "report/html_text.h"

namespace runbook {

// What they write to, and what of.
struct HtmlPage {
  HtmlWriter& out;
  const AuditReport& report;
  const ReadStored& stored;
  bool has_local_times = true;
  std::int64_t room = 4 << 20;  // bytes of values and commands that the page still shows whole; outputs are shared out before
  std::unordered_map<std::string_view, std::size_t> positions = {};  // of its steps, by instance
  std::unordered_map<std::string, std::pair<std::size_t, std::string>> deeds =
      {};  // by name: the first of a loop's that was shown, and it
};

// A part of the page, and how much there is in it.
struct HtmlPart {
  Markup id, name;
  std::size_t number = 0;
};
void begin_part(HtmlPage& page, Markup id, Markup name);
void end_part(HtmlPage& page);
// Up to its first row of headings, which the caller ends.
void begin_table(HtmlPage& page, Markup caption);
void end_table(HtmlPage& page);

// UTC, and the local time beside it where that is another one.
void write_time(HtmlPage& page, std::int64_t at_ms);
// From when to when, and how long that took; an end of 0: not yet.
void write_times(HtmlPage& page, std::int64_t from_ms, std::int64_t to_ms);
// A word and a shape.
void write_state(HtmlPage& page, std::string_view state);
// Its name, with the way to it where the page tells of it.
void write_step_link(HtmlPage& page, const std::string& instance);
void write_fact(HtmlPage& page, Markup name, std::string_view text);  // nothing if it is empty
void write_code_fact(HtmlPage& page, Markup name, std::string_view text);
// A text that keeps its lines. A long one is folded under `name`, and of a very long one the middle is left out, which it says.
void write_block(HtmlPage& page, Markup name, const std::string& text);
// A map's members, or the value.
void write_values(HtmlPage& page, Markup name, const Value& values);
// A list of {note}, {url}, {file, size, sha256}.
void write_evidence(HtmlPage& page, const Value& evidence);
// Bytes for a person: "812 bytes", "64 KB", "1.2 MB".
std::string size_text(std::int64_t bytes);

}  // namespace runbook
