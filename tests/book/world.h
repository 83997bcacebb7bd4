#pragma once
// A small table of step types, and files made in place.
#include <map>
#include <memory>
#include <string>

#include "base/error.h"
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
      {"git",
       "A commit of a folder",
       "dir",
       {{"dir", Param::Type::value, "the folder", true, {}, {}}, {"commit", Param::Type::value, "the commit", false, {}, {}}},
       runbook::Effect::read,
       false,
       false,
       false,
       {},
       {},
       nullptr,
       runbook::Declaration::Of::target},
  };
  return types;
}

inline runbook::SourcePtr source_of(std::string text) {
  return std::make_shared<runbook::SourceText>("test.yaml", std::move(text));
}

// Runbooks that others include, by path.
using Texts = std::map<std::string, std::string>;

inline runbook::IncludeReader reader_of(Texts texts) {
  return [texts = std::move(texts)](const std::string& path) -> runbook::SourcePtr {
    const auto found = texts.find(path);
    if (found == texts.end()) throw runbook::Error(runbook::ExitCode::usage, "there is no " + path);
    return std::make_shared<runbook::SourceText>(path, found->second);
  };
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
