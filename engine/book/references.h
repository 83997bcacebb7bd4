#pragma once
// Where a runbook's expressions look, checked when all steps are known: unknown names, steps that come later, outputs
// that nobody declares, secrets where they could be seen.
#include <cstddef>
#include <deque>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "book/enclosure.h"
#include "book/node.h"
#include "book/problems.h"

namespace runbook {

// Where an expression stands, and what can be seen from there.
struct Site {
  static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

  std::string_view key;        // whose value it is; for messages. References::note keeps a copy of it
  const Step* step = nullptr;  // inside which; nullptr: inside none
  const Enclosure* around = nullptr;
  std::size_t inputs = all, vars = all;  // how many of them, in written order
  std::size_t steps = 0;
  bool has_result = false;  // bare names look into something
  bool has_before = false;  // `$before`, if the step has one
  bool takes_secrets = false;
  bool sees_run = true;
  bool sees_steps = true;
  bool wants_text = false;  // a list or map can't stand here
  bool is_undo = false;     // of `step`, which has run then

  Site at(std::string_view its_key) const;
  Site with_result() const;
};

// As it is written: "$steps.vpc.id".
std::string text_of(const Reference& reference);

class References {
 public:
  // The step at the next position in the file. Both live as long as this object.
  void add_step(const Step& step, Place id_place, const Enclosure* around);
  void reserve_steps(std::size_t count) { positions_.reserve(count); }
  std::size_t step_count() const { return steps_.size(); }
  // `was:` of a step.
  void add_former_id(const std::string& id, const NodePtr& scalar) { former_ids_.emplace_back(id, scalar); }
  // nullptr: no step before has this id. Otherwise its place.
  const Place* find_step(std::string_view id) const;
  const Enclosure* enclose(Enclosure enclosure);

  void note(const NodePtr& scalar, const std::vector<Reference>& references, const std::vector<Reference>& bare_names,
            const Site& site);
  // The same for text with `${{ }}`, where a list or map may be out of place.
  void note(const NodePtr& scalar, const Template& text, const Site& site);
  void check(const Runbook& runbook, Problems& problems) const;

 private:
  void check_former_ids(Problems& problems) const;
  friend class ReferenceCheck;
  struct Use {
    NodePtr scalar;
    Reference reference;
    Site site;
    bool is_bare = false;
    bool is_text = false;  // becomes text as it is
  };
  struct KnownStep {
    const Step* step = nullptr;
    Place place;
    const Enclosure* around = nullptr;
  };
  std::vector<Use> uses_;
  std::vector<KnownStep> steps_;
  std::unordered_map<std::string_view, std::size_t> positions_;
  std::deque<Enclosure> enclosures_;
  std::vector<std::pair<std::string, NodePtr>> former_ids_;
  std::set<std::string, std::less<>> keys_;  // of the sites: the nodes that they stood in are gone when uses are checked
};

}  // namespace runbook
