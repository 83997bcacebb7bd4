#pragma once
// Carries out what a person at the terminal wants beside answers: an edit, a shell, an undo, a handoff.
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/adoption.h"
#include "cli/driven.h"
#include "cli/person.h"
#include "cli/wish.h"

namespace runbook {

class Wishes {
 public:
  explicit Wishes(Driven& driven) : driven_(driven) {}

  enum class Then {
    goes_on,      // it was done, or left
    begins_anew,  // the definition is another one: what is made of it is to be made again
    pauses,       // the run is left to somebody else
  };
  Then carry_out(const Wish& wish);
  // Runs, and carries out what is wished meanwhile. nullopt: `begins_anew`.
  std::optional<Executor::Conclusion> run(TerminalPerson& person, Limits limits);
  // With `begins_anew`: what the run goes on with; recorded already.
  const std::optional<GoesOnWith>& changed() const { return changed_; }

  // A reason, masked. nullopt: left.
  std::optional<std::string> ask_why();
  Then edit(const std::string& instance);
  Then set_input(const std::string& name, const std::string& text);
  Then shell(const std::string& instance);
  // back_to: a step; "": asked.
  Then undo(std::string back_to);
  // note: for who goes on; "": asked.
  Then hand_off(std::string note);

 private:
  Then change(const RunEdit& edit, const std::string& renewed);
  std::optional<std::string> in_editor(const std::string& text, const Step& step);
  // What the terminal's shell gets; nullopt: it must not be opened, and why was said.
  std::optional<Request> request_of(const Instance& step);
  void record(Proposal proposal);
  // Throws Error (exit 2) while an act runs.
  void require_quiet(std::string_view what) const;

  Driven& driven_;
  std::optional<GoesOnWith> changed_;
};

}  // namespace runbook
