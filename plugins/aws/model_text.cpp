#include "plugins/aws/model_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "plugins/aws/json_slices.h"

namespace runbook::aws {

Value merged(const Value& base, const Value& extras) {
  if (!base.is_map() || !extras.is_map()) return extras;
  Value result = base;
  for (const auto& [key, value] : extras.as_map()) {
    const Value* there = base.find(key);
    result = with(result, key, there != nullptr ? merged(*there, value) : value);
  }
  return result;
}

ModelText::ModelText(std::string origin, std::string text, Value extras)
    : origin_(std::move(origin)), text_(std::move(text)), extras_(std::move(extras)) {
  const std::optional<JsonSlices> parts = slice_object(text_);
  if (!parts) fail("it is no JSON object, or cut");
  for (const auto& [name, value] : *parts) {
    const std::optional<Value> metadata = name == "metadata" ? try_parse_json(value) : std::nullopt;
    if (metadata) metadata_ = *metadata;
    if (name == "operations") operations_ = section(name, value);
    if (name == "shapes") shapes_ = section(name, value);
  }
  if (!metadata_.is_map()) fail("it has no metadata");
  const Value more = extras_.get("metadata");
  if (more.is_map()) metadata_ = merged(metadata_, more);
}

ModelText::Section ModelText::section(const std::string& name, std::string_view text) const {
  std::optional<JsonSlices> slices = slice_object(text);
  if (!slices) fail(fmt::format("its `{}` are no JSON object", name));
  Section section;
  section.extras = extras_.get(name);
  section.entries.reserve(slices->size());
  for (auto& [entry, value] : *slices) section.entries[std::move(entry)] = value;
  return section;
}

void ModelText::fail(const std::string& what) const {
  throw Error(ExitCode::step_failed, fmt::format("the service model {} is damaged: {}", origin_, what));
}

std::optional<Value> ModelText::entry(const Section& section, std::string_view name) const {
  const auto found = section.entries.find(std::string(name));
  const Value* extras = section.extras.find(name);
  if (found == section.entries.end()) return extras != nullptr ? std::optional(*extras) : std::nullopt;
  std::optional<Value> value = try_parse_json(found->second);
  if (!value) fail(fmt::format("`{}` is not valid JSON", name));
  return extras != nullptr ? merged(*value, *extras) : value;
}

std::vector<std::string> ModelText::names_of(const Section& section) const {
  std::vector<std::string> names;
  names.reserve(section.entries.size());
  for (const auto& [name, value] : section.entries) names.push_back(name);
  if (section.extras.is_map()) {
    for (const auto& [name, value] : section.extras.as_map()) {
      if (section.entries.count(name) == 0) names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

Value ModelText::metadata() const { return metadata_; }
std::vector<std::string> ModelText::operation_names() const { return names_of(operations_); }
std::optional<Value> ModelText::operation(std::string_view name) const { return entry(operations_, name); }
std::optional<Value> ModelText::shape(std::string_view name) const { return entry(shapes_, name); }
std::vector<std::string> ModelText::shape_names() const { return names_of(shapes_); }

}  // namespace runbook::aws
