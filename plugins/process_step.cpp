#include "plugins/process_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/json.h"
#include "base/one_line.h"
#include "base/redactor.h"
#include "base/trimmed.h"
#include "base/utf8.h"
#include "book/yaml_value.h"
#include "os/files.h"

namespace runbook {

namespace {

bool is_name(std::string_view text) {
  if (text.empty() || !(std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '_')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; });
}

// As much of a line as an error quotes: whole characters.
std::string beginning_of(const std::string& line) {
  constexpr std::size_t most = 80;
  std::size_t end = 0;
  for (std::size_t next = 0; next < line.size() && next <= most; next += code_point_at(line, next).length) end = next;
  return line.size() <= most ? line : line.substr(0, end);
}

Value result_of(const Exit& exit) {
  Value result = object({{"stdout", exit.out}, {"stderr", exit.err}, {"exit_code", exit.number}});
  auto json = try_parse_json(exit.out);
  return json ? with(result, "json", *json) : result;
}

Outcome::Kind kind_of(const Exit& exit) {
  switch (exit.kind) {
    case Exit::Kind::not_started: return Outcome::Kind::not_started;
    case Exit::Kind::lost: return Outcome::Kind::unknown;
    case Exit::Kind::signal:
    case Exit::Kind::code: break;
  }
  if (exit.has_timed_out) return Outcome::Kind::timed_out;
  if (exit.was_cancelled) return Outcome::Kind::cancelled;
  return exit.kind == Exit::Kind::code && exit.number == 0 ? Outcome::Kind::succeeded : Outcome::Kind::failed;
}

std::string reason_of(const Exit& exit, Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::succeeded: return "";
    case Outcome::Kind::not_started:
    case Outcome::Kind::unknown: return exit.why;
    case Outcome::Kind::timed_out: return "its timeout passed and it was ended";
    case Outcome::Kind::cancelled: return "it was stopped";
    case Outcome::Kind::failed: break;
  }
  if (exit.kind == Exit::Kind::signal)
    return fmt::format("it was ended by signal {} ({})", exit.number, ::strsignal(exit.number));
  return fmt::format("it exited with {}", exit.number);
}

constexpr const char* nothing_is_kept = "what it wrote is not kept, for it may hold a secret";

Outcome outcome_of(Exit exit, const StepContext& context) {
  Outcome outcome;
  outcome.kind = kind_of(exit);
  outcome.reason = reason_of(exit, outcome.kind);
  if (exit.kind == Exit::Kind::code) outcome.exit_code = exit.number;
  outcome.output = std::move(exit.output);
  outcome.output_total = exit.output_total;
  outcome.output_sha256 = exit.output_sha256;
  outcome.strays = std::move(exit.strays);
  outcome.left = std::move(exit.left);
  if (context.keeps_result && exit.result_is_missing)
    outcome.why_no_result = "the output was held by the supervisor, which died";
  outcome.named_outputs_are_missing = exit.named_outputs_are_missing;
  if (context.keeps_result) outcome.result = result_of(exit);
  if (outcome.kind == Outcome::Kind::failed && context.hides_output) outcome.reason += std::string("; ") + nothing_is_kept;
  if (outcome.kind != Outcome::Kind::succeeded) return outcome;
  std::string why;
  bool is_sound = parse_named_outputs(redact(exit.named_outputs, context.secrets), outcome.named_outputs, why);
  if (!is_sound && context.hides_output) why = "$RUNBOOK_OUTPUT holds a line that is not name=value";
  if (is_sound && context.keeps_result && exit.result_is_too_large)
    why = "its standard output is larger than 16 MB, more than outputs are taken from";
  if (why.empty()) return outcome;
  outcome.kind = Outcome::Kind::failed;
  outcome.reason = "it ran and exited with 0, but " + why;
  return outcome;
}

}  // namespace

std::optional<std::string> standard_input(const Value& params, const std::string& dir) {
  Value input = params.get("stdin");
  if (input.is_null()) return std::nullopt;
  if (const Value* json = input.find("json")) return to_json(*json) + "\n";
  if (const Value* yaml = input.find("yaml")) return to_yaml(*yaml);
  if (const Value* file = input.find("file")) {
    return read_file(std::filesystem::path(dir) / text_or_json(*file), ExitCode::step_failed);
  }
  return text_or_json(input);
}

std::vector<NamedPath> files_of_process(const Value& params) {
  constexpr std::string_view between = " \t\n\"'();&|<>{}$`\\=";
  std::vector<NamedPath> files;
  std::vector<std::string> texts = texts_in(params.get("argv"));
  texts.push_back(params.text_or("script", ""));
  for (const std::string& text : texts) {
    std::size_t at = text.find_first_not_of(between);
    while (at != std::string::npos) {
      const std::size_t end = std::min(text.find_first_of(between, at), text.size());
      const std::string word = text.substr(at, end - at);
      if (word.find('/') != std::string::npos) files.push_back({word, NamedPath::Kind::word});
      at = text.find_first_not_of(between, end);
    }
  }
  if (const Value* file = params.get("stdin").find("file"); file && file->is_text())
    files.push_back({file->as_text(), NamedPath::Kind::input});
  return files;
}

bool parse_named_outputs(const std::string& text, std::vector<std::pair<std::string, std::string>>& into, std::string& why) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    std::size_t equals = line.find('=');
    std::string name = line.substr(0, std::min(equals, line.size()));
    if (equals == std::string::npos || !is_name(name)) {
      why = fmt::format("$RUNBOOK_OUTPUT holds a line that is not name=value: `{}`", beginning_of(line));
      return false;
    }
    auto known = std::find_if(into.begin(), into.end(), [&](const auto& entry) { return entry.first == name; });
    if (known == into.end()) known = into.insert(into.end(), {name, ""});
    known->second = line.substr(equals + 1);
  }
  return true;
}

namespace {

// How it ended without a match, and the last that it wrote: to standard output, else to standard error.
std::string without_match(const Exit& exit, const FollowedStream& stream) {
  const bool is_good = exit.kind == Exit::Kind::code && exit.number == 0;
  std::string text = exit.has_timed_out || exit.was_cancelled ? "no line has matched"
                     : is_good                                ? "the stream ended, and no line matched"
                                                              : "the stream ended: " + reason_of(exit, Outcome::Kind::failed);
  const std::string errors = without_line_ends(exit.output);
  const std::string last = stream.last_line().empty() ? errors.substr(errors.find_last_of('\n') + 1) : stream.last_line();
  return last.empty() ? text : fmt::format("{} (the last line: {})", text, one_line(last));
}

Said said_of(const Exit& exit, const FollowedStream& stream) {
  switch (stream.match()) {
    case FollowedStream::Match::until: return {Said::Answer::yes, one_line(stream.last_line())};
    case FollowedStream::Match::fail_on: return {Said::Answer::no, "fail_on matches: " + one_line(stream.last_line()), true};
    case FollowedStream::Match::none: return {Said::Answer::no, without_match(exit, stream)};
  }
  RUNBOOK_ASSERT(false);
}

}  // namespace

Command ProcessStep::command_for(const StepContext& context) const {
  Command command;
  command.input = standard_input(context.params, context.dir);
  command.argv = context.following ? argv_from(context.params, context.following->position) : argv(context.params);
  command.env = context.env;
  command.dir = context.dir;
  command.secrets = context.secrets;
  command.hides_output = context.hides_output || context.tty;
  command.tty = context.tty;
  command.step = context.step;
  command.leaves = context.leaves;
  command.output_head = context.output_head;
  command.output_tail = context.output_tail;
  command.keeps_result = context.keeps_result;
  command.timeout_ms = context.timeout_ms;
  command.seq = context.seq;
  command.hash = context.hash;
  return command;
}

Outcome ProcessStep::run(const StepContext& context) const {
  Command command;
  try {
    command = command_for(context);
  } catch (const Error& error) {
    return not_started(error.what());
  }
  if (context.following) return follow(context, std::move(command));
  return outcome_of(runner_->run(context.n, std::move(command), context.output, context.stop), context);
}

// A match counts however the process then ended: it is ended by it.
Outcome ProcessStep::follow(const StepContext& context, Command command) const try {
  std::stop_source ending;
  const std::stop_callback passed_on(context.stop, [&] { ending.request_stop(); });
  Following following = *context.following;
  following.position = position_from(context.params, following.position);
  FollowedStream stream({following, context.secrets,
                         [this](std::string_view line, const std::string& position) { return followed_line(line, position); },
                         [&] { ending.request_stop(); }});
  command.out = stream.take_writing_end();
  const Exit exit = runner_->run(context.n, std::move(command), context.output, ending.get_token());
  stream.finish();
  const bool is_seen = stream.match() != FollowedStream::Match::none;
  Outcome outcome = outcome_of(exit, context);
  outcome.position = stream.position();
  if (!is_seen && (exit.kind == Exit::Kind::not_started || exit.kind == Exit::Kind::lost)) return outcome;
  outcome.said = said_of(exit, stream);
  outcome.result = object({{"stdout", is_seen ? stream.last_line() : ""}});
  outcome.why_no_result.clear();
  return outcome;
} catch (const Error& error) {
  return not_started(error.what());
}

Outcome ProcessStep::attach(const StepContext& context) const {
  return outcome_of(runner_->attach(context.n, context.had_secrets, context.output, context.stop), context);
}

}  // namespace runbook
