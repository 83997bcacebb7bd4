#include <cstdint>

#include "base/json.h"
#include "plugins/aws/cache_file.h"
#include "plugins/aws/model_cache.h"
#include "plugins/aws/model_cache_layout.h"

namespace runbook::aws {
namespace {

using namespace cache_layout;
namespace fs = std::filesystem;

// A trait's text is no text but a map where a member has the name "documentation".
bool is_for_people(const std::string& key, const Value& value) {
  return value.is_text() && (key == "documentation" || key == "deprecatedMessage" || key == "deprecatedSince");
}

Value without_documentation(const Value& value) {
  if (value.is_list()) {
    List list;
    for (const Value& item : value.as_list()) list.push_back(without_documentation(item));
    return list;
  }
  if (!value.is_map()) return value;
  Map map;
  for (const auto& [key, item] : value.as_map()) {
    if (!is_for_people(key, item)) map.emplace_back(key, without_documentation(item));
  }
  return map;
}

struct Parts {
  std::string rows, names, json;

  void add(const std::string& name, const Value& value) {
    const std::string text = to_json(without_documentation(value));
    const Row row = {static_cast<std::uint32_t>(names.size()), static_cast<std::uint32_t>(name.size()),
                     static_cast<std::uint32_t>(json.size()), static_cast<std::uint32_t>(text.size()), entry_crc(name, text)};
    rows.append(reinterpret_cast<const char*>(&row), sizeof row);
    names += name;
    json += text;
  }
};

}  // namespace

void write_model_cache(const fs::path& file, const std::string& identity, const ModelText& model) {
  Parts parts;
  parts.add("", model.metadata());
  const std::vector<std::string> operations = model.operation_names(), shapes = model.shape_names();
  for (const std::string& name : operations) parts.add(name, *model.operation(name));
  for (const std::string& name : shapes) parts.add(name, *model.shape(name));
  Head head;
  head.operations = static_cast<std::uint32_t>(operations.size());
  head.shapes = static_cast<std::uint32_t>(shapes.size());
  head.names_size = static_cast<std::uint32_t>(parts.names.size());
  head.json_size = static_cast<std::uint32_t>(parts.json.size());
  head.rows_crc = crc32(parts.rows + parts.names);
  head.identity_size = static_cast<std::uint32_t>(identity.size());
  head.head_crc = head.crc();
  const std::string_view start(reinterpret_cast<const char*>(&head), sizeof head);
  write_cache_file(file, std::string(start) + identity + parts.rows + parts.names + parts.json);
}

}  // namespace runbook::aws
