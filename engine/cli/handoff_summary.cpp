#include "cli/handoff_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/clock.h"
#include "base/counted.h"
#include "base/duration.h"
#include "base/shell_word.h"
#include "book/inputs.h"
#include "cli/advice.h"
#include "cli/going_on.h"
#include "report/visible_text.h"
#include "run/coming_steps.h"
#include "run/decide.h"
#include "run/frontier.h"

namespace runbook {

namespace {

constexpr std::size_t steps_named = 3;

class Summary {
 public:
  Summary(const HandoffScene& scene, Secrets secrets)
      : facts_(scene.facts), state_(scene.state), values_(scene.values), scene_(scene), secrets_(secrets) {
    held_up_ = what_holds_up(facts_, state_, values_, Reach::next);
    if (!state_.is_undoing && !state_.is_cancelling) coming_ = coming_steps(facts_, state_, values_);
  }

  std::string text() {
    add_head();
    add_standing();
    add_questions();
    add_next();
    add_secrets();
    add_watches();
    for (const auto& [name, pinned] : state_.targets) add("target", fmt::format("{}: {}", name, pinned.text));
    add("go on", command_to_go_on(state_, facts_.run, scene_.journal_words));
    return made_visible(text_, Charset::utf8);
  }

 private:
  std::string resume_command() const {
    return (state_.is_scripted ? "walk --rehearse --resume " : "run --resume ") + facts_.run;
  }

  void add(std::string_view what, const std::string& line) {
    text_ += fmt::format("  {:<10} {}\n", what == last_ ? "" : what, line);
    last_ = what;
  }

  std::string command(const std::string& words) const { return "runbook " + words + scene_.journal_words; }

  std::string titled(const std::string& instance) const {
    const Step* step = facts_.runbook->find_step_of(instance);
    return step ? fmt::format("`{}` {}", instance, step->title) : fmt::format("`{}`", instance);
  }

  void add_head() {
    const std::string title = state_.title.empty() ? "" : ": " + state_.title;
    text_ += fmt::format("run {} of {}{}\n", facts_.run, state_.runbook, title);
    std::string since;
    if (state_.paused_at_ms != 0)
      since = fmt::format(" since {} ({})", utc_text(state_.paused_at_ms),
                          elapsed_text(std::max<std::int64_t>(0, scene_.now_ms - state_.paused_at_ms)));
    const std::string why = state_.is_undoing ? ", it is being undone" : state_.is_cancelling ? ", it is being cancelled" : "";
    add("state", state_.state + since + why);
    add("began", fmt::format("{} by {} on {}", utc_text(state_.began_at_ms), state_.operator_name, state_.host));
    const auto done = std::count_if(state_.instances.begin(), state_.instances.end(),
                                    [](const auto& each) { return is_done(each.second.state) && !is_undo(each.first); });
    std::string progress = counted(static_cast<std::size_t>(done), "step");
    if (!state_.is_undoing && !state_.is_cancelling)
      progress += fmt::format(", {}{} to come", coming_.has_open_loop ? "at least " : "", coming_.steps.size());
    add("done", progress);
  }

  void add_standing() {
    std::set<std::string> told;
    for (const std::string& name : held_up_) add_standing(name, told);
    for (const auto& [name, it] : state_.instances)
      if (it.state == StepState::in_doubt || it.is_open) add_standing(name, told);
    if (told.empty() && !state_.why.empty()) add("stands", state_.why);
  }

  void add_standing(const std::string& name, std::set<std::string>& told) {
    const InstanceState& it = state_.of(name);
    if (name.empty() || !told.insert(name).second) return;
    const std::string_view state = it.state == StepState::in_doubt ? "in doubt" : step_state_name(it.state);
    add("stands at", fmt::format("{}: {}{}", titled(name), state, it.why.empty() ? "" : ", " + it.why));
    if (it.state == StepState::failed) add("", command(fmt::format("logs {} {}", facts_.run, quoted_for_shell(name))));
    last_ = "stands at";
  }

  void add_questions() {
    for (const auto& [id, question] : state_.questions) {
      if (!question.is_open) continue;
      add("question", question.text);
      add("", answer_to(question));
    }
  }

  std::string answer_to(const Question& question) {
    const std::string step = quoted_for_shell(question.instance);
    if (question.about == "manual")
      return command(fmt::format("confirm {} {}{}", facts_.run, step, what_to_give(values_.get(question.form))));
    if (question.about == "doubt")
      return command(fmt::format("resolve {} {} done|not-done|retry --because \"...\"", facts_.run, step));
    if (question.about == "files") return command(fmt::format("confirm {} {} --note \"...\"", facts_.run, step));
    if (question.about == "approval" && question.phrase.empty()) return command(fmt::format("confirm {} {}", facts_.run, step));
    if (question.about == "approval")
      return command(fmt::format("{} --approve {}={}", resume_command(), step, quoted_for_shell(question.phrase)));
    return command_to_go_on(state_, facts_.run, scene_.journal_words) + "   at a terminal";
  }

  void add_next() {
    std::size_t told = 0;
    for (const Instance& step : coming_.steps) {
      const StepState state = state_.of(step.id).state;
      const bool is_next = state == StepState::pending || state == StepState::undone;
      if (is_next && told++ < steps_named) add("next", fmt::format("`{}` {}", step.id, step->title));
    }
  }

  // References of what may still be run, to inputs and to outputs of steps.
  std::vector<Reference> needs() const {
    std::set<const Step*> steps;
    for (const Instance& step : coming_.steps) {
      steps.insert(&*step);
      if (included_around(step.frame.get())) steps.insert(facts_.runbook->find(step.id.substr(0, step.id.find_first_of("/["))));
    }
    if (const Section* finally = facts_.runbook->root.finally.get())
      for (const Step* step : steps_of_body(*finally)) steps.insert(step);
    std::vector<Reference> all;
    // What is inside an included runbook came by `with` of the step that includes it.
    for (const Step* step : facts_.runbook->steps) {
      if (!steps.contains(step)) continue;
      std::vector<Reference> its = step->references_to_values();
      std::move(its.begin(), its.end(), std::back_inserter(all));
    }
    return all;
  }

  void add_secrets() {
    std::set<std::string> told;
    for (const Reference& need : needs()) {
      if (need.root == "inputs" && !need.path.empty()) add_secret_input(need.path[0], told);
      if (need.root == "steps" && need.path.size() > 1) add_secret_output(need.path[0], need.path[1], told);
    }
  }

  void add_secret_input(const std::string& name, std::set<std::string>& told) {
    const Input* input = facts_.runbook->find_input(name);
    if (!input || input->type != ValueType::secret || !told.insert(name).second) return;
    add("secret", fmt::format("`{}`{}: {}", name, found(facts_.secrets.contains(name) || facts_.secret_outputs->find("", name)),
                              places_of(*input)));
  }

  std::string found(bool is_there) const {
    if (secrets_ == Secrets::named) return "";
    return is_there ? " (is there)" : " (is missing)";
  }

  static std::string places_of(const Input& input) {
    std::vector<std::string> places{environment_name(input), "--inputs FILE"};
    for (const InputSource& source : input.from) {
      switch (source.kind) {
        case InputSource::Kind::environment: places.push_back(source.name); break;
        case InputSource::Kind::file: places.push_back("the file " + source.name); break;
        case InputSource::Kind::command: places.push_back(fmt::format("`{}`", fmt::join(source.argv, " "))); break;
        case InputSource::Kind::ask: places.emplace_back("asked at the terminal"); break;
      }
    }
    return fmt::format("{}", fmt::join(places, ", "));
  }

  void add_secret_output(const std::string& id, const std::string& name, std::set<std::string>& told) {
    const Step* step = facts_.runbook->find(id);
    const OutputRule* rule = step ? step->find_output(name) : nullptr;
    const bool is_given = step && (is_done(state_.of(id).state) || !step->loops.empty());
    if (!rule || !rule->is_secret || !is_given || !told.insert(id + "." + name).second) return;
    std::string place = fmt::format("kept nowhere: {} has it given anew", command(fmt::format("redo {} {}", facts_.run, id)));
    if (rule->kept_in) place = "kept in " + rule->kept_in->text.text();
    std::vector<std::string> words;
    for (const PlacedTemplate& word : rule->kept_by) words.push_back(word.text.text());
    if (!words.empty()) place = fmt::format("found again by `{}`", fmt::join(words, " "));
    add("secret", fmt::format("`{}` of `{}`: {}", name, id, place));
  }

  void add_watches() {
    for (const auto& [name, watch] : state_.watches) {
      if (watch.sight == WatchState::Sight::good) continue;
      add("watch", fmt::format("`{}` {} since {}{}", name, watch.sight == WatchState::Sight::bad ? "is bad" : "has tripped",
                               utc_text(watch.since_ms), watch.why.empty() ? "" : ": " + watch.why));
    }
  }

  const RunFacts& facts_;
  const RunState& state_;
  StoredValues& values_;
  const HandoffScene& scene_;
  Secrets secrets_;
  std::vector<std::string> held_up_;
  ComingSteps coming_;
  std::string text_;
  std::string_view last_;
};

}  // namespace

std::string handoff_summary(const HandoffScene& scene, Secrets secrets) { return Summary(scene, secrets).text(); }

}  // namespace runbook
