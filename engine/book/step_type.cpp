#include "book/step_type.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/suggestion.h"

namespace runbook {
namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class TypeSearch {
 public:
  TypeSearch(const Node& map, const KeySet& set, TypeUse use, Loading& loading)
      : map_(map), set_(set), use_(use), loading_(loading) {
    for (const Declaration& declaration : loading.types)
      if (declaration.of == Declaration::Of::step) names_.push_back(declaration.name);
    if (use == TypeUse::of_undo) names_.emplace_back("manual");
    if (use == TypeUse::of_step) names_.insert(names_.end(), engine_step_types().begin(), engine_step_types().end());
  }

  std::optional<FoundType> run(Place place) {
    for (const Node::Member& member : map_.members) look_at(member);
    if (found_.size() > 1) report_several();
    if (found_.size() != 1 || has_unusable_) {
      if (found_.empty() && !has_unusable_ && use_ != TypeUse::of_assert) report_none(place);
      return std::nullopt;
    }
    return FoundType{found_.front(), find_declaration(loading_.types, found_.front()->key)};
  }

 private:
  void look_at(const Node::Member& member) {
    if (contains(names_, member.key)) {
      found_.push_back(&member);
    } else if (contains(later_step_types(), member.key)) {
      report_unsupported(member, loading_.problems);
      has_unusable_ = true;
    } else if (!contains(set_.known, member.key)) {
      has_unusable_ |= !check_other_key(member);
    }
  }

  // Whether the key can't have been meant as the type.
  bool check_other_key(const Node::Member& member) {
    if (use_ == TypeUse::of_undo) return report_key_of_step(member);
    if (use_ != TypeUse::of_step && report_key_of_others(member)) return true;
    if (const Declaration* owner = owner_of(member.key)) {
      loading_.problems.error(member, fmt::format("unknown key `{}`", member.key),
                              fmt::format("`{0}` is a parameter of `{1}`: write `{1}: {{{2}: ..., {0}: ...}}`", member.key,
                                          owner->name, owner->main_param));
      return true;
    }
    check_key(member, set_, loading_.problems, names_);
    return contains(set_.later, member.key);
  }

  // Of `undo`: a key that stands beside it.
  bool report_key_of_step(const Node::Member& member) {
    std::string hint = "`undo` is a step type with its parameters, and nothing beside it";
    if (member.key == "undo") hint = "an undo has no undo: it is done anew, or by hand";
    if (member.key == "effect") hint = "its effect is that of its type";
    if (member.key == "env" || member.key == "dir" || member.key == "target")
      hint = fmt::format("`undo` has the `{}` of its step", member.key);
    const bool is_of_step = contains(keys::step.known, member.key);
    if (!is_of_step) hint = suggestion(member.key, names_);
    if (contains(engine_step_types(), member.key))
      loading_.problems.error(member, fmt::format("`undo` can't be `{}`: it takes back what was done", member.key),
                              fmt::format("one of: {}", fmt::join(names_, ", ")));
    else loading_.problems.error(member, fmt::format("unknown key `{}`", member.key), hint);
    return is_of_step;
  }

  // Of a probe: what it has from its step, and what only other probes have.
  bool report_key_of_others(const Node::Member& member) {
    std::string hint;
    if (member.key == "env" || member.key == "dir" || member.key == "target")
      hint = fmt::format("{} has the `{}` of its {}", set_.owner, member.key, &set_ == &keys::watch ? "section" : "step");
    else if (&set_ == &keys::watch && member.key == "outputs")
      hint = "a watch has no outputs: it looks again and again, and only a change of its answer is recorded";
    for (const KeySet* other : {&keys::done_when, &keys::wait_until, &keys::assertion}) {
      if (hint.empty() && contains(other->known, member.key))
        hint = fmt::format("`{}` belongs to {}", member.key, other->owner);
    }
    if (!hint.empty()) loading_.problems.error(member, fmt::format("unknown key `{}`", member.key), hint);
    return !hint.empty();
  }

  // The type beside this key that has it as a parameter.
  const Declaration* owner_of(std::string_view key) const {
    for (const Node::Member& member : map_.members) {
      const Declaration* declaration = find_declaration(loading_.types, member.key);
      if (declaration && declaration->find(key)) return declaration;
    }
    return nullptr;
  }

  void report_several() {
    loading_.problems.error(
        *found_[1], fmt::format("{} has one type, and here are two: `{}` and `{}`", set_.owner, found_[0]->key, found_[1]->key),
        use_ == TypeUse::of_step ? "make two steps of it" : "");
  }

  void report_none(Place place) {
    const bool does = use_ == TypeUse::of_step || use_ == TypeUse::of_undo;
    const std::string message = fmt::format("{} has no type: it {} nothing",
                                            use_ == TypeUse::of_step ? "this step" : set_.owner, does ? "does" : "looks at");
    loading_.problems.error(place, 1, message, fmt::format("add one of: {}", fmt::join(names_, ", ")));
  }

  const Node& map_;
  const KeySet& set_;
  TypeUse use_;
  Loading& loading_;
  std::vector<std::string> names_;
  std::vector<const Node::Member*> found_;
  bool has_unusable_ = false;
};

}  // namespace

std::optional<FoundType> find_type(const Node& map, const KeySet& set, TypeUse use, Place place, Loading& loading) {
  return TypeSearch(map, set, use, loading).run(place);
}

}  // namespace runbook
