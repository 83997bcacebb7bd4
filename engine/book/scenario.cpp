#include "book/scenario.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggestion.h"
#include "book/fields.h"
#include "book/given_value.h"
#include "book/keys.h"
#include "book/yaml_reader.h"

namespace runbook {
namespace {

const KeySet scenario_keys = {"a scenario", {"scenario", "note", "inputs", "steps", "resumes", "expect"}, {}};
const KeySet outcome_keys = {"an outcome", {"exit_code", "text", "outputs", "delay", "lost", "not_started", "times_out"}, {}};
const KeySet step_keys = {
    "a step of a scenario", {"fails", "outcomes", "exit_code", "text", "outputs", "delay", "sees", "answers"}, {}};
const KeySet look_keys = {"a look", {"answer", "outputs"}, {}};
const KeySet answer_keys = {"an answer", {"choice", "by", "because", "set", "after"}, {}};
const KeySet expect_keys = {"`expect`", {"state", "steps", "outputs", "events", "order", "lasts"}, {}};
const KeySet lasts_keys = {"`lasts`", {"at_least", "at_most"}, {}};

const std::vector<std::string> looks = {"yes", "no", "cannot_tell", "fails"};
const std::vector<std::string> choices = {"confirm", "reject", "skip", "approve", "done", "not-done", "retry", "wait", "stop"};
const std::vector<std::string> run_states = {"succeeded", "failed", "waiting", "in_doubt", "interrupted", "cancelled"};
const std::vector<std::string> step_states = {"pending", "waiting", "running",   "succeeded", "satisfied",
                                              "skipped", "failed",  "cancelled", "in_doubt"};
const std::vector<std::string> event_kinds = {"satisfied", "skipped", "waiting", "intent", "exited",   "verifying", "ended",
                                              "refused",   "doubted", "overdue", "asked",  "answered", "renewed"};

class ScenarioLoader {
 public:
  ScenarioLoader(const Node& root, const SourcePtr& source, const Runbook& runbook)
      : root_(root), runbook_(runbook), problems_(*source), fields_(root, problems_) {
    scenario_.source = source;
    for (const Step* step : runbook.steps) step_names_.push_back(step->id);
  }

  void load() {
    if (!expect(Node::Kind::map, root_, "a scenario", problems_, "a scenario begins with `scenario: what it tells`")) return;
    check_keys(root_, scenario_keys, problems_);
    if (!root_.find("scenario"))
      problems_.error(root_.place, 1, "this scenario has no title", "begin it with `scenario: what it tells`");
    fields_.note("scenario", scenario_.title);
    std::string note;
    fields_.note("note", note);
    fields_.whole("resumes", 0, 1'000, scenario_.resumes);
    if (const Node::Member* inputs = root_.find("inputs")) load_inputs(*inputs);
    if (const Node::Member* steps = root_.find("steps")) load_steps(*steps);
    if (const Node::Member* expected = root_.find("expect")) load_expectations(*expected);
  }

  Problems& problems() { return problems_; }
  Scenario& scenario() { return scenario_; }

 private:
  void load_inputs(const Node::Member& inputs) {
    if (!expect(Node::Kind::map, *inputs.value, inputs.key, problems_, "write `inputs: {name: value}`")) return;
    std::vector<std::string> known;
    for (const Input& input : runbook_.inputs) known.push_back(input.name);
    for (const Node::Member& member : inputs.value->members) {
      if (!runbook_.find_input(member.key))
        problems_.error(member, fmt::format("the runbook has no input `{}`", member.key), suggestion(member.key, known));
    }
    scenario_.inputs = inputs.value;
  }

  const Step* find_step(std::string_view id, Place place) {
    const Step* step = runbook_.find_step_of(id);
    if (!step)
      problems_.error(place, std::max(1, length_of(id)), fmt::format("the runbook has no step `{}`", id),
                      suggestion(std::string(id), step_names_));
    return step;
  }

  void load_steps(const Node::Member& steps) {
    if (!expect(Node::Kind::map, *steps.value, steps.key, problems_, "write `steps: {step: {delay: 5m}}`")) return;
    for (const Node::Member& member : steps.value->members) {
      const Step* step = find_step(member.key, member.key_place);
      if (step &&
          expect(Node::Kind::map, *member.value, member.key, problems_, "write `{delay: 5m}`, `{fails: 1}` or the like"))
        scenario_.steps[member.key] = load_step(*member.value, *step);
    }
  }

  ScriptedStep load_step(const Node& map, const Step& step) {
    check_keys(map, step_keys, problems_);
    ScriptedStep scripted;
    const Fields fields(map, problems_);
    scripted.otherwise = load_outcome(map, step);
    int fails = 0;
    fields.whole("fails", 0, 10'000, fails);
    ScriptedOutcome failure = scripted.otherwise;
    failure.kind = ScriptedOutcome::Kind::fails;
    failure.exit_code = 1;
    scripted.outcomes.assign(static_cast<std::size_t>(fails), failure);
    each(map, "outcomes", [&](const NodePtr& item) {
      if (!expect(Node::Kind::map, *item, "outcomes", problems_, "write `outcomes: [{exit_code: 1}, {lost: true}]`")) return;
      check_keys(*item, outcome_keys, problems_);
      scripted.outcomes.push_back(load_outcome(*item, step));
    });
    each(map, "sees", [&](const NodePtr& item) { scripted.sees.push_back(load_look(item, step)); });
    if (map.find("answers")) scripted.answers.emplace();
    each(map, "answers", [&](const NodePtr& item) { scripted.answers->push_back(load_answer(*item)); });
    return scripted;
  }

  template <class Take>
  void each(const Node& map, const char* key, const Take& take) {
    const Node::Member* list = map.find(key);
    if (!list || !expect(Node::Kind::list, *list->value, key, problems_, fmt::format("write `{}: [...]`", key))) return;
    for (const NodePtr& item : list->value->items) take(item);
  }

  ScriptedOutcome load_outcome(const Node& map, const Step& step) {
    using Kind = ScriptedOutcome::Kind;
    ScriptedOutcome outcome;
    const Fields fields(map, problems_);
    fields.whole("exit_code", 0, 255, outcome.exit_code);
    if (outcome.exit_code != 0) outcome.kind = Kind::fails;
    fields.note("text", outcome.text);
    fields.note("not_started", outcome.reason);
    fields.duration("delay", outcome.delay_ms);
    bool is_lost = false, times_out = false;
    fields.boolean("lost", is_lost);
    fields.boolean("times_out", times_out);
    const int ends = (outcome.exit_code != 0) + is_lost + times_out + !outcome.reason.empty();
    if (ends > 1)
      problems_.error(map.place, 1, "an attempt ends in one way",
                      "keep one of `exit_code`, `lost`, `times_out`, `not_started`");
    if (is_lost) outcome.kind = Kind::lost;
    if (times_out) outcome.kind = Kind::times_out;
    if (!outcome.reason.empty()) outcome.kind = Kind::not_started;
    outcome.outputs = load_outputs(map, step);
    return outcome;
  }

  Value load_outputs(const Node& map, const Step& step) {
    const Node::Member* outputs = map.find("outputs");
    if (!outputs || !expect(Node::Kind::map, *outputs->value, "outputs", problems_, "write `outputs: {name: value}`"))
      return {};
    std::vector<std::string> known = step.output_names();
    for (const Node::Member& member : outputs->value->members) {
      if (std::find(known.begin(), known.end(), member.key) == known.end())
        problems_.error(member, fmt::format("step `{}` has no output `{}`", step.id, member.key),
                        suggestion(member.key, known));
    }
    return given_value(*outputs->value);
  }

  ScriptedLook load_look(const NodePtr& item, const Step& step) {
    ScriptedLook look;
    const Node* answer = item.get();
    if (item->kind == Node::Kind::map) {
      check_keys(*item, look_keys, problems_);
      look.outputs = load_outputs(*item, step);
      const Node::Member* member = item->find("answer");
      if (!member) return look;
      answer = member->value.get();
    }
    if (const auto position = one_of(*answer, "sees", looks)) look.answer = static_cast<ScriptedLook::Answer>(*position);
    return look;
  }

  // The position of the text among the names; nullopt: reported.
  std::optional<std::size_t> one_of(const Node& node, std::string_view key, const std::vector<std::string>& names) {
    if (!expect(Node::Kind::scalar, node, key, problems_)) return std::nullopt;
    const auto found = std::find(names.begin(), names.end(), node.text);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    problems_.error(node, fmt::format("`{}` can't be `{}`", key, node.text), suggestion(node.text, names));
    return std::nullopt;
  }

  ScriptedAnswer load_answer(const Node& item) {
    ScriptedAnswer answer;
    if (item.kind == Node::Kind::scalar) {
      if (one_of(item, "answers", choices)) answer.choice = item.text;
      return answer;
    }
    if (!expect(Node::Kind::map, item, "answers", problems_, "write `answers: [confirm]`, or `[{choice: confirm, after: 2d}]`"))
      return answer;
    check_keys(item, answer_keys, problems_);
    const Fields fields(item, problems_);
    if (const Node::Member* choice = item.find("choice"); choice && one_of(*choice->value, "choice", choices))
      answer.choice = choice->value->text;
    fields.note("by", answer.who);
    fields.note("because", answer.because);
    fields.duration("after", answer.after_ms);
    const Node::Member* set = item.find("set");
    if (set && expect(Node::Kind::map, *set->value, "set", problems_, "write `set: {name: value}`"))
      answer.set = given_value(*set->value, Scalars::text);
    return answer;
  }

  void load_expectations(const Node::Member& expected) {
    const Node& map = *expected.value;
    if (!expect(Node::Kind::map, map, "expect", problems_, "write `expect: {state: succeeded}`")) return;
    check_keys(map, expect_keys, problems_);
    Expectations& into = scenario_.expected;
    if (const Node::Member* state = map.find("state"); state && one_of(*state->value, "state", run_states))
      into.state = {state->value->text, state->value->place};
    if (const Node::Member* steps = map.find("steps")) load_expected_steps(*steps);
    if (const Node::Member* outputs = map.find("outputs")) load_expected_outputs(*outputs);
    each(map, "events", [&](const NodePtr& item) { load_expected_event(*item); });
    if (const Node::Member* order = map.find("order")) load_order(map, *order);
    if (const Node::Member* lasts = map.find("lasts")) load_lasts(*lasts);
  }

  // step: state, or step: {state:, outputs:}
  void load_expected_steps(const Node::Member& steps) {
    if (!expect(Node::Kind::map, *steps.value, "steps", problems_, "write `steps: {step: succeeded}`")) return;
    for (const Node::Member& member : steps.value->members) {
      const Step* step = find_step(member.key, member.key_place);
      if (!step) continue;
      const Node* state = member.value.get();
      if (state->kind == Node::Kind::map) {
        static const KeySet keys = {"an expected step", {"state", "outputs"}, {}};
        check_keys(*state, keys, problems_);
        load_outputs(*state, *step);
        if (const Node::Member* outputs = state->find("outputs")) {
          for (const Node::Member& output : outputs->value->members)
            scenario_.expected.step_outputs.push_back(
                {step->id, {output.key, {given_value(*output.value), output.value->place}}});
        }
        const Node::Member* named = state->find("state");
        if (!named) continue;
        state = named->value.get();
      }
      if (one_of(*state, member.key, step_states))
        scenario_.expected.steps.push_back({member.key, {state->text, state->place}});
    }
  }

  void load_expected_outputs(const Node::Member& outputs) {
    if (!expect(Node::Kind::map, *outputs.value, "outputs", problems_, "write `outputs: {name: value}`")) return;
    std::vector<std::string> known;
    for (const auto& [name, value] : runbook_.outputs) known.push_back(name);
    for (const Node::Member& member : outputs.value->members) {
      if (std::find(known.begin(), known.end(), member.key) == known.end())
        problems_.error(member, fmt::format("the runbook has no output `{}`", member.key), suggestion(member.key, known));
      scenario_.expected.outputs.push_back({member.key, {given_value(*member.value), member.value->place}});
    }
  }

  void load_expected_event(const Node& item) {
    if (!expect(Node::Kind::scalar, item, "events", problems_, "write `events: [asked STEP]`")) return;
    const std::size_t blank = item.text.find(' ');
    const std::string kind = item.text.substr(0, blank);
    if (std::find(event_kinds.begin(), event_kinds.end(), kind) == event_kinds.end())
      problems_.error(item, fmt::format("there are no events `{}`", kind), suggestion(kind, event_kinds));
    else if (blank == std::string::npos)
      problems_.error(item, "an event is named with its step", fmt::format("write `{} STEP`", kind));
    else if (find_step(item.text.substr(blank + 1), item.place)) scenario_.expected.events.push_back({item.text, item.place});
  }

  void load_order(const Node& map, const Node::Member& order) {
    Expected<std::vector<std::string>> steps;
    steps.place = order.value->place;
    each(map, "order", [&](const NodePtr& item) {
      if (expect(Node::Kind::scalar, *item, "order", problems_) && find_step(item->text, item->place))
        steps.value.push_back(item->text);
    });
    scenario_.expected.order = std::move(steps);
  }

  void load_lasts(const Node::Member& lasts) {
    if (!expect(Node::Kind::map, *lasts.value, "lasts", problems_, "write `lasts: {at_least: 2d, at_most: 3d}`")) return;
    check_keys(*lasts.value, lasts_keys, problems_);
    const Fields fields(*lasts.value, problems_);
    const auto take = [&](const char* key, std::optional<Expected<std::int64_t>>& into) {
      const Node::Member* member = lasts.value->find(key);
      if (!member) return;
      Expected<std::int64_t> time{0, member->value->place};
      fields.duration(key, time.value);
      into = time;
    };
    take("at_least", scenario_.expected.at_least_ms);
    take("at_most", scenario_.expected.at_most_ms);
  }

  const Node& root_;
  const Runbook& runbook_;
  Problems problems_;
  Fields fields_;
  Scenario scenario_;
  std::vector<std::string> step_names_;
};

}  // namespace

const ScriptedStep& Scenario::of(const std::string& step) const {
  static const ScriptedStep nothing_special;
  const auto found = steps.find(step);
  return found == steps.end() ? nothing_special : found->second;
}

LoadedScenario load_scenario(const SourcePtr& source, const Runbook& runbook) {
  LoadedScenario loaded;
  const NodePtr root = read_yaml(*source, loaded.diagnostics);
  if (!root) return loaded;
  ScenarioLoader loader(*root, source, runbook);
  loader.load();
  for (Diagnostic& diagnostic : loader.problems().found()) loaded.diagnostics.push_back(std::move(diagnostic));
  std::stable_sort(loaded.diagnostics.begin(), loaded.diagnostics.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
  if (!first_error(loaded.diagnostics)) loaded.scenario = std::move(loader.scenario());
  return loaded;
}

}  // namespace runbook
