#pragma once
// The tree of a runbook as the oracle knows it: where each step stands, and what may begin by what was recorded so far. It asks
// nothing of the engine; the rules of LANGUAGE.md and RUN.md are written down here a second time.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "book/runbook.h"
#include "book/value_scope.h"
#include "state/event.h"

namespace runbook::testing {

class Tree {
 public:
  // What became of a step's instance so far.
  enum class Mark { untouched, waiting, running, exited, doubted, done, failed, stopped };
  enum class Seen { at_once, with_its_commit };  // of a failure: by the decision that follows, or by those after its commit
  using Keys = std::vector<std::string>;

  explicit Tree(const Runbook& runbook) : runbook_(runbook) { place(runbook.root, {}); }

  // "s1:undo[p]" → s1, its undo, {p}
  struct Name {
    std::string id;
    bool is_undo = false;
    Keys keys;
  };
  static Name read(const std::string& instance) {
    Name name;
    std::size_t at = instance.find('[');
    name.id = instance.substr(0, at);
    for (; at != std::string::npos; at = instance.find('[', at + 1))
      name.keys.push_back(instance.substr(at + 1, instance.find(']', at) - at - 1));
    const std::size_t colon = name.id.find(':');
    name.is_undo = colon != std::string::npos;
    name.id = name.id.substr(0, colon);
    return name;
  }
  static std::string written(const std::string& name, const Keys& keys, std::size_t count) {
    std::string text = name;
    for (std::size_t i = 0; i < count && i < keys.size(); ++i) text += "[" + keys[i] + "]";
    return text;
  }

  void mark(const std::string& instance, Mark mark, Seen seen) {
    if (mark == Mark::failed && marks_[instance] != Mark::failed) failed_in_[instance] = seen == Seen::at_once ? -1 : commit_;
    marks_[instance] = mark;
  }
  // By a person, before it was its turn.
  void leave_out(const std::string& instance) { left_out_.insert(instance); }
  void committed() { ++commit_; }

  // Of sections, watches and the run. "" or what is wrong with it.
  std::string see(const Event& event) {
    if (event.kind == event::section_entered) return enter(event);
    if (event.kind == event::section_skipped) return settle(event, Phase::skipped, !phases_.count(event.instance));
    if (event.kind == event::section_left) return leave(event);
    if (event.kind == event::section_failed) return fail(event);
    if (event.kind == event::watched) note_sight(event);
    if (event.kind == event::renewed) tripped_.erase(event.instance);
    const bool leaves_undone = event.kind == event::undo_ended && !event.body.text_or("leaves", "").empty();
    if (event.kind == event::cancelling || leaves_undone) is_cancelling_ = true;
    if (event.kind == event::undoing) is_cancelling_ = false;
    if (event.kind == event::undone) reopen(event);
    return {};
  }
  // A look of a watch was launched, and has ended.
  void looks(const std::string& watch, std::int64_t n) { looks_[watch][n] = seq_; }
  void saw(const std::string& watch, std::int64_t n, bool is_good) {
    const auto began = looks_[watch].find(n);
    if (began != looks_[watch].end()) last_look_[watch] = {began->second, is_good};
  }
  void note_seq(std::int64_t seq) { seq_ = seq; }
  void note_change(const std::string& instance) { changed_[instance] = seq_; }

  // "" : it is its turn, to be looked at, left out or begun.
  std::string why_not_next(const std::string& instance) const {
    const Name name = read(instance);
    const Hops& hops = places_.at(runbook_.find(name.id));
    for (auto hop = hops.begin(); hop != hops.end(); ++hop) {
      // What a person wanted done anew may stand before what is cleaned up.
      const bool is_cleaned_up = std::any_of(hop + 1, hops.end(), [&](const Hop& inner) {
        return inner.zone() == Zone::finally && (is_cancelling_ || is_any_given_up_around(*inner.section, name.keys));
      });
      if (is_cleaned_up) continue;
      if (std::string why = why_not_next(instance, *hop, name.keys); !why.empty()) return why;
    }
    return {};
  }
  std::string why_not_begun(const std::string& instance) const {
    if (std::string why = why_not_next(instance); !why.empty()) return why;
    const Name name = read(instance);
    const auto& hops = places_.at(runbook_.find(name.id));
    const auto is_last = [](const Hop& hop) { return hop.zone() == Zone::finally; };
    if (is_cancelling_ && std::none_of(hops.begin(), hops.end(), is_last))
      return "while the run is cancelled nothing begins but finally: " + instance;
    for (auto hop = hops.begin(); hop != hops.end(); ++hop) {
      const bool is_left = std::any_of(
          hop + 1, hops.end(), [](const Hop& inner) { return inner.zone() == Zone::finally || inner.zone() == Zone::on_trip; });
      if (std::string why = why_held_up(instance, *hop, name.keys, is_left); !why.empty()) return why;
    }
    return {};
  }
  // What is around it was given up.
  bool is_given_up(const std::string& instance) const {
    return is_given_up(instance, [](Zone) { return true; });
  }
  // And it does not belong to what follows then.
  bool is_left_behind(const std::string& instance) const {
    return is_given_up(instance, [](Zone zone) { return zone == Zone::body; });
  }
  bool is_over() const { return is_over(runbook_.root, {}); }
  // What was entered has had its finally.
  std::string why_not_cancelled() const { return lacks_finally(runbook_.root, {}); }
  // Of a step or section: in branches beside each other, or in different items of one loop.
  bool are_beside(const std::string& one, const std::string& other) const {
    const auto left = route(one), right = route(other);
    for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i)
      if (left[i].where != right[i].where || left[i].which != right[i].which)
        return left[i].where == right[i].where && left[i].is_beside_others;
    return false;
  }
  // Neither inside what is begun once, nor inside a loop.
  bool is_plain(const std::string& id) const {
    const auto& hops = places_.at(runbook_.find(id));
    return std::all_of(hops.begin(), hops.end(),
                       [&](const Hop& hop) { return hop.section == &runbook_.root || !is_remembered(*hop.section); });
  }

 private:
  enum class Phase { unknown, entered, skipped, failed, left };
  enum class Zone { body, rescue, finally, on_trip };
  struct Hop {
    const Section* section;
    const Section* container;  // itself, or what stands beside its body
    std::size_t index;
    Zone zone() const {
      return container == section                  ? Zone::body
             : container == section->rescue.get()  ? Zone::rescue
             : container == section->finally.get() ? Zone::finally
                                                   : Zone::on_trip;
    }
  };
  using Hops = std::vector<Hop>;
  // A way down the tree, turn by turn: the branch of a section, the item of a loop.
  struct Turning {
    std::string where, which;
    bool is_beside_others;
  };
  using Child = std::variant<std::unique_ptr<Step>, std::unique_ptr<Section>>;

  // Places

  void place(const Section& section, const Hops& around) {
    place_children(section, section, around);
    for (const Watch& watch : section.watches) {
      places_[watch.step.get()] = around;
      if (watch.on_trip) place_children(section, *watch.on_trip, around);
    }
    for (const Section* extra : {section.rescue.get(), section.finally.get()})
      if (extra) place_children(section, *extra, around);
  }
  void place_children(const Section& section, const Section& container, const Hops& around) {
    for (std::size_t i = 0; i < container.children.size(); ++i) {
      Hops hops = around;
      hops.push_back({&section, &container, i});
      if (const auto* inner = std::get_if<std::unique_ptr<Section>>(&container.children[i])) place(**inner, hops);
      else places_[std::get<std::unique_ptr<Step>>(container.children[i]).get()] = hops;
    }
  }
  std::vector<Turning> route(const std::string& name) const {
    const Name parts = read(name);
    const Step* step = runbook_.find(parts.id);
    const Section* last = step ? nullptr : &section_of(name);
    std::vector<Turning> turnings;
    for (const Hop& hop : places_.at(step ? step : some_step(*last))) {
      const bool is_body = hop.container == hop.section;
      const bool is_item = is_body && hop.section->loop;
      if (hop.section == last && !is_item) break;
      if (hop.section == last && parts.keys.size() == last->loops.size()) break;
      if (is_item) turnings.push_back({name_of(*hop.section, parts.keys), item_name(*hop.section, parts.keys), true});
      if (hop.section == last) break;
      turnings.push_back({written(hop.container->path, parts.keys, hop.section->loops.size() + is_item),
                          std::to_string(hop.index), is_body && hop.section->is_parallel});
    }
    return turnings;
  }
  bool is_remembered(const Section& section) const {
    return section.when || section.loop || section.rescue || !section.watches.empty() ||
           (section.finally && &section != &runbook_.root);
  }
  static std::string name_of(const Section& section, const Keys& keys) {
    return written(section.path, keys, section.loops.size());
  }
  static std::string item_name(const Section& section, const Keys& keys) {
    return written(section.path, keys, section.loops.size() + 1);
  }
  static Keys items(const Section& loop) {
    Keys keys;
    const Value list = loop.loop->list.evaluate(ValueScope());
    for (const Value& item : list.as_list()) keys.push_back(item.as_text());
    return keys;
  }
  static Keys of_item(const Section& loop, const Keys& keys, const std::string& item) {
    Keys inside(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(loop.loops.size()));
    inside.push_back(item);
    return inside;
  }
  Phase phase_of(const std::string& name) const {
    const auto found = phases_.find(name);
    return found == phases_.end() ? Phase::unknown : found->second;
  }
  Phase phase(const Section& section, const Keys& keys) const { return phase_of(name_of(section, keys)); }
  const Section& section_of(const std::string& name) const {
    const std::string path = name.substr(0, name.find('['));
    const Section* found = find(runbook_.root, path);
    return *found;
  }
  static const Section* find(const Section& section, const std::string& path) {
    if (section.path == path) return &section;
    const Section* found = nullptr;
    for (const Child& child : section.children) {
      const auto* inner = std::get_if<std::unique_ptr<Section>>(&child);
      if (inner && !found) found = find(**inner, path);
    }
    for (const Watch& watch : section.watches)
      if (watch.on_trip && !found) found = find(*watch.on_trip, path);
    for (const Section* extra : {section.rescue.get(), section.finally.get()})
      if (extra && !found) found = find(*extra, path);
    return found;
  }

  // What is over

  Mark mark_of(const Step& step, const Keys& keys) const {
    const auto found = marks_.find(written(step.id, keys, step.loops.size()));
    return found == marks_.end() ? Mark::untouched : found->second;
  }
  bool is_over(const Child& child, const Keys& keys) const {
    if (const auto* inner = std::get_if<std::unique_ptr<Section>>(&child)) return is_over(**inner, keys);
    const Step& step = *std::get<std::unique_ptr<Step>>(child);
    const Mark mark = mark_of(step, keys);
    return mark == Mark::done || (mark == Mark::failed && step.continues_on_failure);
  }
  bool are_over(const Section& container, const Keys& keys) const {
    return std::all_of(container.children.begin(), container.children.end(),
                       [&](const Child& child) { return is_over(child, keys); });
  }
  bool is_item_over(const Section& loop, const Keys& inside) const {
    return phase_of(item_name(loop, inside)) == Phase::failed || are_over(loop, inside);
  }
  bool is_body_over(const Section& section, const Keys& keys) const {
    if (!section.loop) return are_over(section, keys);
    const Keys all = items(section);
    return std::all_of(all.begin(), all.end(),
                       [&](const std::string& item) { return is_item_over(section, of_item(section, keys, item)); });
  }
  bool is_over(const Section& section, const Keys& keys) const {
    const Phase is = phase(section, keys);
    if (is_remembered(section) && is == Phase::unknown) return false;
    if (is == Phase::skipped) return section.loop || are_over(section, keys);
    if (is == Phase::entered && !section.watches.empty()) return false;
    const bool was_given_up = is == Phase::failed;
    if (was_given_up ? section.rescue && !are_over(*section.rescue, keys) : !is_body_over(section, keys)) return false;
    return !section.finally || are_over(*section.finally, keys);
  }

  // What has failed

  bool has_failed(const Child& child, const Keys& keys) const {
    if (const auto* inner = std::get_if<std::unique_ptr<Section>>(&child)) return has_failed(**inner, keys);
    const Step& step = *std::get<std::unique_ptr<Step>>(child);
    if (step.continues_on_failure || mark_of(step, keys) != Mark::failed) return false;
    return !is_about_seen_ || failed_in_.at(written(step.id, keys, step.loops.size())) < commit_;
  }
  // Of a sequence it is the first that is not over.
  bool have_failed(const Section& container, const Keys& keys) const {
    for (const Child& child : container.children) {
      if (has_failed(child, keys)) return true;
      if (!container.is_parallel && !is_over(child, keys)) return false;
    }
    return false;
  }
  bool is_tripped(const Section& section, const Keys& keys) const {
    return std::any_of(section.watches.begin(), section.watches.end(), [&](const Watch& watch) {
      const auto trip = tripped_.find(written(watch.step->id, keys, watch.step->loops.size()));
      return trip != tripped_.end() && (!is_about_seen_ || trip->second < commit_);
    });
  }
  // That is told aloud, and nothing rescues it.
  bool has_on_trip_failed(const Section& section, const Keys& keys) const {
    return std::any_of(section.watches.begin(), section.watches.end(),
                       [&](const Watch& watch) { return watch.on_trip && have_failed(*watch.on_trip, keys); });
  }
  bool has_failed(const Section& section, const Keys& keys) const {
    const Phase is = phase(section, keys);
    if (is_remembered(section) && is == Phase::unknown) return false;
    if (section.finally && have_failed(*section.finally, keys)) return true;
    if (is == Phase::failed) return section.rescue && have_failed(*section.rescue, keys);
    if (is == Phase::skipped && section.loop) return false;
    if (is_tripped(section, keys)) return !section.rescue || has_on_trip_failed(section, keys);
    return !section.rescue && has_body_failed(section, keys);
  }
  bool has_body_failed(const Section& section, const Keys& keys) const {
    return section.loop ? is_beyond(section, keys) : have_failed(section, keys);
  }
  // More items of a batch have failed than the loop bears.
  bool is_beyond(const Section& loop, const Keys& keys) const {
    std::size_t from = 0;
    const Keys all = items(loop);
    for (const std::int64_t size : batches(loop, keys)) {
      std::int64_t standing = 0, borne = 0;
      bool is_over = true;
      for (std::size_t i = from; i < from + static_cast<std::size_t>(size) && i < all.size(); ++i) {
        const Keys inside = of_item(loop, keys, all[i]);
        is_over = is_over && is_item_over(loop, inside);
        if (phase_of(item_name(loop, inside)) == Phase::failed) ++borne;
        else standing += have_failed(loop, inside);
      }
      if (!is_over) return standing > 0 && standing + borne > most(loop, size);
      from += static_cast<std::size_t>(size);
    }
    return false;
  }
  static std::int64_t most(const Section& loop, std::int64_t size) {
    const Share& share = loop.loop->max_failures;
    return share.is_percent ? size * share.number / 100 : share.number;
  }
  std::vector<std::int64_t> batches(const Section& loop, const Keys& keys) const {
    const auto found = batches_.find(name_of(loop, keys));
    return found == batches_.end() ? std::vector<std::int64_t>() : found->second;
  }

  // What is at work

  bool is_at_work(Mark mark) const {
    if (mark == Mark::running) return true;
    return !is_cancelling_ && (mark == Mark::waiting || mark == Mark::exited || mark == Mark::doubted);
  }
  // The first that is at work in it; "" : none. `keys`: of the section, or of an item of its loop.
  template <class InZone>
  std::string at_work_in(const Section& section, const Keys& keys, InZone is_meant) const {
    for (const auto& [instance, mark] : marks_) {
      if (!is_at_work(mark) || instance.find(':') != std::string::npos) continue;
      const Name name = read(instance);
      if (name.keys.size() < keys.size() || !std::equal(keys.begin(), keys.end(), name.keys.begin())) continue;
      for (const Hop& hop : places_.at(runbook_.find(name.id)))
        if (hop.section == &section && is_meant(hop.zone())) return instance;
    }
    return {};
  }
  static Keys around(const Section& section, const Keys& keys) {
    return {keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(std::min(section.loops.size(), keys.size()))};
  }

  // Rules

  std::string why_not_next(const std::string& instance, const Hop& hop, const Keys& keys) const {
    const Section& section = *hop.section;
    if (phase(section, keys) == Phase::skipped) return {};
    if (!(hop.container == &section && section.is_parallel)) {
      for (std::size_t i = 0; i < hop.index; ++i)
        if (!is_over(hop.container->children[i], keys))
          return fmt::format("6: {} begins when what stands before it in `{}` is over", instance, hop.container->title);
    }
    if (is_remembered(section) && phase(section, keys) == Phase::unknown)
      return fmt::format("{} begins when its section was entered", instance);
    switch (hop.zone()) {
      case Zone::body: return section.loop ? why_not_next_item(instance, section, keys) : "";
      case Zone::rescue:
        return phase(section, keys) == Phase::failed ? "" : "a rescue follows when its section was given up: " + instance;
      case Zone::on_trip: return is_tripped(section, keys) ? "" : "on_trip follows a trip: " + instance;
      case Zone::finally: return is_ending(hop, keys) ? "" : "finally comes when its section is over or given up: " + instance;
    }
    return {};
  }
  bool is_ending(const Hop& hop, const Keys& keys) const {
    const Section& section = *hop.section;
    if (is_cancelling_) return true;
    const bool was_given_up = phase(section, keys) == Phase::failed;
    if (was_given_up && (!section.rescue || are_over(*section.rescue, keys))) return true;
    const bool was_left = section.watches.empty() || phase(section, keys) == Phase::left;
    if (!was_given_up && was_left && is_body_over(section, keys)) return true;
    return is_any_given_up_around(section, keys);
  }
  bool is_any_given_up_around(const Section& inner, const Keys& keys) const {
    const Step* some = some_step(inner);
    for (const Hop& hop : places_.at(some)) {
      if (hop.section == &inner) return false;
      const Section& section = *hop.section;
      if (hop.zone() != Zone::body) continue;
      if (is_tripped(section, keys) || (section.rescue && has_body_failed(section, keys))) return true;
      if (section.loop && have_failed(section, of_item(section, keys, keys.at(section.loops.size())))) return true;
    }
    return false;
  }
  template <class Counts>
  bool is_given_up(const std::string& instance, const Counts& counts) const {
    const Name name = read(instance);
    const auto& hops = places_.at(runbook_.find(name.id));
    return std::any_of(hops.begin(), hops.end(), [&](const Hop& hop) {
      if (!counts(hop.zone())) return false;
      return phase(*hop.section, name.keys) == Phase::failed ||
             (hop.section->loop && phase_of(item_name(*hop.section, name.keys)) == Phase::failed);
    });
  }
  static const Step* some_step(const Section& section) {
    for (const Child& child : section.children) {
      const auto* inner = std::get_if<std::unique_ptr<Section>>(&child);
      return inner ? some_step(**inner) : std::get<std::unique_ptr<Step>>(child).get();
    }
    return nullptr;
  }
  std::string why_not_next_item(const std::string& instance, const Section& loop, const Keys& keys) const {
    const Keys all = items(loop);
    const std::string& mine = keys.at(loop.loops.size());
    const auto at = static_cast<std::size_t>(std::find(all.begin(), all.end(), mine) - all.begin());
    std::size_t begin = 0;
    for (const std::int64_t size : batches(loop, keys)) {
      if (at < begin + static_cast<std::size_t>(size)) break;
      begin += static_cast<std::size_t>(size);
    }
    for (std::size_t i = 0; i < begin; ++i)
      if (!is_item_over(loop, of_item(loop, keys, all[i])))
        return fmt::format("a batch begins when the last one is over: {} before {}", instance, all[i]);
    if (phase_of(item_name(loop, keys)) == Phase::failed) return "an item that was given up is left alone: " + instance;
    return {};
  }

  std::string why_held_up(const std::string& instance, const Hop& hop, const Keys& keys, bool is_left) const {
    const Section& section = *hop.section;
    if (phase(section, keys) == Phase::skipped) return {};
    if (hop.zone() != Zone::body) return why_too_early(instance, hop, keys);
    if (is_left) return {};
    if (is_tripped(section, keys)) return "a watch that tripped starts no further step: " + instance;
    if (phase(section, keys) == Phase::failed) return "what was given up begins nothing: " + instance;
    is_about_seen_ = true;
    // Behind an undo, failures may stand in items that come later.
    const bool is_held_up =
        section.loop ? !was_reopened_ && is_beyond(section, keys) : section.is_parallel && have_failed(section, keys);
    is_about_seen_ = false;
    if (is_held_up) return "nothing begins beside what has failed: " + instance;
    return section.loop ? why_too_many(instance, section, keys) : "";
  }
  std::string why_too_early(const std::string& instance, const Hop& hop, const Keys& keys) const {
    const Zone zone = hop.zone();
    const std::string at_work = at_work_in(*hop.section, around(*hop.section, keys), [&](Zone other) {
      return other == Zone::body || (zone == Zone::finally && other != Zone::finally);
    });
    return at_work.empty() ? "" : fmt::format("{} begins when {} has ended", instance, at_work);
  }
  std::string why_too_many(const std::string& instance, const Section& loop, const Keys& keys) const {
    if (was_reopened_) return {};  // waits that were not undone stand where they stood
    const std::string& mine = keys.at(loop.loops.size());
    std::int64_t at_work = 1;
    for (const std::string& item : items(loop)) {
      const Keys inside = of_item(loop, keys, item);
      if (item == mine || is_item_over(loop, inside)) continue;
      const bool is_busy = !at_work_in(loop, inside, [](Zone zone) { return zone == Zone::body; }).empty();
      at_work += is_busy || has_begun(inside, loop);
    }
    return at_work <= loop.loop->concurrency ? "" : fmt::format("{} items of a loop are at work: {}", at_work, instance);
  }
  bool has_begun(const Keys& inside, const Section& loop) const {
    return std::any_of(marks_.begin(), marks_.end(), [&](const auto& entry) {
      if (entry.second == Mark::untouched || left_out_.count(entry.first) || entry.first.find(':') != std::string::npos)
        return false;
      const Name name = read(entry.first);
      if (name.keys.size() < inside.size() || !std::equal(inside.begin(), inside.end(), name.keys.begin())) return false;
      const auto& hops = places_.at(runbook_.find(name.id));
      return std::any_of(hops.begin(), hops.end(), [&](const Hop& hop) { return hop.section == &loop; });
    });
  }

  // Events of sections

  std::string enter(const Event& event) {
    const Value batches = event.body.get("batches");
    for (const Value& size : batches.is_list() ? batches.as_list() : List()) batches_[event.instance].push_back(size.as_int());
    return settle(event, Phase::entered, phase_of(event.instance) == Phase::unknown);
  }
  std::string settle(const Event& event, Phase phase, bool is_due) {
    phases_[event.instance] = phase;
    return is_due ? "" : "a section is entered, skipped, left or given up once";
  }
  std::string leave(const Event& event) {
    const Section& section = section_of(event.instance);
    const Keys keys = read(event.instance).keys;
    if (!is_body_over(section, keys)) return "a section is left when its steps are over";
    for (const Watch& watch : section.watches) {
      const std::string name = written(watch.step->id, keys, keys.size());
      const auto look = last_look_.find(name);
      if (look == last_look_.end() || !look->second.is_good || look->second.began_at < last_change_in(section, keys))
        return fmt::format("a section is left when a look of `{}` that began behind its last step said yes: {} {}", name,
                           look == last_look_.end() ? 0 : look->second.began_at, last_change_in(section, keys));
    }
    return settle(event, Phase::left, phase_of(event.instance) == Phase::entered);
  }
  std::int64_t last_change_in(const Section& section, const Keys& keys) const {
    std::int64_t last = 0;
    for (const auto& [instance, seq] : changed_) {
      const Name name = read(instance);
      if (name.is_undo || name.keys.size() < keys.size() || !std::equal(keys.begin(), keys.end(), name.keys.begin())) continue;
      for (const Hop& hop : places_.at(runbook_.find(name.id)))
        if (hop.section == &section && hop.zone() == Zone::body) last = std::max(last, seq);
    }
    return last;
  }
  std::string fail(const Event& event) {
    const Section& section = section_of(event.instance);
    const Keys keys = read(event.instance).keys;
    const bool is_item = keys.size() > section.loops.size();
    const std::string at_work = at_work_in(section, keys, [](Zone zone) { return zone == Zone::body; });
    if (!at_work.empty()) return fmt::format("what is given up has ended before: {}", at_work);
    const bool has_reason =
        is_item ? have_failed(section, keys) : section.rescue && (is_tripped(section, keys) || has_body_failed(section, keys));
    if (!has_reason) return "what is given up has failed";
    is_about_seen_ = true;
    const bool is_too_much = is_item && is_beyond(section, keys);
    is_about_seen_ = false;
    if (is_too_much) return "a loop bears so many failures of a batch, and no more";
    const Phase was = phase_of(event.instance);
    return settle(event, Phase::failed, was == Phase::entered || (is_item && was == Phase::unknown));
  }
  void note_sight(const Event& event) {
    if (event.body.text_or("state", "") == "tripped") tripped_[event.instance] = commit_;
    else tripped_.erase(event.instance);
  }
  void reopen(const Event& event) {
    was_reopened_ = true;
    const Value reopened = event.body.get("reopens");
    for (const Value& name : reopened.as_list())
      if (phases_.count(name.as_text())) phases_[name.as_text()] = Phase::entered;
  }

  std::string lacks_finally(const Section& section, const Keys& keys) const {
    if (is_remembered(section) && phase(section, keys) == Phase::unknown) return {};
    if (phase(section, keys) == Phase::skipped) return {};
    if (section.finally && !are_over(*section.finally, keys))
      return "what was entered has had its finally: " + section.finally->title;
    for (const Child& child : section.children) {
      const auto* inner = std::get_if<std::unique_ptr<Section>>(&child);
      if (!inner) continue;
      for (const std::string& item : section.loop ? items(section) : Keys{""}) {
        std::string why = lacks_finally(**inner, section.loop ? of_item(section, keys, item) : keys);
        if (!why.empty()) return why;
      }
    }
    return {};
  }

  struct LastLook {
    std::int64_t began_at = 0;
    bool is_good = false;
  };
  const Runbook& runbook_;
  std::map<const Step*, Hops> places_;
  std::map<std::string, Mark> marks_;
  std::map<std::string, std::int64_t> failed_in_, tripped_, changed_;  // commit, commit, event
  std::map<std::string, Phase> phases_;
  std::set<std::string> left_out_;
  std::map<std::string, std::vector<std::int64_t>> batches_;
  std::map<std::string, std::map<std::int64_t, std::int64_t>> looks_;  // of watches: launch → the last event before
  std::map<std::string, LastLook> last_look_;
  std::int64_t commit_ = 0, seq_ = 0;
  bool is_cancelling_ = false, was_reopened_ = false;
  mutable bool is_about_seen_ = false;
};

}  // namespace runbook::testing
