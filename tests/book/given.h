#pragma once
// Inputs of a small runbook, and what is given for them.
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "book/inputs.h"
#include "tests/book/world.h"

inline std::shared_ptr<const runbook::Runbook> with_inputs(const std::string& inputs, const std::string& more = "") {
  const std::string text = "runbook: x\ninputs:\n" + inputs + more + "steps:\n  - {id: a, shell: ls}\n";
  const std::string problems = problems_of(text);
  REQUIRE_MESSAGE(problems.empty(), problems);
  return load(text).runbook;
}

// `file` is YAML; "": there is none.
inline runbook::GivenInputs given(std::vector<std::pair<std::string, std::string>> flags, const std::string& file = "",
                                  std::map<std::string, std::string> environment = {}) {
  std::string why;
  return {std::move(flags), file.empty() ? nullptr : runbook::parse_given(file, why),
          [environment = std::move(environment)](const std::string& name) -> std::optional<std::string> {
            const auto found = environment.find(name);
            if (found == environment.end()) return std::nullopt;
            return found->second;
          },
          nullptr, false};
}

inline std::string values_of(const std::string& inputs, const runbook::GivenInputs& from) {
  return to_json(resolve_inputs(*with_inputs(inputs), from).values);
}

// "what / hint"
inline std::string refusal_of(const runbook::Runbook& book, const runbook::GivenInputs& from) {
  try {
    resolve_inputs(book, from);
  } catch (const runbook::Error& error) {
    CHECK(error.code() == runbook::ExitCode::usage);
    return std::string(error.what()) + " / " + error.hint();
  }
  return "accepted";
}

inline std::string refusal_of(const std::string& inputs, const runbook::GivenInputs& from) {
  return refusal_of(*with_inputs(inputs), from);
}
