#pragma once
// A small table of step types, and files made in place.
#include <memory>
#include <string>

#include "book/loader.h"

inline const runbook::Declarations& test_types() {
  using runbook::Param;
  static const runbook::Declarations types = {
      {"shell",
       "Runs a script",
       "script",
       {{"script", Param::Type::text, "the script", true, {}, {}},
        {"with", Param::Type::value, "the shell", false, "bash", {"bash", "sh"}},
        {"stdin", Param::Type::input, "standard input", false, {}, {}}},
       runbook::Effect::once,
       true,
       true},
      {"exec",
       "Runs a program",
       "argv",
       {{"argv", Param::Type::arguments, "the program and its arguments", true, {}, {}},
        {"stdin", Param::Type::input, "standard input", false, {}, {}}},
       runbook::Effect::once,
       false,
       true},
  };
  return types;
}

inline runbook::SourcePtr source_of(std::string text) {
  return std::make_shared<runbook::SourceText>("test.yaml", std::move(text));
}

inline runbook::Loaded load(const std::string& text) { return runbook::load_runbook(source_of(text), test_types()); }

// All problems as they are shown.
inline std::string problems_of(const std::string& text) {
  const runbook::SourcePtr source = source_of(text);
  std::string shown;
  for (const runbook::Diagnostic& diagnostic : runbook::load_runbook(source, test_types()).diagnostics)
    shown += render(diagnostic, *source);
  return shown;
}
