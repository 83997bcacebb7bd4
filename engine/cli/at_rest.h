#pragma once
// Between two runs of the executor the terminal is the driving thread's alone: nobody else asks or draws, and signals are for what is typed.
#include "cli/driven.h"
#include "cli/person.h"

namespace runbook {

class AtRest {
 public:
  AtRest(Driven& driven, TerminalPerson& person)
      : signals_(driven.signals),
        person_(person),
        aside_(driven.console, [&editor = driven.editor](const std::string& text) { editor.say_above(text); }) {
    person_.hold();
    driven.editor.forget_break_off();
    signals_.begin();
  }
  ~AtRest() {
    signals_.end();
    person_.release();
  }
  AtRest(const AtRest&) = delete;
  AtRest& operator=(const AtRest&) = delete;

 private:
  SignalsAtRest& signals_;
  TerminalPerson& person_;
  Aside aside_;
};

}  // namespace runbook
