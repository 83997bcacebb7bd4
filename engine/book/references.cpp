#include "book/references.h"

#include <fmt/format.h>

#include "book/reference_check.h"

namespace runbook {

std::string text_of(const Reference& reference) {
  std::string text = "$" + reference.root;
  for (const std::string& name : reference.path) text += "." + name;
  return text;
}

Site Site::at(std::string_view its_key) const {
  Site site = *this;
  site.key = its_key;
  return site;
}

Site Site::with_result() const {
  Site site = *this;
  site.has_result = true;
  return site;
}

void References::add_step(const Step& step, Place id_place, const Enclosure* around) {
  if (!step.id.empty()) positions_.emplace(step.id, steps_.size());
  steps_.push_back({&step, id_place, around});
}

const Place* References::find_step(std::string_view id) const {
  const auto found = positions_.find(id);
  return found == positions_.end() ? nullptr : &steps_[found->second].place;
}

const Enclosure* References::enclose(Enclosure enclosure) { return &enclosures_.emplace_back(std::move(enclosure)); }

void References::note(const NodePtr& scalar, const std::vector<Reference>& references, const std::vector<Reference>& bare_names,
                      const Site& site) {
  if (references.empty() && bare_names.empty()) return;
  auto key = keys_.find(site.key);
  if (key == keys_.end()) key = keys_.emplace(site.key).first;
  const Site kept = site.at(*key);
  for (const Reference& reference : references) uses_.push_back({scalar, reference, kept, false, false});
  if (kept.has_result) return;
  for (const Reference& name : bare_names) uses_.push_back({scalar, name, kept, true, false});
}

void References::note(const NodePtr& scalar, const Template& text, const Site& site) {
  std::size_t next = uses_.size();  // the uses of the expressions, in their order
  note(scalar, text.references(), text.bare_names(), site);
  if (text.is_lone_expression() && !site.wants_text) return;
  for (const Expression& expression : text.expressions()) {
    const std::vector<Reference>& references = expression.references();
    if (references.size() == 1 && expression.text() == text_of(references.front())) uses_[next].is_text = true;
    next += references.size();
  }
}

void References::check(const Runbook& runbook, Problems& problems) const {
  check_uses(*this, runbook, problems);
  check_former_ids(problems);
}

void References::check_former_ids(Problems& problems) const {
  std::unordered_map<std::string_view, Place> first;
  for (const auto& [id, scalar] : former_ids_) {
    if (const Place* step = find_step(id))
      problems.error(*scalar, fmt::format("a step has the id `{}` now", id), fmt::format("it stands in line {}", step->line));
    const auto [known, is_new] = first.emplace(id, scalar->place);
    if (!is_new)
      problems.error(*scalar, fmt::format("two steps say that they were `{}`", id),
                     fmt::format("the other one is in line {}", known->second.line));
  }
}

}  // namespace runbook
