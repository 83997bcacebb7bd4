// Runs JMESPath's own cases (lists of suites {given, cases: [{expression, result | error}]}) through `Dialect::plain`.
// Usage: conformance DATA, of which the folder `jmespath` is read; RUNBOOK_CONFORMANCE_DATA names another. Exits with 77 where
// there is none: skipped.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "expr/expression.h"

using namespace runbook;
namespace fs = std::filesystem;

namespace {

class NoScope : public Scope {
  std::optional<Value> context(std::string_view) const override { return std::nullopt; }
  std::optional<Value> step(std::string_view) const override { return std::nullopt; }
};

struct Outcome {
  Value value;
  std::string error;
};

Outcome outcome_of(const std::string& expression, const Value& given) try {
  return {Expression::parse(expression, Dialect::plain).evaluate(NoScope(), &given), ""};
} catch (const ExpressionError& error) {
  return {{}, std::string(kind_name(error.kind()))};
}

// "" or what differs.
std::string complaint(const Value& given, const Value& test) {
  const Outcome outcome = outcome_of(test.get("expression").as_text(), given);
  if (const Value* error = test.find("error"))
    return outcome.error == error->as_text() ? ""
                                             : fmt::format("wanted error {}, found {}", error->as_text(),
                                                           outcome.error.empty() ? to_json(outcome.value) : outcome.error);
  if (!outcome.error.empty()) return fmt::format("failed with {}", outcome.error);
  const Value* result = test.find("result");
  if (!result || *result == outcome.value) return "";
  return fmt::format("wanted {}, found {}", to_json(*result), to_json(outcome.value));
}

struct Count {
  int cases = 0, wrong = 0;
};

void run_file(const fs::path& file, Count& count) {
  std::ifstream stream(file);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const Value suites = parse_json(text);
  for (const Value& suite : suites.as_list()) {
    const Value cases = suite.get("cases");
    for (const Value& test : cases.as_list()) {
      count.cases += 1;
      const std::string wrong = complaint(suite.get("given"), test);
      if (wrong.empty()) continue;
      count.wrong += 1;
      fmt::print("{}: {}: {}\n", file.filename().string(), test.get("expression").as_text(), wrong);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const char* named = std::getenv("RUNBOOK_CONFORMANCE_DATA");
  const fs::path folder = fs::path(named ? named : argc > 1 ? argv[1] : ".") / "jmespath";
  if (!fs::is_directory(folder)) {
    fmt::print("skipped: JMESPath's cases are not there ({})\n", folder.string());
    return 77;
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  Count count;
  for (const fs::path& file : files) run_file(file, count);
  fmt::print("{} cases, {} wrong\n", count.cases, count.wrong);
  return count.wrong == 0 && count.cases > 0 ? 0 : 1;
}
