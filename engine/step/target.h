#pragma once
// What steps must hit, and nothing else: a kind of thing in the world, how it is looked at, and how one is told from another. What was
// there when a run first needed it is pinned; before every step it is looked at again. A new one: a file in plugins/, a row in plugins/all.cpp.
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/value.h"
#include "book/declaration.h"

namespace runbook {

struct TargetLook {
  Value params;                  // evaluated
  std::string dir;               // the runbook's folder, absolute
  std::vector<std::string> env;  // "NAME=value", complete
  std::stop_token stop;
  Value pinned = {};            // the identity that the run began in, or null
  std::string run_folder = {};  // private to the run, gone when it is left; "": there is no run
};

struct TargetSight {
  Value identity;   // a map of text, what is really there, as a journal gives it back; null: it can't be seen
  std::string why;  // it can't be seen: one sentence
  // What processes get besides TargetType::environment: what is of this look and must not be recorded.
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::vector<std::string> secrets = {};  // to be masked in what they write
  std::string needs_code_of = {};         // it can't be seen before somebody has typed the code that this device shows
};

class TargetType {
 public:
  virtual ~TargetType() = default;
  virtual const Declaration& declaration() const = 0;
  // Any thread; changes nothing. May run a program, for some seconds at most.
  virtual TargetSight look(const TargetLook& look) const = 0;
  // "", or how what is there differs from what the runbook says: "the runbook says host db1, this is db2".
  virtual std::string why_not(const Value& params, const Value& identity) const = 0;
  // "host db1", "commit 1a2b3c4 of /srv/app"
  virtual std::string describe(const Value& identity) const = 0;
  // What processes that work on it get, besides their own: names and values.
  virtual std::vector<std::pair<std::string, std::string>> environment(const Value& params, const Value& identity) const = 0;
  // The run is about to be left: what looks have kept in its folder goes.
  virtual void forget(const std::string& run_folder) const { static_cast<void>(run_folder); }
};

// An identity as it stands in a journal (JSON, UTF-8): only so can one that was read there be compared with one that is seen.
Value as_recorded(const Value& identity);
// "" if both are the same; else one clause: "the run began in host db1, you are now in host db2". Where both are described by the same
// words, it names the members that differ: "the run began in directory /srv/app (inode 12), you are now in ... (inode 15)".
std::string why_another(const TargetType& type, const Value& pinned, const Value& seen);

}  // namespace runbook
