#include "run/outline.h"

#include <memory>

namespace runbook {

namespace {

class OutlineMaker {
 public:
  void add(const Section& section, const std::string& titles) {
    for (const auto& child : section.children) {
      if (const auto* step = std::get_if<std::unique_ptr<Step>>(&child)) add(**step, titles);
      else
        add(**std::get_if<std::unique_ptr<Section>>(&child), below(titles, std::get<std::unique_ptr<Section>>(child)->title));
    }
    for (const Watch& watch : section.watches) {
      add(*watch.step, titles);
      if (watch.on_trip) add(*watch.on_trip, watch.on_trip->title);
    }
    for (const Section* extra : {section.rescue.get(), section.finally.get()})
      if (extra) add(*extra, extra->title);
  }

  List lines;

 private:
  static std::string below(const std::string& titles, const std::string& title) {
    return titles.empty() ? title : titles + " / " + title;
  }

  void add(const Step& step, const std::string& titles) {
    const bool has_effect = step.kind == Step::Kind::act || step.manual;
    Value line = object({{"id", step.id},
                         {"title", step.title},
                         {"type", step.type},
                         {"effect", has_effect ? effect_name(step.effect) : "read"},
                         {"section", titles},
                         {"source", step.anchor}});
    if (!step.effect_why.empty()) line = with(line, "effect_because", step.effect_why);
    List loops;
    for (const Section* loop : step.loops) loops.emplace_back(loop->path);
    if (!loops.empty()) line = with(line, "loops", Value(std::move(loops)));
    if (step.undo) line = with(line, "undo", step.undo->type);
    if (step.include) line = with(line, "steps", make_outline(*step.include->runbook));
    lines.push_back(std::move(line));
  }
};

}  // namespace

Value included_texts(const Runbook& runbook) {
  Map texts;
  for (const auto& [path, source] : runbook.included) texts.emplace_back(path, source->text());
  return Value(std::move(texts));
}

Value make_outline(const Runbook& runbook) {
  OutlineMaker maker;
  maker.add(runbook.root, "");
  return Value(std::move(maker.lines));
}

}  // namespace runbook
