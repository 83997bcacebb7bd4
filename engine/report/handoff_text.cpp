#include "report/handoff_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "report/form_text.h"
#include "report/visible_text.h"

namespace runbook {

std::string handoff_text(const Handoff& handoff, const std::string& margin) {
  const std::string note = with_margin(made_visible(handoff.note, Charset::utf8), margin);
  const bool is_short = note.find('\n') + 1 >= note.size();
  std::string text = fmt::format("handed off by {} at {}:{}{}", handoff.who, utc_text(handoff.at_ms), is_short ? " " : "\n",
                                 is_short ? note.substr(std::min(note.size(), margin.size())) : note);
  if (handoff.taken_at_ms != 0)
    text += fmt::format("{}taken {} by {} at {}\n", margin, handoff.taken_by == handoff.who ? "up again" : "over",
                        handoff.taken_by, utc_text(handoff.taken_at_ms));
  return text;
}

}  // namespace runbook
