#include "book/probe_loader.h"
#include "book/yaml_value.h"

#include <fmt/format.h>

#include <algorithm>

#include "book/output_loader.h"
#include "book/param_check.h"
#include "book/params_loader.h"
#include "book/step_type.h"

namespace runbook {
namespace {

const KeySet& keys_of(ProbeUse use) {
  switch (use) {
    case ProbeUse::before: return keys::before;
    case ProbeUse::done_when: return keys::done_when;
    case ProbeUse::verify: return keys::verify;
    case ProbeUse::wait_until: return keys::wait_until;
    case ProbeUse::assertion: return keys::assertion;
    case ProbeUse::watch: return keys::watch;
  }
  return keys::verify;
}

// What one list names is not in the default of the other.
void load_answers(const Fields& fields, const Node& map, Probe& probe, Problems& problems) {
  const Node::Member* yes = fields.find("yes");
  const Node::Member* no = fields.find("no");
  fields.wholes("yes", 0, 255, probe.yes);
  fields.wholes("no", 0, 255, probe.no);
  for (const int code : std::vector<int>(probe.yes)) {
    const auto twice = std::find(probe.no.begin(), probe.no.end(), code);
    if (twice == probe.no.end()) continue;
    if (yes && no) problems.error(*yes, fmt::format("exit code {} can't mean both yes and no", code));
    else if (yes) probe.no.erase(twice);
    else if (no) probe.yes.erase(std::find(probe.yes.begin(), probe.yes.end(), code));
  }
  if (yes && probe.yes.empty()) problems.error(map.find("yes")->value->place, 1, "`yes` names no exit code");
}

class ProbeLoader {
 public:
  ProbeLoader(const Node::Member& member, ProbeUse use, const Site& site, Loading& loading)
      : member_(member), map_(*member.value), use_(use), site_(site), loading_(loading), fields_(map_, loading.problems) {}

  Probe load() {
    probe_.place = member_.key_place;
    const TypeUse type_use = use_ == ProbeUse::assertion ? TypeUse::of_assert : TypeUse::of_probe;
    const std::optional<FoundType> type = find_type(map_, keys_of(use_), type_use, member_.key_place, loading_);
    if (type) load_type(*type);
    load_expressions();
    load_times();
    if (use_ == ProbeUse::wait_until) load_following(type ? type->declaration : nullptr);
    load_answers(fields_, map_, probe_, loading_.problems);
    fields_.boolean("decides", probe_.decides);
    fields_.note("because", probe_.because);
    if (use_ == ProbeUse::assertion && !type && !map_.find("that") && loading_.problems.count() == problems_before_)
      loading_.problems.error(member_, "`assert` lacks what it asserts",
                              "add a step type like `shell`, or `that: <expression>`");
    return std::move(probe_);
  }

 private:
  void load_type(const FoundType& type) {
    declaration_ = type.declaration;
    probe_.type = type.declaration->name;
    probe_.params = load_params(*type.member, *type.declaration, nullptr, site_, loading_);
    const std::optional<EffectFound> found = check_params(*type.declaration, probe_.params, *type.member, loading_.problems);
    if (found) probe_.holds_anyway = found->holds_anyway;
    if (found && found->effect != Effect::read)
      loading_.problems.error(
          *type.member,
          fmt::format("{} only looks, and this is `{}`: {}", keys_of(use_).owner, effect_name(found->effect), found->why),
          "what changes the world is a step of its own");
  }

  void load_expressions() {
    Site site = site_;
    site.has_result = declaration_ || use_ != ProbeUse::assertion;
    if (const Node::Member* that = map_.find("that")) probe_.that = read_expression(that->value, site.at("that"), loading_);
    if (const Node::Member* fail_when = map_.find("fail_when"); fail_when && use_ == ProbeUse::wait_until)
      probe_.fail_when = read_expression(fail_when->value, site.at("fail_when"), loading_);
    const Node::Member* outputs = map_.find("outputs");
    if (outputs) probe_.outputs = load_outputs(*outputs, OutputsOf::probe, site_, loading_);
    if (declaration_) mark_sensitive(probe_.outputs, *declaration_, probe_.params, OutputsOf::probe, loading_);
    if (outputs && !site.has_result)
      loading_.problems.error(*outputs, "`outputs` has no result to look into", "add a step type like `shell`");
  }

  void load_following(const Declaration* type) {
    fields_.boolean("follow", probe_.follows);
    fields_.pattern("until", probe_.until);
    fields_.pattern("fail_on", probe_.fail_on);
    Problems& problems = loading_.problems;
    const Node::Member* wish = map_.find("follow");
    const bool is_unwanted = !wish || wish->value->text == "false";
    for (const char* key : {"until", "fail_on"}) {
      const Node::Member* member = map_.find(key);
      if (member && is_unwanted)
        problems.error(*member, fmt::format("`{}` is about the lines of a stream", key), "add `follow: true`");
      else if (member && member->value->kind == Node::Kind::scalar && member->value->text.empty())
        problems.error(*member->value, fmt::format("`{}` is empty", key));
    }
    if (!probe_.follows) return;
    if (!map_.find("until")) problems.error(*wish, "`follow` lacks `until`", "say which line is the end: `until: <pattern>`");
    if (type && !type->has_process)
      problems.error(*wish, fmt::format("`{}` is no process, of which something could be followed", type->name));
    for (const char* key : {"that", "fail_when", "look_timeout", "yes", "no"}) {
      if (const Node::Member* member = map_.find(key))
        problems.error(*member, fmt::format("`{}` has no meaning beside `follow`", key),
                       "the lines decide: `until`, `fail_on` and `timeout`");
    }
  }

  void load_times() {
    fields_.duration("every", probe_.every_ms);
    fields_.duration("timeout", probe_.timeout_ms);
    fields_.duration("look_timeout", probe_.look_timeout_ms);
    for (const char* key : {"every", "look_timeout"}) {
      const Node::Member* member = map_.find(key);
      const bool is_zero = member && member->value->kind == Node::Kind::scalar &&
                           (key == std::string_view("every") ? probe_.every_ms : probe_.look_timeout_ms) == 0;
      if (is_zero) loading_.problems.error(*member->value, fmt::format("`{}` must be longer than nothing", key));
    }
    if (use_ == ProbeUse::wait_until && !map_.find("timeout"))
      loading_.problems.error(member_, "`wait_until` lacks `timeout`", "say how long to wait at most: `timeout: 10m`");
  }

  const Node::Member& member_;
  const Node& map_;
  ProbeUse use_;
  const Site& site_;
  Loading& loading_;
  Fields fields_;
  Probe probe_;
  const Declaration* declaration_ = nullptr;
  std::size_t problems_before_ = loading_.problems.count();
};

// Who wrote text where a map is wanted meant it as the command, or as the condition.
std::string how_to_write(const Node::Member& probe, ProbeUse use) {
  const std::string& text = probe.value->text;
  const bool is_short = probe.value->kind == Node::Kind::scalar && !text.empty() && text.size() <= 80 &&
                        text.find('\n') == std::string_view::npos;
  const bool is_condition = use == ProbeUse::assertion && (text.starts_with('$') || text.find("==") != std::string_view::npos);
  std::string inside = fmt::format("{}: {}", is_condition ? "that" : "shell", is_short ? flow_text(text) : "...");
  if (use == ProbeUse::wait_until) inside += ", timeout: 10m";
  if (use == ProbeUse::assertion && !is_short) return "write `assert: {that: ...}` or `assert: {shell: ...}`";
  return fmt::format("write `{}: {{{}}}`", probe.key, inside);
}

}  // namespace

ProbePtr load_probe(const Node::Member& probe, ProbeUse use, const Site& site, Loading& loading) {
  if (!expect(Node::Kind::map, *probe.value, probe.key, loading.problems, how_to_write(probe, use))) return nullptr;
  return std::make_shared<const Probe>(ProbeLoader(probe, use, site, loading).load());
}

}  // namespace runbook
