#pragma once
// The walkthrough: before each step it says what comes, and waits for a word. Its verbs are those of the table below, and the commands that look at
// a run, with the run filled in.
#include <set>
#include <string>
#include <vector>

#include "cli/at_rest.h"
#include "cli/driven.h"
#include "cli/person.h"
#include "cli/wishes.h"

namespace runbook {

struct WalkVerb {
  std::string name, operands, does;
};
const std::vector<WalkVerb>& walk_verbs();

class Walkthrough {
 public:
  explicit Walkthrough(LineEditor& editor) : editor_(editor) {}

  struct Result {
    Executor::Conclusion conclusion;
    bool begins_anew = false;  // with what the wishes say has changed
  };
  // Until the run is left or paused, or the definition is another one.
  Result go(Driven& driven, Wishes& wishes, TerminalPerson& person, Limits limits);

 private:
  enum class Next { runs, asks, quits, cancels, begins_anew };
  Next ask_what_next(Driven& driven, Wishes& wishes, TerminalPerson& person, const End& end);
  Next at_prompt(Driven& driven, Wishes& wishes);
  Next after(const End& end, Wishes& wishes, TerminalPerson& person);
  Next carry_out(Driven& driven, Wishes& wishes, const std::string& typed);
  Next walk_on(Driven& driven, const std::string& verb, const std::string& rest);
  Next decide(Driven& driven, Wishes& wishes, const std::string& verb, const std::string& rest);
  Next change(Driven& driven, Wishes& wishes, const std::string& verb, const std::string& rest);
  void look(Driven& driven, const std::string& verb, std::vector<std::string> words);
  void show_page(Driven& driven);
  std::string help() const;
  // The step that is meant: the word, or else the one at which it stands. Throws Error (exit 2) with "did you mean".
  std::string step_meant(Driven& driven, const std::string& word) const;
  std::vector<std::string> completions(Driven& driven, const std::string& line) const;
  Result end(const Driven& driven, Wishes& wishes, TerminalPerson& person, Limits limits, Next how);
  void require_on_the_way(const Driven& driven, const std::string& id) const;

  LineEditor& editor_;
  WalkLimits released_;
  std::string at_;         // the instance at which it stands
  bool is_shown_ = false;  // its page
};

}  // namespace runbook
