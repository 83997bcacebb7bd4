#include "report/viewed_steps.h"

#include "state/instance_name.h"

namespace runbook {

namespace {

class Viewing {
 public:
  using Stored = std::function<Value(const std::string& digest)>;
  Viewing(const RunState& state, const Stored& stored, const std::set<std::string>& undos)
      : state_(state), stored_(stored), undos_(undos) {}

  // prefix: of an included runbook, "cluster/"; keys: of the loops around, "[a][b]"; titles: around an included runbook.
  void add(const List& lines, const std::string& prefix, const std::string& titles) {
    for (std::size_t i = 0; i < lines.size();) i = add_group(lines, i, lines.size(), 0, {prefix, "", titles});
  }

  std::vector<ViewedStep> steps;

 private:
  struct Around {
    std::string prefix, keys, titles;
  };

  static std::string loop_of(const Value& line, std::size_t depth) {
    const std::vector<std::string> loops = texts_in(line.get("loops"));
    return depth < loops.size() ? loops[depth] : "";
  }

  // Lines that stand in one loop come item by item. The position behind them.
  std::size_t add_group(const List& lines, std::size_t begin, std::size_t limit, std::size_t depth, const Around& around) {
    const std::string loop = loop_of(lines[begin], depth);
    // Of a step that is gone, with the loops around it.
    if (const std::vector<std::string> keys = texts_in(lines[begin].get("keys")); !keys.empty()) {
      for (const std::string& each : keys) add_line(lines[begin], {around.prefix, each, around.titles});
      return begin + 1;
    }
    if (loop.empty()) {
      add_line(lines[begin], around);
      return begin + 1;
    }
    std::size_t end = begin;
    while (end < limit && loop_of(lines[end], depth) == loop) ++end;
    const SectionState* entered = state_.section(around.prefix + loop + around.keys);
    const Value items = entered ? stored_(entered->list) : Value();
    if (!items.is_list() || items.as_list().empty()) {
      for (std::size_t i = begin; i < end; ++i) add_line(lines[i], around);
      return end;
    }
    for (const Value& item : items.as_list()) {
      const Around inside{around.prefix, around.keys + bracketed(item.text_or("key", "")), around.titles};
      for (std::size_t i = begin; i < end;) i = add_group(lines, i, end, depth + 1, inside);
    }
    return end;
  }

  void add_line(const Value& line, const Around& around) {
    const std::string id = line.text_or("id", ""), section = line.text_or("section", "");
    Value shown = line;
    if (!around.titles.empty())
      shown = with(line, "section", section.empty() ? around.titles : around.titles + " / " + section);
    const std::string name = around.prefix + id + around.keys, undo = around.prefix + id + ":undo" + around.keys;
    steps.push_back({shown, name, {}, {}});
    const Value inner = line.get("steps");
    const std::string titles = shown.text_or("section", ""), title = shown.text_or("title", id);
    if (inner.is_list()) add(inner.as_list(), name + "/", titles.empty() ? title : titles + " / " + title);
    if (state_.of(undo).state == StepState::pending && !undos_.count(undo)) return;
    steps.push_back({line_of_undo(shown), undo, {}, {}});
  }

  static Value line_of_undo(const Value& line) {
    const Value does = line.get("undo_does");
    return object({{"id", line.get("id")},
                   {"title", "Undo: " + line.text_or("title", "")},
                   {"type", does.is_map() ? does.get("type") : line.get("type")},
                   {"effect", line.get("effect")},
                   {"section", line.get("section")},
                   {"source", line.get("source")},
                   {"does", does}});
  }

  const RunState& state_;
  const Stored& stored_;
  const std::set<std::string>& undos_;
};

}  // namespace

std::vector<ViewedStep> viewed_steps(const Value& outline, const RunState& state,
                                     const std::function<Value(const std::string& digest)>& stored,
                                     const std::set<std::string>& undos) {
  Viewing viewing(state, stored, undos);
  if (outline.is_list()) viewing.add(outline.as_list(), "", "");
  return std::move(viewing.steps);
}

}  // namespace runbook
