#include "book/include_loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/suggestion.h"
#include "book/includes.h"
#include "book/input_rules.h"
#include "book/keys.h"
#include "book/tree_loader.h"

namespace runbook {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t deepest = 10;  // includes, one in the other
constexpr int most_includes = 1000;  // in all
constexpr const char* form = "write `include: {file: other.yaml, with: {input: value}}`";

bool has_expressions(const ParamTree& tree) {
  if (const auto* leaf = std::get_if<PlacedTemplate>(&tree.data)) return leaf->text.has_expressions();
  return !tree.references().empty();
}

class IncludeLoader {
 public:
  IncludeLoader(const Node::Member& member, const Site& site, Loading& loading)
      : member_(member), map_(*member.value), site_(site), loading_(loading), problems_(loading.problems) {}

  void load_into(Step& step) {
    step.kind = Step::Kind::include;
    const NodePtr file = file_node();
    if (file) load_file(*file);
    const Node::Member* with = map_.kind == Node::Kind::map ? map_.find("with") : nullptr;
    if (with && expect(Node::Kind::map, *with->value, "with", problems_, form)) load_values(*with->value);
    if (!include_.runbook) return;
    require_values(*file);
    step.include = std::make_shared<const Include>(std::move(include_));
  }

 private:
  // nullptr: reported.
  NodePtr file_node() {
    if (map_.kind == Node::Kind::scalar) return member_.value;
    if (!expect(Node::Kind::map, map_, "include", problems_, form)) return nullptr;
    check_keys(map_, keys::include, problems_);
    const Node::Member* file = map_.find("file");
    if (!file) return problems_.error(member_, "`include` lacks `file`", form), nullptr;
    return expect(Node::Kind::scalar, *file->value, "file", problems_, form) ? file->value : nullptr;
  }

  void load_file(const Node& file) {
    include_.file = file.text;
    if (file.text.empty()) return problems_.error(file, "`file` is empty", form);
    if (file.text.find("${{") != std::string::npos)
      return problems_.error(file, "`file` is plain text: which runbook is included is known before there is a run",
                             "include each of them in a step of its own, with a `when`");
    const std::string path = (fs::path(loading_.includes.chain.back()).parent_path() / file.text).lexically_normal().string();
    if (const SourcePtr source = read(path, file)) load_runbook_in(path, source);
  }

  // nullptr: reported.
  SourcePtr read(const std::string& path, const Node& file) {
    Includes& includes = loading_.includes;
    if (std::find(includes.chain.begin(), includes.chain.end(), path) != includes.chain.end())
      return report_circle(path, file), nullptr;
    if (includes.chain.size() > deepest)
      return problems_.error(file, fmt::format("runbooks include each other more than {} deep", deepest), chain_to(path)),
             nullptr;
    if (++includes.count > most_includes)
      return problems_.error(file, fmt::format("more than {} runbooks are included in all", most_includes)), nullptr;
    const auto known = includes.texts.find(path);
    if (known != includes.texts.end()) return known->second;
    if (!includes.read)
      return problems_.error(file, "`include` can't be followed here: there are no files beside this one"), nullptr;
    try {
      return includes.texts[path] = includes.read(path);
    } catch (const Error& error) {
      includes.texts.erase(path);
      return problems_.error(file, fmt::format("the runbook that is included can't be read: {}", error.what()),
                             "its path starts at the folder of this file"),
             nullptr;
    }
  }

  std::string chain_to(const std::string& path) const {
    return fmt::format("{} includes {}", fmt::join(loading_.includes.chain, " includes "), path);
  }

  void report_circle(const std::string& path, const Node& file) {
    problems_.error(file, fmt::format("`{}` includes itself", path), chain_to(path));
  }

  void load_runbook_in(const std::string& path, const SourcePtr& source) {
    Includes& includes = loading_.includes;
    includes.chain.push_back(path);
    Loaded loaded = load_text(source, loading_.types, includes);
    includes.chain.pop_back();
    problems_.take(source, std::move(loaded.diagnostics), loaded.errors, loaded.warnings);
    include_.runbook = std::move(loaded.runbook);
    if (include_.runbook)
      includes.tools.insert(includes.tools.end(), include_.runbook->tools.begin(), include_.runbook->tools.end());
  }

  void load_values(const Node& with) {
    for (const Node::Member& member : with.members) {
      const Input* input = include_.runbook ? include_.runbook->find_input(member.key) : nullptr;
      if (include_.runbook && !input) report_unknown(member);
      else if (member.value->kind == Node::Kind::null)
        problems_.error(member, fmt::format("`{}` has no value", member.key), "leave it out, or for an empty one write `\"\"`");
      else if (std::optional<ParamTree> value = load_value(member, input))
        include_.with.emplace_back(member.key, *std::move(value));
    }
  }

  void report_unknown(const Node::Member& member) {
    std::vector<std::string> names;
    for (const Input& input : include_.runbook->inputs) names.push_back(input.name);
    problems_.error(member, fmt::format("{} has no input `{}`", include_.file, member.key), suggestion(member.key, names));
  }

  std::optional<ParamTree> load_value(const Node::Member& member, const Input* input) {
    Site site = site_.at("with");
    const bool is_secret = input && input->type == ValueType::secret;
    site.takes_secrets = is_secret || !include_.runbook;  // what it includes has errors: nobody knows
    site.wants_text = input && !has_members(input->type);
    if (site.wants_text && !expect(Node::Kind::scalar, *member.value, member.key, problems_)) return std::nullopt;
    std::optional<ParamTree> tree = load_tree(member.value, site, input ? scalars_of(*input) : Scalars::typed, loading_);
    if (!tree || !input) return tree;
    if (is_secret) check_secret(*tree, member);
    else if (!has_expressions(*tree)) check_constant(*input, member);
    return tree;
  }

  // Where text is wanted its source counts.
  static Scalars scalars_of(const Input& input) {
    const bool is_typed =
        input.type == ValueType::integer || input.type == ValueType::number || input.type == ValueType::boolean;
    return has_members(input.type) ? input.scalars() : is_typed ? Scalars::typed : Scalars::text;
  }

  void check_constant(const Input& input, const Node::Member& member) {
    std::string why;
    const std::optional<Value> value = convert(input.type, *member.value, why, input.scalars());
    if (value) why = why_not_taken(input, *value);
    if (!why.empty()) problems_.error(*member.value, fmt::format("`{}`: {}", member.key, why));
  }

  void check_secret(const ParamTree& tree, const Node::Member& member) {
    const auto* leaf = std::get_if<PlacedTemplate>(&tree.data);
    if (leaf && leaf->text.is_lone_expression() && is_secret(leaf->text.expressions().front())) return;
    problems_.error(*member.value, fmt::format("the input `{}` of {} is secret, and this is none", member.key, include_.file),
                    "hand on a secret as it is: `${{ $inputs.<secret> }}`, or a secret output of a step");
  }

  bool is_secret(const Expression& expression) const {
    if (expression.references().size() != 1) return false;
    const Reference& reference = expression.references().front();
    if (expression.text() != text_of(reference)) return false;
    if (reference.root == "inputs" && reference.path.size() == 1) {
      const Input* input = loading_.runbook.find_input(reference.path[0]);
      return !input || input->type == ValueType::secret;  // an unknown one is reported as such
    }
    if (reference.root != "steps" || reference.path.size() != 2) return false;
    const Step* step = loading_.runbook.find(reference.path[0]);
    const OutputRule* rule = step ? step->find_output(reference.path[1]) : nullptr;
    return !rule || rule->is_secret;
  }

  // Nobody is asked, and nothing is looked for: what is not given has its default.
  void require_values(const Node& file) {
    for (const Input& input : include_.runbook->inputs) {
      const auto is_it = [&](const auto& given) { return given.first == input.name; };
      if (input.fallback || std::any_of(include_.with.begin(), include_.with.end(), is_it)) continue;
      const Node::Member* with = map_.kind == Node::Kind::map ? map_.find("with") : nullptr;
      if (with && with->value->kind == Node::Kind::map && with->value->find(input.name)) continue;  // reported
      problems_.error(file, fmt::format("{} needs a value for its input `{}`", include_.file, input.name),
                      fmt::format("add `with: {{{}: ...}}`", input.name));
    }
  }

  const Node::Member& member_;
  const Node& map_;
  const Site& site_;
  Loading& loading_;
  Problems& problems_;
  Include include_;
};

}  // namespace

void load_include(const Node::Member& include, const Site& site, Loading& loading, Step& step) {
  IncludeLoader(include, site, loading).load_into(step);
}

}  // namespace runbook
