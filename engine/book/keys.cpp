#include "book/keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggestion.h"

namespace runbook {

namespace keys {

const KeySet runbook = {
    "a runbook",
    {"runbook",     "title", "version", "source",  "summary",  "runbook_version", "requires", "tested_with", "inputs",
     "constraints", "vars",  "env",     "dir",     "defaults", "steps",           "outputs",  "not_encoded", "not_automated",
     "note",        "tags",  "notify",  "finally", "targets",  "target",          "lock"},
    {"anchor"}};

const KeySet section = {
    "a section",
    {"section",      "id",    "when",     "env",   "dir",    "for_each", "as",   "key",  "empty",  "concurrency", "batch",
     "max_failures", "steps", "parallel", "watch", "rescue", "finally",  "note", "tags", "source", "target"},
    {}};

const KeySet step = {"a step",
                     {"id",        "title",      "when",    "env",    "dir",     "effect",     "before",
                      "done_when", "verify",     "outputs", "output", "timeout", "on_timeout", "retry",
                      "hints",     "leaves",     "note",    "tags",   "example", "source",     "requires_approval",
                      "was",       "on_failure", "undo",    "target", "tty"},
                     {"fresh_for"}};

const KeySet input = {
    "an input",
    {"type", "default", "pattern", "reject", "enum", "min", "max", "min_items", "max_items", "from", "description", "example"},
    {}};
// As an input, but that a person gives it.
const KeySet collected = {
    "a value to collect",
    {"type", "default", "pattern", "reject", "enum", "min", "max", "min_items", "max_items", "description", "example"},
    {}};
const KeySet notify = {"`notify`", {"exec"}, {}};
const KeySet approval = {"`requires_approval`", {"by", "count", "not_operator"}, {}};
// Its type alone; what it needs besides, it has from its step.
const KeySet undo = {"`undo`", {}, {}};
const KeySet include = {"`include`", {"file", "with"}, {}};
const KeySet manual = {"`manual`", {"instructions", "checklist", "collect", "evidence"}, {}};
const KeySet reject = {"`reject`", {"pattern", "because"}, {}};
const KeySet constraint = {"a constraint", {"that", "because"}, {}};
const KeySet requirements = {"`requires`", {"tools"}, {}};

const KeySet output_rule = {"an output", {"value", "regex", "type", "lines", "secret", "keep"}, {}};
const KeySet keep = {"`keep`", {"file", "command"}, {}};
const KeySet retry = {"`retry`", {"attempts", "delay", "backoff", "max_delay", "when"}, {}};
const KeySet output_sizes = {"`output`", {"head", "tail"}, {}};
const KeySet hint = {"a hint", {"match", "say"}, {"steps"}};
const KeySet uncovered = {"an entry", {"what", "because"}, {}};

const KeySet before = {"`before`", {"that", "outputs", "every", "timeout", "look_timeout", "yes", "no"}, {}};
const KeySet verify = {"`verify`", {"that", "outputs", "every", "timeout", "look_timeout", "yes", "no"}, {}};
const KeySet done_when = {"`done_when`", {"that", "outputs", "every", "timeout", "look_timeout", "yes", "no", "decides"}, {}};
const KeySet wait_until = {
    "`wait_until`",
    {"that", "outputs", "every", "timeout", "look_timeout", "yes", "no", "fail_when", "follow", "until", "fail_on"},
    {}};
const KeySet assertion = {"`assert`", {"that", "outputs", "every", "timeout", "look_timeout", "yes", "no", "because"}, {}};
const KeySet watch = {
    "a watch", {"id", "that", "every", "timeout", "look_timeout", "yes", "no", "trips_after", "running", "on_trip"}, {}};

}  // namespace keys

namespace {

struct Word {
  std::string_view other;  // what other tools call it
  std::string_view ours;
};

// Where several are given for one word, the first that the map has is meant.
constexpr Word words[] = {
    {"name", "title"},          {"name", "section"},      {"run", "shell"},        {"command", "shell"},
    {"cmd", "shell"},           {"bash", "shell"},        {"script", "shell"},     {"if", "when"},
    {"environment", "env"},     {"cwd", "dir"},           {"workdir", "dir"},      {"working_directory", "dir"},
    {"chdir", "dir"},           {"retries", "retry"},     {"unless", "done_when"}, {"creates", "done_when"},
    {"description", "summary"}, {"description", "note"},  {"comment", "note"},     {"title", "section"},
    {"variables", "vars"},      {"parameters", "inputs"}, {"params", "inputs"},    {"tasks", "steps"},
    {"register", "outputs"},    {"regex", "pattern"},     {"interval", "every"},   {"options", "enum"},
    {"choices", "enum"},        {"minimum", "min"},       {"maximum", "max"},      {"validation", "constraints"},
    {"message", "because"},     {"condition", "that"},
};

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string proposal(const std::string& unknown, const std::vector<std::string>& names) {
  for (const Word& word : words) {
    if (word.other == unknown && contains(names, word.ours)) return fmt::format("did you mean `{}`?", word.ours);
  }
  return suggestion(unknown, names, names.size());
}

}  // namespace

const std::vector<std::string>& later_step_types() {
  static const std::vector<std::string> types = {"aws", "http", "file"};
  return types;
}

const std::vector<std::string>& engine_step_types() {
  static const std::vector<std::string> types = {"wait_until", "assert", "manual", "include"};
  return types;
}

const std::vector<std::string>& default_keys() {
  static const std::vector<std::string> names = {"timeout", "on_timeout", "retry", "output"};
  return names;
}

const std::vector<std::string>& later_target_types() {
  static const std::vector<std::string> types = {"aws"};
  return types;
}

const std::vector<std::string>& keys_of_own_steps() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = effect_keys();
    all.insert(all.end(), {"output", "hints", "env", "dir", "target"});
    return all;
  }();
  return names;
}

const std::vector<std::string>& loop_keys() {
  static const std::vector<std::string> names = {"as", "key", "empty", "concurrency", "batch", "max_failures"};
  return names;
}

const std::vector<std::string>& effect_keys() {
  static const std::vector<std::string> names = {"effect",     "before", "done_when",         "verify", "outputs", "timeout",
                                                 "on_timeout", "retry",  "requires_approval", "leaves", "undo",    "tty"};
  return names;
}

const std::vector<std::string>& process_keys() {
  static const std::vector<std::string> names = {"effect",     "outputs", "output", "timeout",
                                                 "on_timeout", "retry",   "leaves", "tty"};
  return names;
}

void report_unsupported(const Node::Member& key, Problems& problems) {
  problems.error(key, fmt::format("`{}` is not supported by this version", key.key));
}

bool check_key(const Node::Member& key, const KeySet& set, Problems& problems, const std::vector<std::string>& also) {
  if (contains(set.known, key.key)) return true;
  if (contains(set.later, key.key)) {
    report_unsupported(key, problems);
    return false;
  }
  std::vector<std::string> names = set.known;
  names.insert(names.end(), also.begin(), also.end());
  problems.error(key, fmt::format("unknown key `{}`", key.key), problems.is_crowded() ? "" : proposal(key.key, names));
  return false;
}

void check_keys(const Node& map, const KeySet& set, Problems& problems) {
  for (const Node::Member& member : map.members) check_key(member, set, problems);
}

}  // namespace runbook
