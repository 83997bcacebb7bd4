#include "run/outline.h"

#include <memory>

namespace runbook {

namespace {

void add_section(const Section& section, const std::string& titles, List& into) {
  for (const auto& child : section.children) {
    if (const auto* inner = std::get_if<std::unique_ptr<Section>>(&child)) {
      add_section(**inner, titles.empty() ? (*inner)->title : titles + " / " + (*inner)->title, into);
      continue;
    }
    const Step& step = *std::get<std::unique_ptr<Step>>(child);
    bool has_effect = step.kind == Step::Kind::act || step.manual;
    into.push_back(object({{"id", step.id},
                           {"title", step.title},
                           {"type", step.type},
                           {"effect", has_effect ? effect_name(step.effect) : "read"},
                           {"section", titles},
                           {"source", step.anchor}}));
  }
}

}  // namespace

Value make_outline(const Runbook& runbook) {
  List steps;
  add_section(runbook.root, "", steps);
  return Value(std::move(steps));
}

}  // namespace runbook
