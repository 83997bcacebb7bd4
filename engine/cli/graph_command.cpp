// graph: a runbook as a Mermaid flowchart (mermaid.js.org/syntax/flowchart.html); nothing is run.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/session.h"

namespace runbook {

namespace {

// Where a part is entered, and from where it goes on.
struct Ends {
  std::vector<std::string> entries, exits;
};

class Graph {
 public:
  explicit Graph(const Runbook& runbook) { add(runbook, ""); }

  std::string mermaid() const {
    std::string text = "flowchart TD\n" + nodes_;
    for (const auto& edge : edges_) text += fmt::format("  {} {} {}\n", edge.from, arrow(edge), edge.to);
    if (!irreversible_.empty())
      text += fmt::format("  classDef irreversible stroke:#c00,stroke-width:3px\n  class {} irreversible\n",
                          fmt::join(irreversible_, ","));
    return text;
  }

  Value json() const {
    List nodes, edges;
    for (const auto& [id, step] : steps_) nodes.push_back(object({{"id", id}, {"title", step->title}, {"type", step->type}}));
    for (const auto& edge : edges_)
      edges.push_back(object({{"from", edge.from}, {"to", edge.to}, {"when", edge.when.empty() ? Value() : Value(edge.when)}}));
    return object({{"nodes", Value(std::move(nodes))}, {"edges", Value(std::move(edges))}});
  }

 private:
  struct Edge {
    std::string from, to, when;  // when: "" for what simply comes next
  };

  static std::string arrow(const Edge& edge) { return edge.when.empty() ? "-->" : fmt::format("-. {} .->", edge.when); }

  // What Mermaid would take for its own is written as entities.
  static std::string quoted(std::string_view text) {
    std::string safe;
    for (const char c : text) {
      if (c == '"') safe += "#quot;";
      else if (c == '#') safe += "#35;";
      else if (c == '<') safe += "#lt;";
      else if (c == '>') safe += "#gt;";
      else if (c == '`') safe += "#96;";
      else if (c == '\n') safe += ' ';
      else safe += c;
    }
    return "\"" + safe + "\"";
  }

  void line(const std::string& text) { nodes_ += std::string(2 * depth_, ' ') + text + "\n"; }
  void connect(const std::vector<std::string>& from, const std::vector<std::string>& to, const std::string& when = "") {
    for (const std::string& a : from)
      for (const std::string& b : to) edges_.push_back({a, b, when});
  }

  Ends add(const Runbook& runbook, const std::string& prefix) {
    const std::string outer = std::exchange(prefix_, prefix);
    Ends ends = add_inside(runbook.root);
    prefix_ = outer;
    return ends;
  }

  static std::string caption(const Step& step) {
    const std::string title = step.title.empty() ? step.id : step.title;
    std::string text = step.when ? fmt::format("{} (if {})", title, step.when->expression.text()) : title;
    return step.continues_on_failure ? text + " (may fail)" : text;
  }

  // The shape says who or what does it.
  static std::string shaped(const Step& step, const std::string& id) {
    const std::string text = quoted(caption(step));
    switch (step.kind) {
      case Step::Kind::act: return fmt::format("{}[{}]", id, text);
      case Step::Kind::manual: return fmt::format("{}[/{}/]", id, text);
      case Step::Kind::wait_until: return fmt::format("{}([{}])", id, text);
      case Step::Kind::assertion: return fmt::format("{}{{{{{}}}}}", id, text);
      case Step::Kind::include: return fmt::format("{}[[{}]]", id, text);
      case Step::Kind::watch: return fmt::format("{}(({}))", id, text);
    }
    return {};
  }

  Ends add(const Step& step) {
    const std::string id = prefix_ + step.id;
    line(shaped(step, id));
    steps_.emplace_back(id, &step);
    if (step.effect == Effect::irreversible) irreversible_.push_back(id);
    if (!step.include) return {{id}, {id}};
    begin_group(id + "__inside", step.include->file);
    Ends inside = add(*step.include->runbook, id + "__");
    end_group();
    if (inside.entries.empty()) return {{id}, {id}};
    connect({id}, inside.entries);
    return {{id}, inside.exits};
  }

  void begin_group(const std::string& id, const std::string& title) {
    line(fmt::format("subgraph {}[{}]", id, quoted(title)));
    ++depth_;
  }
  void end_group() {
    --depth_;
    line("end");
  }

  static std::string share_text(const Share& share) { return fmt::format("{}{}", share.number, share.is_percent ? "%" : ""); }

  static std::string caption(const Section& section) {
    std::string text = section.title;
    if (section.when) text += fmt::format(" (if {})", section.when->expression.text());
    if (!section.loop) return text;
    const Loop& loop = *section.loop;
    text += fmt::format(" (for each {}", loop.as);
    if (loop.concurrency > 1) text += fmt::format(", {} at a time", loop.concurrency);
    std::vector<std::string> sizes;
    for (const Share& share : loop.batches) sizes.push_back(share_text(share));
    if (!sizes.empty()) text += fmt::format(", batches of {}", fmt::join(sizes, ", "));
    if (loop.max_failures.number > 0) text += fmt::format(", {} may fail", share_text(loop.max_failures));
    return text + ")";
  }

  // Mermaid has one namespace for steps and groups.
  std::string group_id(const Section& section) const {
    std::string id = prefix_ + "section_" + section.path;
    std::replace(id.begin(), id.end(), '.', '_');
    return id;
  }

  Ends add(const Section& section) {
    begin_group(group_id(section), caption(section));
    Ends ends = add_inside(section);
    end_group();
    return ends;
  }

  Ends add_inside(const Section& section) {
    Ends ends = section.is_parallel ? add_branches(section) : add_sequence(section);
    for (const Watch& watch : section.watches) {
      add(*watch.step);
      if (!watch.on_trip) continue;
      const Ends tripped = add(*watch.on_trip);
      connect({prefix_ + watch.step->id}, tripped.entries, "trips");
      ends.exits.insert(ends.exits.end(), tripped.exits.begin(), tripped.exits.end());
    }
    if (section.rescue) {
      const Ends rescue = add(*section.rescue);
      connect({first_step(section)}, rescue.entries, "a step fails");
      ends.exits.insert(ends.exits.end(), rescue.exits.begin(), rescue.exits.end());
    }
    if (!section.finally) return ends;
    const Ends finally = add(*section.finally);
    connect(ends.exits, finally.entries);
    return {ends.entries.empty() ? finally.entries : ends.entries, finally.exits};
  }

  // Any step of the section may be the one that fails; the first stands for all.
  std::string first_step(const Section& section) const {
    for (const auto& child : section.children) {
      if (const auto* step = std::get_if<std::unique_ptr<Step>>(&child)) return prefix_ + (*step)->id;
      return first_step(*std::get<std::unique_ptr<Section>>(child));
    }
    return group_id(section);
  }

  Ends add_child(const std::variant<std::unique_ptr<Step>, std::unique_ptr<Section>>& child) {
    const auto* step = std::get_if<std::unique_ptr<Step>>(&child);
    return step ? add(**step) : add(*std::get<std::unique_ptr<Section>>(child));
  }

  Ends add_branches(const Section& section) {
    Ends all;
    for (const auto& child : section.children) {
      const Ends branch = add_child(child);
      all.entries.insert(all.entries.end(), branch.entries.begin(), branch.entries.end());
      all.exits.insert(all.exits.end(), branch.exits.begin(), branch.exits.end());
    }
    return all;
  }

  Ends add_sequence(const Section& section) {
    Ends all;
    for (const auto& child : section.children) {
      const Ends next = add_child(child);
      if (next.entries.empty()) continue;
      if (all.entries.empty()) all.entries = next.entries;
      connect(all.exits, next.entries);
      all.exits = next.exits;
    }
    return all;
  }

  std::string prefix_, nodes_;
  std::size_t depth_ = 1;
  std::vector<Edge> edges_;
  std::vector<std::pair<std::string, const Step*>> steps_;
  std::vector<std::string> irreversible_;
};

}  // namespace

int graph_command(const Arguments& arguments) {
  const auto runbook = load_or_explain(find_runbook(arguments.operands().front()));
  const Graph graph(*runbook);
  fmt::print("{}", arguments.wants_json() ? to_pretty_json(graph.json()) + "\n" : graph.mermaid());
  return 0;
}

}  // namespace runbook
