#include "run/frontier.h"

namespace runbook {

namespace {

bool is_over(const Next& next) { return std::holds_alternative<std::monostate>(next); }

Next next_in(const Section& section, const RunState& state, Cursors& cursors) {
  std::size_t& at = cursors[&section];
  for (; at < section.children.size(); ++at) {
    const auto& child = section.children[at];
    if (const auto* step = std::get_if<std::unique_ptr<Step>>(&child)) {
      if (!is_done(state.of((*step)->id).state)) return step->get();
      continue;
    }
    const Section& inner = *std::get<std::unique_ptr<Section>>(child);
    auto seen = state.sections.find(inner.path);
    if (seen == state.sections.end() && inner.when) return &inner;
    // A skipped section is gone through too: a person may want a step of it done after all.
    Next next = next_in(inner, state, cursors);
    if (!is_over(next)) return next;
  }
  return {};
}

void collect(const Section& section, std::vector<const Step*>& into) {
  for (const auto& child : section.children) {
    if (const auto* step = std::get_if<std::unique_ptr<Step>>(&child)) into.push_back(step->get());
    else collect(*std::get<std::unique_ptr<Section>>(child), into);
  }
}

}  // namespace

Next find_next(const Section& root, const RunState& state, Cursors& cursors) { return next_in(root, state, cursors); }

std::vector<const Step*> steps_of(const Section& section) {
  std::vector<const Step*> steps;
  collect(section, steps);
  return steps;
}

}  // namespace runbook
