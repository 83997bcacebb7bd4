// A whole file through reader, loader and check.
#include <algorithm>
#include <memory>
#include <string>
#include <tuple>

#include "base/error.h"
#include "book/loader.h"
#include "book/problems.h"
#include "book/yaml_reader.h"
#include "plugins/all.h"
#include "tests/fuzz/fuzz.h"

namespace runbook {
namespace {

bool lies_in(const SourceText& source, Place place) {
  if (place.line == 0) return place.column == 0;
  if (place.line < 1 || place.line > source.line_count() || place.column < 1) return false;
  return place.column <= length_of(source.line(place.line)) + 1;
}

void check_diagnostics(const Loaded& loaded, const SourceText& source) {
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    RUNBOOK_ASSERT(lies_in(source, diagnostic.place));
    RUNBOOK_ASSERT(diagnostic.length >= 1);
    RUNBOOK_ASSERT(!diagnostic.message.empty());
    RUNBOOK_ASSERT(diagnostic.message.size() <= 2'000 && diagnostic.hint.size() <= 5'000);
  }
  const auto by_place = [](const Diagnostic& a, const Diagnostic& b) { return a.place < b.place; };
  RUNBOOK_ASSERT(std::is_sorted(loaded.diagnostics.begin(), loaded.diagnostics.end(), by_place));
  const std::string shown = render_all(loaded.diagnostics, loaded.errors + loaded.warnings, source);
  RUNBOOK_ASSERT(std::count(shown.begin(), shown.end(), '\n') <= 400);
}

void check_steps(const Runbook& runbook) {
  for (const Step* step : runbook.steps) {
    RUNBOOK_ASSERT(runbook.find(step->id) == step);
    RUNBOOK_ASSERT(step->kind == Step::Kind::act || step->manual || step->probe);
  }
}

bool same(const Diagnostic& a, const Diagnostic& b) {
  return std::tie(a.severity, a.place, a.length, a.message, a.hint) ==
         std::tie(b.severity, b.place, b.length, b.message, b.hint);
}

}  // namespace

void fuzz(std::string_view input) {
  const auto source = std::make_shared<const SourceText>("fuzz.yaml", std::string(input));
  const Loaded loaded = load_runbook(source, all_declarations());
  RUNBOOK_ASSERT((loaded.runbook != nullptr) == !has_errors(loaded.diagnostics));
  RUNBOOK_ASSERT((loaded.runbook != nullptr) == (loaded.errors == 0));
  check_diagnostics(loaded, *source);
  if (loaded.runbook) check_steps(*loaded.runbook);

  // The same file says the same again.
  const Loaded again = load_runbook(source, all_declarations());
  RUNBOOK_ASSERT(std::equal(loaded.diagnostics.begin(), loaded.diagnostics.end(), again.diagnostics.begin(),
                            again.diagnostics.end(), same));
}

}  // namespace runbook
