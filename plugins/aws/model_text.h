#pragma once
// A `service-2.json` as text, of which only what is asked for is parsed.
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/value.h"
#include "plugins/aws/service_model.h"

namespace runbook::aws {

// `base` with what `extras` adds or replaces, deep into maps.
Value merged(const Value& base, const Value& extras);

class ModelText : public ModelSource {
 public:
  // origin: where it was read, for messages. extras: what an `sdk-extras` file merges into the document, or null.
  // Error (exit 1) from here on wherever the text is damaged.
  ModelText(std::string origin, std::string text, Value extras);
  ModelText(const ModelText&) = delete;

  Value metadata() const override;
  std::vector<std::string> operation_names() const override;
  std::optional<Value> operation(std::string_view name) const override;
  std::optional<Value> shape(std::string_view name) const override;
  std::vector<std::string> shape_names() const;  // sorted

 private:
  struct Section {
    std::unordered_map<std::string, std::string_view> entries;  // into the text
    Value extras;
  };

  Section section(const std::string& name, std::string_view text) const;
  std::vector<std::string> names_of(const Section& section) const;
  std::optional<Value> entry(const Section& section, std::string_view name) const;
  [[noreturn]] void fail(const std::string& what) const;

  std::string origin_;
  std::string text_;
  Value extras_;
  Value metadata_;
  Section operations_, shapes_;
};

}  // namespace runbook::aws
