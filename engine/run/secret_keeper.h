#pragma once
// Brings secrets over the death of an engine: keeps those that steps gave where `keep` says, finds them again, and finds secret inputs
// that were not there when the run began. They are held in the facts' SecretOutputs, in memory alone. For who decides: one thread at a time.
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "run/live.h"
#include "run/performer.h"
#include "run/scope.h"

namespace runbook {

class SecretKeeper {
 public:
  using ScopeOf = std::function<RunScope(const Instance&)>;
  // All of it outlives this object.
  SecretKeeper(const RunFacts& facts, const RunState& state, StoredValues& values, Performer& performer, Observer& observer,
               ScopeOf scope_of);

  // Before the commit of the outcome: what is said to be done must be found again. "" or why it can't be kept.
  std::string keep(const Instance& step, const std::vector<std::pair<std::string, std::string>>& secrets);
  // Of all steps that are done, or of that one if it is.
  void recall_all();
  void recall(const std::string& instance);
  // Looks for secret inputs that the steps that are next need and that are missing, once for each try of them.
  void find_needed(const Live& live);

 private:
  void recall(const Instance& step);
  void recall(const Instance& step, const OutputRule& rule);
  Performer::Recalled ask_for(const Instance& step, const OutputRule& rule);
  std::filesystem::path kept_path(const OutputRule& rule, const RunScope& scope) const;
  bool is_missing(const Input& input) const;
  void find_for(const Instance& step);
  void find(const Instance& step, const Input& input);

  const RunFacts& facts_;
  const RunState& state_;
  StoredValues& values_;
  Performer& performer_;
  Observer& observer_;
  ScopeOf scope_of_;
  bool is_any_given_;                 // by a step of this runbook
  std::vector<const Input*> late_;    // secret inputs that may still come
  std::set<std::string> looked_for_;  // step, try, input
};

}  // namespace runbook
