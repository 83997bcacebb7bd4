#include "cli/step_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/cells.h"
#include "base/counted.h"
#include "base/duration.h"
#include "base/json.h"
#include "base/redactor.h"
#include "cli/advice.h"
#include "run/before.h"
#include "run/frontier.h"
#include "run/live.h"
#include "run/request.h"

namespace runbook {

namespace {

std::string text_of(const Value& value) { return value.is_text() ? value.as_text() : to_json(value); }

// A script that is handed on as a variable is not what this step runs.
std::string first_line(const std::string& text) {
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  if (lines == 1) return text;
  return fmt::format("{} ... ({} in all)", text.substr(0, text.find('\n')), counted(lines, "line"));
}

std::string effect_text(Effect effect) {
  switch (effect) {
    case Effect::read: return "read: it changes nothing";
    case Effect::idempotent: return "idempotent: once more changes nothing more";
    case Effect::once: return "once: it is never run a second time unless you say so";
    case Effect::irreversible: return "irreversible: it can't be undone; a phrase is asked for first";
  }
  return std::string(effect_name(effect));
}

class Page {
 public:
  Page(const StepPage& page, const Instance& step)
      : page_(page), step_(step), scope_(scope_with_before(page.facts, page.state, Live(), page.values, step)) {}

  std::string text() {
    text_ = "\n" + (step_->title.empty() ? step_.id : step_->title) + "\n";
    if (!step_->note.empty()) text_ += last_lines(step_->note, 20, "  ");
    const InstanceState& it = page_.state.of(step_.id);
    if (it.state != StepState::pending)
      text_ += line("state", it.why.empty() ? std::string(step_state_name(it.state))
                                            : fmt::format("{}: {}", step_state_name(it.state), it.why));
    what();
    if (step_->kind == Step::Kind::act) text_ += line("effect", effect_text(step_->effect));
    checks();
    then();
    text_ += line("Enter", enter());
    return text_;
  }

 private:
  std::string line(std::string_view name, const std::string& text) const {
    std::string lines;
    std::size_t begin = 0;
    do {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      const std::string_view one = std::string_view(text).substr(begin, end - begin);
      lines += fmt::format("  {:<12} {}\n", begin == 0 ? name : "", harmless(one, page_.charset));
      begin = end + 1;
    } while (begin < text.size());
    return lines;
  }

  void what() {
    if (step_->include) return void(text_ += line("include", step_->include->file));
    try {
      if (step_->probe) return probe("waits until", *step_->probe);
      const Value request = described_request(page_.facts, step_, scope_);
      if (!step_->manual) deed(step_->type, request.get("params"));
      environment(request.get("env"));
      if (request.text_or("dir", page_.facts.dir) != page_.facts.dir) text_ += line("in", request.text_or("dir", ""));
      if (step_->manual) text_ += line("manual", "a person does it; what to do is shown when it begins");
    } catch (const std::exception& error) {
      text_ += line("not known yet", redact(error.what(), page_.facts.secret_values()));
    }
  }

  // Of many their names: what the step does stays in sight.
  void environment(const Value& env) {
    constexpr std::size_t most = 4;
    std::vector<std::string> names;
    for (const auto& [name, value] : env.is_map() ? env.as_map() : Map()) names.push_back(name);
    if (names.size() > most) return void(text_ += line("env", fmt::format("{}", fmt::join(names, ", "))));
    for (const std::string& name : names) text_ += line("env", fmt::format("{}={}", name, first_line(text_of(env.get(name)))));
  }

  // What is as its type has it by itself is left out.
  void deed(const std::string& name, const Value& params) {
    const Declaration* type = find_declaration(*page_.facts.types, name);
    for (const auto& [member, value] : params.is_map() ? params.as_map() : Map()) {
      const Param* param = type ? type->find(member) : nullptr;
      if (value.is_null() || (param && param->fallback == value)) continue;
      text_ += line(type && member == type->main_param ? type->name : member, text_of(value));
    }
    if (type && type->exports_inputs) values_read(to_json(params));
  }

  // Inputs are there under their own names.
  void values_read(const std::string& script) {
    const Value& inputs = page_.facts.inputs;
    for (const auto& [name, value] : inputs.is_map() ? inputs.as_map() : Map()) {
      const bool is_read = script.find("$" + name) != std::string::npos || script.find("${" + name) != std::string::npos;
      if (is_read) text_ += line("with", fmt::format("{}={}", name, text_of(value)));
    }
  }

  void probe(std::string_view name, const Probe& probe) {
    if (!probe.type.empty()) deed(probe.type, described_probe(page_.facts, step_, probe, scope_).get("params"));
    text_ += line(name, probe.that ? fmt::format("`{}`", probe.that->expression.text()) : "it says yes");
    if (probe.timeout_ms > 0)
      text_ += line(
          "", fmt::format("looks every {}, for {} at most", duration_text(probe.every_ms), duration_text(probe.timeout_ms)));
  }

  void checks() {
    if (step_->done_when) text_ += line("first", "looks whether it is done already; then it is left out");
    if (step_->verify) text_ += line("afterwards", "looks whether it worked");
    if (step_->approval)
      text_ += line("first",
                    fmt::format("needs {} by others", counted(static_cast<std::size_t>(step_->approval->count), "approval")));
    if (!step_->target.empty()) text_ += line("target", step_->target);
  }

  void then() {
    std::string text;
    if (step_->retry.attempts > 1)
      text = fmt::format("it is tried {} in all; then ", counted(static_cast<std::size_t>(step_->retry.attempts), "time"));
    text += step_->continues_on_failure ? "the run goes on without it" : "you are asked what to do";
    text_ += line("if it fails", text);
    if (step_->undo) text_ += line("undo", "it can be taken back");
  }

  std::string enter() const {
    const InstanceState& it = page_.state.of(step_.id);
    if (it.state == StepState::failed || it.state == StepState::in_doubt) return "shows what can be done about it";
    if (step_->manual) return "shows what is to be done, and asks";
    if (step_->include) return "begins it, step by step";
    if (step_->kind == Step::Kind::wait_until) return "begins to wait; Ctrl-C stops waiting";
    if (step_->kind == Step::Kind::assertion) return "looks";
    if (step_->effect == Effect::irreversible) return "asks for its phrase, and runs it then";
    if (step_->has_terminal) return "runs it; it has this terminal meanwhile, Ctrl-] leads out";
    return "runs it";
  }

  const StepPage& page_;
  const Instance& step_;
  RunScope scope_;
  std::string text_;
};

std::string targets_text(const StepPage& page, std::size_t most) {
  std::map<std::string, std::vector<std::string>> by_name;
  for (const auto& [key, pinned] : page.state.targets) by_name[key.substr(0, key.find('.'))].push_back(pinned.text);
  std::string text;
  for (const auto& [name, texts] : by_name)
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", name, fmt::join(texts, ", "));
  return text.empty() ? "" : fmt::format(" [{}]", cut_to_cells(text, most, page.charset));
}

}  // namespace

std::string step_page(const StepPage& page, const Instance& step) { return Page(page, step).text(); }

std::string step_number(const Runbook& runbook, const Instance& step) {
  const std::string id = step.id.substr(0, step.id.find_first_of("[/:"));
  const auto found = std::find_if(runbook.steps.begin(), runbook.steps.end(), [&](const Step* each) { return each->id == id; });
  return fmt::format("{}/{}", found == runbook.steps.end() ? 0 : found - runbook.steps.begin() + 1, runbook.steps.size());
}

std::string walk_prompt(const StepPage& page, const Instance& step, int columns) {
  const std::size_t half = static_cast<std::size_t>(std::max(columns, 40)) / 2;
  const Frame* included = included_around(step.frame.get());
  const Section& root = (included ? *included->runbook : *page.facts.runbook).root;
  const auto around = sections_around(root, *step);
  const bool is_utf8 = page.charset == Charset::utf8;
  const std::string before = fmt::format("{}{} {} ", page.facts.runbook->name, page.state.is_scripted ? " (rehearsal)" : "",
                                         step_number(*page.facts.runbook, step));
  // Which step it is is said whole; the section around it as far as there is room.
  const std::size_t taken = before.size() + step.id.size() + 3;
  std::string where;
  if (const Section* inner = around.empty() ? nullptr : around.back(); inner && inner != &root && half > taken + 4)
    where =
        cut_to_cells(inner->id.empty() ? inner->title : inner->id, half - taken - 2, page.charset) + (is_utf8 ? " › " : " > ");
  // What is typed wants room too: the targets have what is left of two thirds.
  const std::string place = before + where + step.id;
  const std::size_t room = half * 4 / 3, least = 16;
  const bool has_room = room > place.size() + least;
  return place + (has_room ? targets_text(page, room - place.size() - 6) : "") + (is_utf8 ? " ▸ " : " > ");
}

}  // namespace runbook
