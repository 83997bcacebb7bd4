#include "run/outline.h"

#include <memory>

namespace runbook {

namespace {

Value written_params(const ParamTree& tree) {
  if (const auto* leaf = std::get_if<PlacedTemplate>(&tree.data)) return leaf->text.text();
  if (const auto* constant = std::get_if<Value>(&tree.data)) return *constant;
  if (const auto* list = std::get_if<std::vector<ParamTree>>(&tree.data)) {
    List written;
    for (const ParamTree& each : *list) written.push_back(written_params(each));
    return Value(std::move(written));
  }
  Map written;
  for (const auto& [name, value] : std::get<std::vector<std::pair<std::string, ParamTree>>>(tree.data))
    written.emplace_back(name, written_params(value));
  return Value(std::move(written));
}

class OutlineMaker {
 public:
  void add(const Section& section, const std::string& titles) {
    for (const auto& child : section.children) {
      if (const auto* step = std::get_if<std::unique_ptr<Step>>(&child)) add(**step, titles, section.path);
      else
        add(**std::get_if<std::unique_ptr<Section>>(&child), below(titles, std::get<std::unique_ptr<Section>>(child)->title));
    }
    for (const Watch& watch : section.watches) {
      add(*watch.step, titles, section.path);
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

  // What it does, before it has values: {type, params} of a process, a call, a person or a probe, and what a probe wants of it.
  static Value as_written(const Probe& probe) {
    Value written = object({{"type", probe.type}, {"params", written_params(probe.params)}});
    if (probe.type.empty()) written = Value(Map{});
    return probe.that ? with(written, "that", probe.that->expression.text()) : written;
  }

  static Value with_deeds(Value line, const Step& step) {
    if (!step.note.empty()) line = with(line, "note", step.note);
    if (step.when) line = with(line, "when", step.when->expression.text());
    if (step.probe) line = with(line, "does", as_written(*step.probe));
    else if (!step.include) line = with(line, "does", object({{"type", step.type}, {"params", written_params(step.params)}}));
    if (step.include) line = with(line, "includes", step.include->file);
    if (step.done_when) line = with(line, "done_when", as_written(*step.done_when));
    if (step.verify) line = with(line, "verify", as_written(*step.verify));
    if (step.undo)
      line = with(line, "undo_does", object({{"type", step.undo->type}, {"params", written_params(step.undo->params)}}));
    return line;
  }

  void add(const Step& step, const std::string& titles, const std::string& path) {
    const bool has_effect = step.kind == Step::Kind::act || step.manual;
    Value line = object({{"id", step.id},
                         {"title", step.title},
                         {"type", step.type},
                         {"effect", has_effect ? effect_name(step.effect) : "read"},
                         {"section", titles},
                         {"source", step.anchor}});
    if (!path.empty()) line = with(line, "path", path);
    if (!step.effect_why.empty()) line = with(line, "effect_because", step.effect_why);
    List loops;
    for (const Section* loop : step.loops) loops.emplace_back(loop->path);
    if (!loops.empty()) line = with(line, "loops", Value(std::move(loops)));
    if (step.undo) line = with(line, "undo", step.undo->type);
    if (step.include) line = with(line, "steps", make_outline(*step.include->runbook));
    lines.push_back(with_deeds(std::move(line), step));
  }
};

}  // namespace

Value included_texts(const Runbook& runbook) {
  Map texts;
  for (const auto& [path, source] : runbook.included) texts.emplace_back(path, source->text());
  return Value(std::move(texts));
}

Value about(const Runbook& runbook) {
  const auto listed = [](const std::vector<LeftOut>& entries) {
    List list;
    for (const LeftOut& entry : entries) list.push_back(object({{"what", entry.what}, {"because", entry.because}}));
    return Value(std::move(list));
  };
  return object({{"document", runbook.document},
                 {"summary", runbook.summary},
                 {"not_encoded", listed(runbook.not_encoded)},
                 {"not_automated", listed(runbook.not_automated)}});
}

Value make_outline(const Runbook& runbook) {
  OutlineMaker maker;
  maker.add(runbook.root, "");
  return Value(std::move(maker.lines));
}

}  // namespace runbook
