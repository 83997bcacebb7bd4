#include "report/event_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/duration.h"

namespace runbook {

namespace {

std::string with_reason(const std::string& text, const Value& body) {
  std::string why = body.text_or("why", "");
  return why.empty() ? text : text + ": " + why;
}

std::string by(const Value& body) {
  std::string text;
  if (!body.text_or("who", "").empty()) text += " by " + body.text_or("who", "");
  if (!body.text_or("because", "").empty()) text += " because: " + body.text_or("because", "");
  return text;
}

std::string with_processes(std::string text, const Value& body) {
  for (const std::string& process : texts_in(body.get("strays"))) text += "; left behind and ended: " + process;
  for (const std::string& process : texts_in(body.get("left"))) text += "; still running, ends with the run: " + process;
  return text;
}

std::string ended(const Value& body) {
  std::string result = body.text_or("result", "failed");
  if (body.bool_or("again", false)) return with_reason("runs again", body);
  if (result == "not_started") return with_reason("was not started", body);
  return with_reason(result == "timed_out" ? "failed" : result, body);
}

std::string driven(const Value& body) {
  const std::string how = body.text_or("how", ""), who = body.text_or("who", "");
  if (how == "command") return "a command wrote to the record" + by(body);
  if (how == "take-over") return "taken over from a running engine" + by(body);
  std::string text = (how == "undo"     ? "taken up to be undone"
                      : how == "cancel" ? "taken up to be given up"
                                        : "taken up again") +
                     by(body);
  const std::string from = body.text_or("from", "");
  return from.empty() ? text : text + ", handed off by " + from;
}

std::string run_began(const Value& body) {
  return fmt::format("the run began, by {} on {}", body.text_or("operator", ""), body.text_or("host", ""));
}

std::string shell_closed(const Value& body) {
  return fmt::format("the shell was closed after {}", elapsed_text(body.int_or("lasted_ms", 0)));
}

}  // namespace

std::string in_words(std::string_view name) {
  std::string words(name);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string event_sentence(const Event& event) {
  const Value& body = event.body;
  const std::string& kind = event.kind;
  if (kind == event::intent)
    return fmt::format("attempt {} began (effect {}){}", body.int_or("number", 0), body.text_or("effect", ""),
                       body.find("tty") ? " at the terminal; what passed there is not recorded" : "");
  if (kind == event::exited)
    return with_processes(event.attempt == 0 ? "what should have been done is looked at"
                                             : "its process exited with 0; what it should have done is looked at",
                          body);
  if (kind == event::verifying) return "done_when holds; verify is looked at";
  if (kind == event::ended) return with_processes(ended(body), body);
  if (kind == event::satisfied) return with_reason("satisfied, not run", body);
  if (kind == event::skipped && body.find("who")) return "skipped" + by(body);
  if (kind == event::skipped) return with_reason("skipped", body);
  if (kind == event::waiting) return with_reason("the wait began", body);
  if (kind == event::rescheduled) return body.text_or("why", "the clock was set back");
  if (kind == event::refused) return with_reason("stopped before any effect", body);
  if (kind == event::doubted) return with_processes(with_reason("in doubt", body), body);
  if (kind == event::sent_again) return with_reason("sent once more with the same token", body);
  if (kind == event::overdue) return "its timeout passed, it runs on";
  if (kind == event::asked) return "asked: " + body.text_or("text", "");
  if (kind == event::answered)
    return fmt::format("answered: {}{}{}", body.text_or("choice", ""), by(body),
                       body.find("evidence") ? ", with evidence" : "");
  if (kind == event::ticked) return fmt::format("ticked: item {} of the checklist{}", body.int_or("item", 0) + 1, by(body));
  if (kind == event::adopted) return "went on with a changed runbook" + by(body);
  if (kind == event::accepted) return body.text_or("what", "accepted") + by(body);
  if (kind == event::renewed) return "to be done anew" + by(body);
  if (kind == event::included) return "the included runbook began";
  if (kind == event::undone) return "undone";
  if (kind == event::watched) return with_reason("what the watch sees is " + body.text_or("state", "good"), body);
  if (kind == event::scrubbed) return "recorded texts were scrubbed" + by(body);
  if (kind == event::cancelling) return "the run is given up" + by(body);
  if (kind == event::handed_off) return "handed off" + by(body) + ": " + body.text_or("note", "");
  if (kind == event::undoing)
    return (body.text_or("to", "").empty() ? "an undo began" : "an undo began, back to " + body.text_or("to", "")) + by(body);
  if (kind == event::undo_ended) return with_reason("the undo ended", body);
  if (kind == event::section_skipped) return with_reason("left out", body);
  if (kind == event::run_began) return run_began(body);
  if (kind == event::driven) return driven(body);
  if (kind == event::paused) return with_reason("the run rests, " + in_words(body.text_or("state", "interrupted")), body);
  if (kind == event::left) return with_reason("the run ended, " + body.text_or("state", "cancelled"), body);
  if (kind == event::pinned) return fmt::format("target {} is {}", body.text_or("target", ""), body.text_or("text", ""));
  if (kind == event::shell_opened) return "a shell was opened" + by(body);
  if (kind == event::shell_closed) return shell_closed(body);
  if (kind == event::section_failed) return with_reason("given up", body);
  return kind;
}

}  // namespace runbook
