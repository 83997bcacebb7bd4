#include "book/params_loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>

#include "base/suggestion.h"
#include "book/keys.h"
#include "book/names.h"
#include "book/param_check.h"
#include "book/scalar_place.h"
#include "book/script_names.h"
#include "book/tree_loader.h"

namespace runbook {
namespace {

using Members = std::vector<std::pair<std::string, ParamTree>>;

std::vector<std::string> param_names(const Declaration& declaration) {
  std::vector<std::string> names;
  for (const Param& param : declaration.params) names.push_back(param.name);
  return names;
}

// The expression at `${{`, without its braces; "..." if it does not end.
std::string expression_at(std::string_view text, std::size_t at) {
  const std::size_t end = text.find("}}", at);
  if (end == std::string_view::npos) return "...";
  std::string_view inner = text.substr(at + 3, end - at - 3);
  while (inner.starts_with(' ')) inner.remove_prefix(1);
  while (inner.ends_with(' ')) inner.remove_suffix(1);
  return std::string(inner);
}

// Words that YAML and a shell read alike, so that a list can be made of them.
bool is_plain_words(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(" ./_-=@+").find(c) != std::string_view::npos;
  });
}

std::string in_list(std::string_view words) {
  std::string list;
  for (const char c : words) {
    if (c != ' ') list += c;
    else if (!list.ends_with(", ")) list += ", ";
  }
  return list;
}

class ParamsLoader {
 public:
  ParamsLoader(const Node::Member& type, const Declaration& declaration, const Site& site, Loading& loading)
      : type_(type), declaration_(declaration), site_(site), loading_(loading), problems_(loading.problems) {}

  ParamTree load(const Node* defaults) {
    const Node& value = *type_.value;
    if (value.kind == Node::Kind::map) load_map(value);
    else if (const Param* main = declaration_.find(declaration_.main_param); main && value.kind != Node::Kind::null)
      add(*main, type_.value);
    else expect(main ? Node::Kind::null : Node::Kind::map, value, type_.key, problems_);
    if (defaults) load_defaults(*defaults);
    load_trees();
    add_missing();
    check_company();
    return {std::move(members_)};
  }

 private:
  bool has(std::string_view name) const {
    return std::any_of(given_.begin(), given_.end(), [&](const std::string& given) { return given == name; });
  }

  void load_map(const Node& map) {
    for (const Node::Member& member : map.members) {
      if (const Param* param = declaration_.find(member.key)) add(*param, member.value);
      else report_unknown(member);
    }
  }

  void load_defaults(const Node& defaults) {
    for (const Node::Member& member : defaults.members) {
      const Param* param = declaration_.find(member.key);
      const bool has_place = param && !param->is_one_of && (param->beside.empty() || has(param->beside));
      if (has_place && !has(param->name)) add(*param, member.value);
    }
  }

  void report_unknown(const Node::Member& member) {
    const std::vector<std::string>& of_step = keys::step.known;
    const bool is_of_step = std::find(of_step.begin(), of_step.end(), member.key) != of_step.end();
    const std::string hint = is_of_step
                                 ? fmt::format("`{}` is a key of the step: it stands beside `{}:`", member.key, type_.key)
                                 : suggestion(member.key, param_names(declaration_));
    problems_.error(member, fmt::format("`{}` has no parameter `{}`", type_.key, member.key), hint);
  }

  void add_missing() {
    for (const Param& param : declaration_.params) {
      if (has(param.name)) continue;
      if (!param.fallback.is_null()) members_.emplace_back(param.name, ParamTree{param.fallback});
      else if (param.is_required) report_missing(param);
    }
  }

  // What has to be given alone, and what only together.
  void check_company() {
    const std::vector<std::string> one_of = declaration_.one_of();
    std::vector<std::string> given;
    std::copy_if(one_of.begin(), one_of.end(), std::back_inserter(given),
                 [this](const std::string& name) { return has(name); });
    if (!one_of.empty() && given.empty()) return report_none_of(one_of);
    if (given.size() > 1)
      problems_.error(type_, fmt::format("`{}` takes one of {} at a time", type_.key, listed_in_ticks(given)),
                      "leave one of them");
    for (const Param& param : declaration_.params) {
      if (param.beside.empty() || !has(param.name) || has(param.beside)) continue;
      problems_.error(place_of(param), fmt::format("`{}` has a place only beside `{}`", param.name, param.beside),
                      "leave it out");
    }
  }

  void report_none_of(const std::vector<std::string>& names) {
    if (type_.value->kind == Node::Kind::null) return report_missing(*declaration_.find(declaration_.main_param));
    problems_.error(type_, fmt::format("`{}` lacks what it shall do", type_.key),
                    fmt::format("give one of {}", listed_in_ticks(names)));
  }

  static std::string listed_in_ticks(const std::vector<std::string>& names) {
    return fmt::format("`{}`", fmt::join(names, "`, `"));
  }

  const Node::Member& place_of(const Param& param) const {
    const Node::Member* member = type_.value->kind == Node::Kind::map ? type_.value->find(param.name) : nullptr;
    return member ? *member : type_;
  }

  void report_missing(const Param& param) {
    const bool is_main = param.name == declaration_.main_param;
    if (is_main && type_.value->kind == Node::Kind::null)
      problems_.error(type_, fmt::format("`{}` has no value", type_.key),
                      param.doc.empty() ? "" : fmt::format("its value: {}", param.doc));
    else
      problems_.error(
          type_, fmt::format("`{}` lacks its parameter `{}`", type_.key, param.name),
          fmt::format("add `{}: {}`", param.name, param.type == Param::Type::arguments ? "[program, argument]" : "..."));
  }

  // How its scalars are read may depend on the other parameters: it comes last.
  void load_trees() {
    const Value others = as_written(ParamTree{members_});
    for (const auto& [param, node] : trees_) {
      const auto scalars_at = [&](const ParamPath& path) {
        return declaration_.wants_text && declaration_.wants_text(others, path) ? Scalars::text : Scalars::typed;
      };
      Site site = site_.at(shown_name(*param));
      site.takes_secrets = true;
      if (std::optional<ParamTree> tree = load_tree(node, site, scalars_at, loading_))
        members_.emplace_back(param->name, *std::move(tree));
    }
  }

  void add(const Param& param, const NodePtr& node) {
    given_.push_back(param.name);
    if (param.type == Param::Type::tree) return trees_.emplace_back(&param, node), void();
    if (std::optional<ParamTree> tree = load_param(param, node)) members_.emplace_back(param.name, *std::move(tree));
  }

  std::optional<ParamTree> load_param(const Param& param, const NodePtr& node) {
    const Site site = site_.at(shown_name(param));
    switch (param.type) {
      case Param::Type::text: return script(param, node);
      case Param::Type::name: return name(param, node);
      case Param::Type::value: return value(param, node, site);
      case Param::Type::arguments: return arguments(param, node, site);
      case Param::Type::words:
        return node->kind == Node::Kind::scalar ? words(param, node, site) : arguments(param, node, site);
      case Param::Type::input: return input(param, node, site);
      case Param::Type::tree: break;  // see load_trees
    }
    return std::nullopt;
  }

  // As it stands in the file: the main parameter alone goes by the name of the type.
  std::string_view shown_name(const Param& param) const {
    return type_.value->kind != Node::Kind::map && param.name == declaration_.main_param ? type_.key : param.name;
  }

  std::optional<ParamTree> leaf(const NodePtr& node, const Site& site) {
    std::optional<PlacedTemplate> text = read_template(node, site, loading_);
    if (!text) return std::nullopt;
    return ParamTree{*std::move(text)};
  }

  std::optional<ParamTree> name(const Param& param, const NodePtr& node) {
    if (!expect(Node::Kind::scalar, *node, shown_name(param), problems_)) return std::nullopt;
    if (node->text.find("${{") == std::string::npos) return ParamTree{PlacedTemplate{Template::parse(node->text), node->place}};
    problems_.error(*node, fmt::format("`{}` has to be known when the runbook is read", shown_name(param)),
                    "write it out, without ${{ }}");
    return std::nullopt;
  }

  std::optional<ParamTree> value(const Param& param, const NodePtr& node, const Site& site) {
    std::optional<ParamTree> tree = leaf(node, site);
    if (!tree || param.choices.empty() || std::get<PlacedTemplate>(tree->data).text.has_expressions()) return tree;
    if (std::find(param.choices.begin(), param.choices.end(), node->text) != param.choices.end()) return tree;
    problems_.error(*node, fmt::format("`{}` can't be `{}`", shown_name(param), node->text),
                    fmt::format("one of: {}", fmt::join(param.choices, ", ")));
    return std::nullopt;
  }

  std::optional<ParamTree> script(const Param& param, const NodePtr& node) {
    if (!expect(Node::Kind::scalar, *node, shown_name(param), problems_)) return std::nullopt;
    const std::size_t before = problems_.count();
    for (std::size_t at = node->text.find("${{"); at != std::string::npos; at = node->text.find("${{", at + 3)) {
      if (at > 0 && node->text[at - 1] == '$') continue;
      report_expression_in_script(*node, at);
      if (problems_.is_crowded()) break;
    }
    if (problems_.count() != before) return std::nullopt;
    if (node->text.find_first_not_of(" \t\n") == std::string::npos) {
      problems_.error(*node, fmt::format("`{}` is empty", shown_name(param)));
      return std::nullopt;
    }
    if (declaration_.exports_inputs) warn_of_unset_names(*node);
    return ParamTree{PlacedTemplate{Template::parse(node->text), node->place}};
  }

  void warn_of_unset_names(const Node& node) {
    const std::vector<ScriptName> names = names_read_by(node.text);
    if (names.empty() || problems_.is_crowded()) return;
    const std::vector<std::string> set = names_set();
    const std::unordered_set<std::string_view> known(set.begin(), set.end());
    for (const ScriptName& read : names) {
      if (known.contains(read.name) || problems_.is_crowded()) continue;
      problems_.warning(place_in_scalar(node, read.offset, problems_.source()), 1 + length_of(read.name),
                        fmt::format("nothing sets `${}`", read.name), how_to_set(read.name, set));
    }
  }

  // Environment variables that the step has of this file.
  std::vector<std::string> names_set() const {
    std::vector<std::string> names;
    for (const Input& input : loading_.runbook.inputs) {
      if (is_exported(input.type)) names.push_back(input.name);
    }
    if (site_.step)
      for (const EnvEntry& entry : site_.step->env) names.push_back(entry.name);
    for (const Enclosure* each = site_.around; each; each = each->outer)
      if (each->kind == Enclosure::Kind::loop) names.push_back(each->section->loop->as);
    return names;
  }

  std::string how_to_set(const std::string& name, const std::vector<std::string>& set) const {
    const auto is_it = [&](const auto& var) { return var.first == name; };
    const bool is_var = std::any_of(loading_.runbook.vars.begin(), loading_.runbook.vars.end(), is_it);
    const Input* input = loading_.runbook.find_input(name);
    if (input && !is_var && has_members(input->type)) return how_to_set_members(*input);
    if (is_var || input)
      return fmt::format("write beside `{0}:`\nenv: {{{1}: \"${{{{ ${2}.{1} }}}}\"}}", type_.key, name,
                         is_var ? "vars" : "inputs");
    const std::string near = nearest(name, set);
    return near.empty() ? fmt::format("set it in the script, or in `env:` beside `{}:`", type_.key)
                        : fmt::format("did you mean `${}`?", near);
  }

  // A process gets text.
  std::string how_to_set_members(const Input& input) const {
    return fmt::format("write beside `{0}:`\nenv: {{{1}: \"${{{{ {2} }}}}\"}}", type_.key, input.name, as_text(input));
  }

  static std::string as_text(const Input& input) {
    return input.type == ValueType::list ? fmt::format("join(' ', $inputs.{})", input.name)
                                         : fmt::format("to_json($inputs.{})", input.name);
  }

  void report_expression_in_script(const Node& node, std::size_t at) {
    const std::string expression = expression_at(node.text, at);
    const std::size_t dot = expression.rfind('.');
    const std::string name = name_from(std::string_view(expression).substr(dot == std::string::npos ? 0 : dot + 1));
    const Input* input =
        expression.starts_with("$inputs.") ? loading_.runbook.find_input(std::string_view(expression).substr(8)) : nullptr;
    const bool is_exported_input = input && is_exported(input->type);
    const bool is_item = declaration_.exports_inputs && is_item_of_loop(expression);
    std::string hint = is_item ? fmt::format("write \"{}\": an item that is one value is there under its own name", expression)
                               : fmt::format("write \"${}\": inputs are there under their own names", name);
    if (!is_item && (!declaration_.exports_inputs || !is_exported_input)) {
      const std::string variable = name.empty() ? "VALUE" : upper_case(name);
      hint = fmt::format("write \"${0}\" in the script, and beside `{1}:`\nenv: {{{0}: \"${{{{ {2} }}}}\"}}", variable,
                         type_.key, expression);
    }
    const std::size_t end = node.text.find("}}", at);
    const int length = end == std::string::npos ? 3 : length_of(std::string_view(node.text).substr(at, end + 2 - at));
    problems_.error(place_in_scalar(node, at, problems_.source()), length,
                    "values never become text of a script: `${{ }}` can't stand here", hint);
  }

  bool is_item_of_loop(std::string_view expression) const {
    for (const Enclosure* each = site_.around; each; each = each->outer)
      if (each->kind == Enclosure::Kind::loop && expression == "$" + each->section->loop->as) return true;
    return false;
  }

  std::optional<ParamTree> arguments(const Param& param, const NodePtr& node, Site site) {
    site.wants_text = true;
    const char* example = param.type == Param::Type::words ? "word, word" : "program, argument";
    const std::string hint =
        fmt::format("write `{}: [{}]`", shown_name(param), is_plain_words(node->text) ? in_list(node->text) : example);
    if (!expect(Node::Kind::list, *node, shown_name(param), problems_, hint)) return std::nullopt;
    if (node->items.empty()) {
      problems_.error(*node, fmt::format("`{}` is empty", shown_name(param)), hint);
      return std::nullopt;
    }
    std::vector<ParamTree> list;
    for (const NodePtr& item : node->items) {
      if (std::optional<ParamTree> tree = leaf(item, site)) list.push_back(*std::move(tree));
    }
    return ParamTree{std::move(list)};
  }

  std::optional<ParamTree> words(const Param& param, const NodePtr& node, Site site) {
    site.wants_text = true;
    std::vector<ParamTree> list;
    for (const TemplateWord& word : words_of_template(node->text)) {
      auto item = std::make_shared<Node>();
      item->kind = Node::Kind::scalar;
      item->text = word.text;
      item->place = place_in_scalar(*node, word.offset, problems_.source());
      report_meant_for_a_shell(*item);
      if (std::optional<ParamTree> tree = leaf(item, site)) list.push_back(*std::move(tree));
    }
    if (list.empty()) problems_.error(*node, fmt::format("`{}` is empty", shown_name(param)));
    return ParamTree{std::move(list)};
  }

  void report_meant_for_a_shell(const Node& word) {
    constexpr std::string_view signs[] = {"|", "||", "&", "&&", ";", "<", ">", ">>", "2>&1", "2>", "\\"};
    const std::string& text = word.text;
    if (std::find(std::begin(signs), std::end(signs), text) != std::end(signs) || (text.size() > 1 && text.ends_with(';')))
      return problems_.error(word, fmt::format("no shell reads this: `{}` would be a word like others", text),
                             fmt::format("write `shell: {} ...`", declaration_.name));
    const bool is_quoted = text.starts_with('\'') || text.starts_with('"');
    if (is_quoted || text.find("='") != std::string::npos || text.find("=\"") != std::string::npos)
      problems_.error(
          word, "no shell reads this: the quotes would be a part of the word",
          fmt::format("write the words as a list: `{}: [get, pods, -o, \"jsonpath={{.items}}\"]`", declaration_.name));
  }

  std::optional<ParamTree> input(const Param& param, const NodePtr& node, Site site) {
    site.takes_secrets = true;
    if (node->kind == Node::Kind::scalar) return leaf(node, site);
    if (!expect(Node::Kind::map, *node, shown_name(param), problems_, "write text, {json: ...}, {yaml: ...} or {file: path}"))
      return std::nullopt;
    Members members;
    for (const Node::Member& member : node->members) {
      std::optional<ParamTree> tree;
      if (member.key == "json" || member.key == "yaml") tree = load_tree(member.value, site, Scalars::typed, loading_);
      else if (member.key == "file") tree = leaf(member.value, site_.at("file"));
      else
        problems_.error(member, fmt::format("unknown key `{}`", member.key), suggestion(member.key, {"json", "yaml", "file"}));
      if (tree) members.emplace_back(member.key, *std::move(tree));
    }
    if (node->members.size() != 1)
      problems_.error(*node, fmt::format("`{}` takes one of `json`, `yaml` and `file`", param.name));
    return ParamTree{std::move(members)};
  }

  const Node::Member& type_;
  const Declaration& declaration_;
  const Site& site_;
  Loading& loading_;
  Problems& problems_;
  Members members_;
  std::vector<std::string> given_;
  std::vector<std::pair<const Param*, NodePtr>> trees_;
};

}  // namespace

ParamTree load_params(const Node::Member& type, const Declaration& declaration, const Node* defaults, const Site& site,
                      Loading& loading) {
  return ParamsLoader(type, declaration, site, loading).load(defaults);
}

}  // namespace runbook
