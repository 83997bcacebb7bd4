#include "run/walk.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "run/loop_list.h"
#include "run/on_target.h"
#include "run/request.h"
#include "run/step_decider.h"

namespace runbook {

using Phase = SectionState::Phase;
using Mode = Way::Mode;

namespace {

Progress of_both(Progress one, Progress other) {
  if (one == Progress::going || other == Progress::going) return Progress::going;
  return one == Progress::stopped || other == Progress::stopped ? Progress::stopped : Progress::done;
}

std::string why_failed(const std::optional<Instance>& step) {
  if (!step) return "it failed";
  const bool is_watch = (*step)->kind == Step::Kind::watch;
  return is_watch ? fmt::format("watch `{}` tripped", step->id) : fmt::format("`{}` failed", step->id);
}

std::string_view sight_name(WatchState::Sight sight) {
  switch (sight) {
    case WatchState::Sight::good: return "good";
    case WatchState::Sight::bad: return "bad";
    case WatchState::Sight::tripped: return "tripped";
  }
  RUNBOOK_ASSERT(false);
}

}  // namespace

Progress Walk::run(const Way& way) { return section(turn_.facts.runbook->root, nullptr, turn_.live.cursors, way); }

Progress Walk::stop(const std::string& state, const std::string& why, const std::string& instance) {
  turn_.stops.push_back(End{state, why, instance, Value()});
  return Progress::stopped;
}

Progress Walk::child(const TreeNode& child, const FramePtr& frame, Cursors& cursors, const Way& way) {
  if (const auto* inner = std::get_if<std::unique_ptr<Section>>(&child)) return section(**inner, frame, cursors, way);
  return step(Instance(*std::get<std::unique_ptr<Step>>(child), frame), cursors, way);
}

Progress Walk::section(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way) {
  if (is_recorded(section)) return recorded(section, frame, cursors, way);
  const Progress progress = body(section, frame, cursors, way);
  return progress == Progress::done ? finally(section, frame, cursors, way) : progress;
}

Progress Walk::recorded(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way) {
  const SectionState* known = turn_.state.section(section_name(section, frame.get()));
  if (!known) {
    if (way.mode == Mode::leaving) return Progress::done;
    return way.mode == Mode::halting ? stop("interrupted", way.why, "") : enter(section, frame);
  }
  if (known->phase == Phase::skipped) return section.loop ? Progress::done : children(section, frame, cursors, way);
  const bool was_given_up = known->phase == Phase::failed;
  const Progress progress = was_given_up ? rescue(section, frame, cursors, way) : entered(section, frame, cursors, way);
  return progress == Progress::done ? finally(section, frame, cursors, way) : progress;
}

Progress Walk::rescue(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way) {
  return section.rescue ? children(*section.rescue, frame, cursors, way) : Progress::done;
}

// What also runs where all else is given up, or held up beside it; but not while the run pauses.
Way Walk::at_last(const Way& way) const {
  return way.mode == Mode::forward ? way : Way{turn_.limits.is_pausing ? Mode::halting : Mode::forward, way.why};
}

Progress Walk::finally(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way) {
  return section.finally ? children(*section.finally, frame, cursors, way.mode == Mode::leaving ? at_last(way) : way)
                         : Progress::done;
}

// Beginning

Progress Walk::enter(const Section& section, const FramePtr& frame) {
  const RunScope scope(turn_.facts, turn_.state, turn_.values, frame);
  if (section.when) {
    std::string why;
    const auto holds = condition(*section.when, scope, why);
    if (!holds) return stop("failed", fmt::format("`when` of section `{}`: {}", section.title, why), "");
    if (!*holds) {
      skip(section, frame, fmt::format("`when` of section `{}` is false", section.title));
      return Progress::going;
    }
  }
  try {
    if (section.loop) enter_loop(section, frame, scope);
    else turn_.propose(Proposal(event::section_entered, section_name(section, frame.get())));
  } catch (const std::exception& error) {
    return stop("failed", fmt::format("`for_each` of section `{}`: {}", section.title, with_hint(error)), "");
  }
  return Progress::going;
}

void Walk::enter_loop(const Section& section, const FramePtr& frame, const Scope& scope) {
  const Value items = list_of_loop(section, scope, [&](const Value& item) {
    return RunScope(turn_.facts, turn_.state, turn_.values, frame_of_item(section, "", item, frame));
  });
  const std::string name = section_name(section, frame.get());
  Proposal entered(event::section_entered, name, object({{"batches", batches_of_loop(*section.loop, items.as_list().size())}}));
  entered.attach("list", to_json(items));
  turn_.propose(std::move(entered));
}

bool Walk::has_begun(const Instance& step) const {
  const StepState state = turn_.state.of(step.id).state;
  return is_done(state) || state == StepState::failed || state == StepState::in_doubt;
}

// With all that is in it. What loops would make of it is not made.
void Walk::skip(const Section& section, const FramePtr& frame, const std::string& why) {
  const Value body = object({{"why", why}});
  if (is_recorded(section)) turn_.propose(Proposal(event::section_skipped, section_name(section, frame.get()), body));
  for (const TreeNode& child : section.children) {
    if (section.loop) break;
    if (const auto* inner = std::get_if<std::unique_ptr<Section>>(&child)) {
      skip(**inner, frame, why);
      continue;
    }
    const Instance step(*std::get<std::unique_ptr<Step>>(child), frame);
    if (!has_begun(step)) turn_.propose(Proposal(event::skipped, step.id, body));
  }
  for (const Watch& watch : section.watches)
    if (watch.on_trip) skip(*watch.on_trip, frame, why);
  for (const Section* extra : {section.rescue.get(), section.finally.get()})
    if (extra) skip(*extra, frame, why);
}

// It is given up.
void Walk::skip_rest_of(const Section& section, const FramePtr& frame, const std::string& why) {
  const std::size_t depth = loops_around(frame.get());
  for (const Step* step : steps_of_body(section)) {
    if (step->loops.size() != depth || step->kind == Step::Kind::watch) continue;
    const Instance instance(*step, frame);
    if (!has_begun(instance)) turn_.propose(Proposal(event::skipped, instance.id, object({{"why", why}, {"given_up", true}})));
  }
}

// Going on

Progress Walk::entered(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way) {
  if (const Watch* tripped = frontier_.tripped(section, frame)) return after_trip(section, *tripped, frame, cursors, way);
  if (section.rescue && way.mode != Mode::leaving && frontier_.has_body_failed(section, frame, cursors))
    return give_up(section, frame, cursors, way);
  const bool is_watched =
      !section.watches.empty() && turn_.state.section(section_name(section, frame.get()))->phase == Phase::entered;
  if (is_watched && way.mode == Mode::forward) return watched(section, frame, cursors, way);
  const Progress progress = body(section, frame, cursors, way);
  const bool lacks_last_look = is_watched && way.mode == Mode::halting && progress == Progress::done;
  return lacks_last_look ? stop("interrupted", way.why, "") : progress;
}

// What the watches saw comes first: a section whose watch trips has failed, also when its last step has just ended.
Progress Walk::watched(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way) {
  auto& done_after_n = cursors[&section].done_after_n;
  const bool is_over = frontier_.is_body_done(section, frame, cursors);
  if (is_over && !done_after_n) done_after_n = turn_.live.last_n;
  const std::size_t before = turn_.decision.events.size();
  for (const Watch& watch : section.watches) {
    if (look_at(watch, frame, is_over ? done_after_n : std::nullopt) == Progress::stopped) return Progress::stopped;
  }
  if (turn_.decision.events.size() > before) return Progress::going;
  if (!is_over) return body(section, frame, cursors, way);
  const bool is_well = std::all_of(section.watches.begin(), section.watches.end(),
                                   [&](const Watch& watch) { return is_calm(watch, frame, *done_after_n); });
  if (is_well) turn_.propose(Proposal(event::section_left, section_name(section, frame.get())));
  return Progress::going;
}

Progress Walk::give_up(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way) {
  const auto failed = frontier_.failed_step(section, frame, cursors);
  const std::string why = why_failed(failed);
  const Progress progress =
      body(section, frame, cursors, Way{Mode::leaving, fmt::format("section `{}` failed", section.title)});
  if (progress != Progress::done) return progress;
  if (way.mode == Mode::halting) return stop("interrupted", way.why, "");
  return fail(section, frame, why, failed ? failed->id : "");
}

Progress Walk::after_trip(const Section& section, const Watch& watch, const FramePtr& frame, Cursors& cursors, const Way& way) {
  const Instance instance(*watch.step, frame);
  const std::string why = fmt::format("watch `{}` tripped: {}", instance.id, turn_.state.watch(instance.id).why);
  Progress progress = body(section, frame, cursors, Way{Mode::leaving, why, watch.stops_running, way.leaves_run});
  if (progress == Progress::done && watch.on_trip)
    progress = children(*watch.on_trip, frame, cursors, way.mode == Mode::halting ? at_last(way) : way);
  if (progress != Progress::done || way.mode == Mode::leaving) return progress;
  if (!section.rescue) return stop("failed", why, instance.id);
  if (way.mode == Mode::halting) return stop("interrupted", way.why, "");
  return fail(section, frame, why, instance.id);
}

Progress Walk::fail(const Section& section, const FramePtr& frame, const std::string& why, const std::string& step) {
  turn_.propose(Proposal(event::section_failed, section_name(section, frame.get()), object({{"why", why}, {"step", step}})));
  skip_rest_of(section, frame, fmt::format("section `{}` was given up: {}", section.title, why));
  return Progress::going;
}

Progress Walk::body(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way) {
  return section.loop ? loop(section, frame, cursors, way) : children(section, frame, cursors, way);
}

Progress Walk::children(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way) {
  // What a person wants done anew stands before what has begun: whoever leaves goes through all.
  if (!section.is_parallel && way.mode != Mode::leaving && !way.sees_all) {
    const TreeNode* next = frontier_.next_child(section, frame, cursors);
    return next ? child(*next, frame, cursors, way) : Progress::done;
  }
  Way onward = way;
  const bool has_failed = std::any_of(section.children.begin(), section.children.end(),
                                      [&](const TreeNode& each) { return frontier_.has_failed(each, frame, cursors); });
  if (has_failed && way.mode == Mode::forward)
    onward = Way{.mode = Mode::halting, .why = "another branch has failed", .settles = true};
  Progress progress = Progress::done;
  for (const TreeNode& each : section.children) {
    if (!frontier_.is_done(each, frame, cursors)) progress = of_both(progress, child(each, frame, cursors, onward));
  }
  return progress;
}

// Loops

Progress Walk::loop(const Section& section, const FramePtr& frame, Cursors& cursors, const Way& way) {
  LoopCursor& at = frontier_.loop(section, frame, cursors);
  const bool fails = frontier_.fails(section, frame, cursors);
  const Way onward =
      fails && way.mode == Mode::forward ? Way{.mode = Mode::halting, .why = "another item has failed", .settles = true} : way;
  Progress progress = Progress::done;
  for (ActiveItem& each : at.active) {
    const bool is_borne = way.mode != Mode::leaving && !fails && frontier_.has_item_failed(section, each);
    progress = of_both(progress, is_borne ? bear(section, each, way) : children(section, each.frame, each.cursors, onward));
  }
  const bool sees_all = way.mode == Mode::leaving || way.sees_all;
  return sees_all ? of_both(progress, later_items(section, at, frame, way)) : progress;
}

// Behind those at work: they may have begun before a person wanted an earlier one done anew.
Progress Walk::later_items(const Section& section, const LoopCursor& at, const FramePtr& frame, const Way& way) {
  Progress progress = Progress::done;
  const List& items = at.items.as_list();
  for (std::size_t i = at.next; i < items.size(); ++i) {
    ActiveItem later{frame_of_item(section, items[i].text_or("key", ""), items[i].get("item"), frame), {}};
    if (frontier_.is_item_borne(section, later.frame)) continue;
    progress = of_both(progress, children(section, later.frame, later.cursors, way));
  }
  return progress;
}

// An item whose failure the loop bears is brought to its end.
Progress Walk::bear(const Section& section, ActiveItem& item, const Way& way) {
  const auto failed = frontier_.failed_step(section, item.frame, item.cursors);
  const std::string why = why_failed(failed);
  const Progress progress = children(section, item.frame, item.cursors, Way{Mode::leaving, why});
  if (progress != Progress::done) return progress;
  if (way.mode == Mode::halting) return stop("interrupted", way.why, "");
  const std::string borne = fmt::format("{}; up to {}{} of a batch may fail", why, section.loop->max_failures.number,
                                        section.loop->max_failures.is_percent ? "%" : "");
  const Value body = object({{"why", borne}, {"step", failed ? failed->id : ""}});
  turn_.propose(Proposal(event::section_failed, section_name(section, item.frame.get()), body));
  skip_rest_of(section, item.frame, why);
  return Progress::going;
}

// Steps

Progress Walk::step(const Instance& step, Cursors& cursors, const Way& way) {
  const bool has_begun = step->include && !turn_.state.of(step.id).inputs.empty();
  return has_begun ? included(step, cursors, way) : decide_step(turn_, step, way);
}

Progress Walk::included(const Instance& step, Cursors& cursors, const Way& way) {
  if (turn_.state.of(step.id).state == StepState::failed) return decide_step(turn_, step, way);
  IncludeCursor& inside = frontier_.include(step, cursors);
  const Section& root = step->include->runbook->root;
  const auto failed = step->continues_on_failure && way.mode == Mode::forward
                          ? frontier_.failed_step(root, inside.frame, inside.cursors)
                          : std::nullopt;
  const Way onward = failed ? Way{Mode::leaving, why_failed(failed)} : way;
  const Progress progress = section(root, inside.frame, inside.cursors, onward);
  if (progress != Progress::done || turn_.state.of(step.id).state != StepState::running) return progress;
  if (onward.mode != Mode::leaving) return end_included(step, inside.frame);
  turn_.propose(Proposal(event::ended, step.id, object({{"result", failed ? "failed" : "cancelled"}, {"why", onward.why}})));
  return Progress::going;
}

Progress Walk::end_included(const Instance& step, const FramePtr& inside) {
  const RunScope scope(turn_.facts, turn_.state, turn_.values, inside);
  Map outputs;
  try {
    for (const auto& [name, text] : step->include->runbook->outputs) outputs.emplace_back(name, text.text.evaluate(scope));
  } catch (const ExpressionError& error) {
    return stop("failed",
                fmt::format("the steps of {} are done, but its outputs can't be given: {}", step->include->file, error.what()),
                step.id);
  }
  Proposal ended(event::ended, step.id, object({{"result", "succeeded"}}));
  if (!outputs.empty()) ended.attach("outputs", to_json(Value(std::move(outputs))));
  turn_.propose(std::move(ended));
  return Progress::going;
}

// Watches

// A look is asked for at its time; when the steps are done, at once: the last one begins after them.
Progress Walk::look_at(const Watch& watch, const FramePtr& frame, std::optional<std::int64_t> steps_done_after_n) {
  using Sight = WatchState::Sight;
  const Instance instance(*watch.step, frame);
  const LiveStep& live = turn_.live.of(instance.id);
  const Sight is = live.strikes >= watch.trips_after ? Sight::tripped : live.strikes > 0 ? Sight::bad : Sight::good;
  if (live.look && is != turn_.state.watch(instance.id).sight) {
    const std::string why = is == Sight::good ? "" : live.look->why;
    turn_.propose(Proposal(event::watched, instance.id, object({{"state", sight_name(is)}, {"why", why}})));
    return Progress::going;
  }
  if (live.running) return Progress::going;
  const bool is_last_due = steps_done_after_n && live.strikes == 0 && live.look && live.look->n <= *steps_done_after_n;
  const std::int64_t next = live.look ? live.look->ended_at_ms + watch.step->probe->every_ms : turn_.now_ms;
  const bool is_set_back = live.look && turn_.now_ms < live.look->ended_at_ms;
  if (turn_.now_ms >= next || is_last_due || is_set_back) return launch_look(instance);
  turn_.wake_at(next);
  return Progress::going;
}

// Its target is looked at once; the look then works with what was seen.
Progress Walk::launch_look(const Instance& watch) {
  try {
    const RunScope scope(turn_.facts, turn_.state, turn_.values, watch.frame);
    const std::optional<Value>& target = turn_.live.of(watch.id).target;
    const TargetJudgement judgement = judge_target(turn_, watch, target.value_or(Value()));
    std::optional<Launch> at_target = target && !judgement.is_too_old ? std::nullopt : look_at_target(turn_, watch, scope);
    if (at_target) return turn_.launch(*std::move(at_target)), Progress::going;
    if (!judgement.why_not.empty()) return stop("failed", judgement.why_not, watch.id);
    for (const Proposal& pin : judgement.pins) turn_.propose(pin);
    if (!judgement.pins.empty()) return Progress::going;
    Launch launch = turn_.next_launch(Role::watch, watch);
    launch.request =
        std::make_shared<Request>(make_probe_request(turn_.facts, watch, *watch->probe, scope, target.value_or(Value())));
    turn_.launch(std::move(launch));
    return Progress::going;
  } catch (const std::exception& error) {
    return stop("failed", fmt::format("watch `{}` can't look: {}", watch.id, with_hint(error)), watch.id);
  }
}

bool Walk::is_calm(const Watch& watch, const FramePtr& frame, std::int64_t after_n) const {
  const LiveStep& live = turn_.live.of(Instance(*watch.step, frame).id);
  return !live.running && live.look && live.look->answer == Look::Answer::yes && live.look->n > after_n;
}

}  // namespace runbook
