#include "book/input_source_loader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggestion.h"
#include "book/fields.h"
#include "book/names.h"

namespace runbook {
namespace {

constexpr const char* how_to_write =
    "write `from: [{env: NAME}, {file: path}, {command: [program, argument]}, ask]`, or some of them";

const std::vector<std::string> kind_names = {"env", "file", "command"};

class SourceLoader {
 public:
  SourceLoader(const Node& node, Problems& problems) : node_(node), problems_(problems), fields_(node, problems) {}

  std::optional<InputSource> load() {
    const std::size_t before = problems_.found().size();
    InputSource source;
    if (node_.kind == Node::Kind::scalar) check_word();
    else if (expect(Node::Kind::map, node_, "from", problems_, how_to_write)) load_map(source);
    if (problems_.found().size() != before) return std::nullopt;
    return source;
  }

 private:
  void check_word() {
    if (node_.text == "ask") return;
    const bool is_kind = std::find(kind_names.begin(), kind_names.end(), node_.text) != kind_names.end();
    problems_.error(node_, fmt::format("`from` knows no `{}`", node_.text),
                    is_kind ? fmt::format("write `{{{}: ...}}`", node_.text) : how_to_write);
  }

  void load_map(InputSource& source) {
    if (node_.members.size() != 1)
      return problems_.error(node_.place, 1, "an entry of `from` names one place to look at", how_to_write);
    const Node::Member& member = *node_.members.begin();
    if (member.key == "ask") problems_.error(member, "`ask` stands by itself", "write `- ask`, or `from: [ask]`");
    else if (member.key == "env") load_env(member, source);
    else if (member.key == "file") load_file(member, source);
    else if (member.key == "command") load_command(member, source);
    else
      problems_.error(member, fmt::format("`from` knows no `{}`", member.key),
                      suggestion(member.key, {"env", "file", "command", "ask"}));
  }

  void load_env(const Node::Member& member, InputSource& source) {
    source.kind = InputSource::Kind::environment;
    fields_.text("env", source.name);
    if (member.value->kind == Node::Kind::scalar && !is_environment_name(source.name))
      problems_.error(*member.value, fmt::format("`{}` can't be the name of a variable", source.name),
                      source.name.starts_with('$') ? fmt::format("write `{}`", source.name.substr(1))
                                                   : "names are letters, digits and _, and begin with no digit");
  }

  void load_file(const Node::Member& member, InputSource& source) {
    source.kind = InputSource::Kind::file;
    fields_.text("file", source.name);
    if (member.value->kind == Node::Kind::scalar && source.name.empty()) problems_.error(*member.value, "`file` is empty");
    if (source.name.starts_with('~'))
      problems_.error(*member.value, "`~` is not expanded here",
                      "write the whole path, or one that starts at the runbook's folder");
  }

  void load_command(const Node::Member& member, InputSource& source) {
    source.kind = InputSource::Kind::command;
    if (member.value->kind == Node::Kind::scalar)
      return problems_.error(*member.value, "`command` runs without a shell: it is a list",
                             "write `command: [program, argument]`, or `command: [sh, -c, '...']`");
    fields_.texts("command", source.argv);
    if (source.argv.empty() && member.value->kind == Node::Kind::list) problems_.error(*member.value, "`command` is empty");
    for (const NodePtr& item : member.value->items) {
      if (item->text.find("${{") != std::string::npos)
        problems_.error(*item, "`command` is plain text: `${{ }}` has no meaning in it");
    }
  }

  const Node& node_;
  Problems& problems_;
  Fields fields_;
};

}  // namespace

void load_sources(const Node& list, Problems& problems, std::vector<InputSource>& into) {
  const bool is_word = list.kind == Node::Kind::scalar && list.text == "ask";
  if (!expect(Node::Kind::list, list, "from", problems, is_word ? "write `from: [ask]`" : how_to_write)) return;
  if (list.items.empty()) problems.error(list, "`from` is empty", how_to_write);
  for (const NodePtr& item : list.items) {
    if (std::optional<InputSource> source = SourceLoader(*item, problems).load()) into.push_back(*std::move(source));
  }
}

}  // namespace runbook
