// What steps and people write: $RUNBOOK_OUTPUT, JSON, durations.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "base/error.h"
#include "base/json.h"
#include "plugins/process_step.h"
#include "tests/fuzz/fuzz.h"

namespace runbook {
namespace {

using NamedOutputs = std::vector<std::pair<std::string, std::string>>;

void fuzz_named_outputs(const std::string& text) {
  NamedOutputs outputs, again;
  std::string why, written;
  if (!parse_named_outputs(text, outputs, why)) {
    RUNBOOK_ASSERT(!why.empty() && why.size() < 1'000);
    return;
  }
  for (const auto& [name, value] : outputs) {
    RUNBOOK_ASSERT(!name.empty() && value.find('\n') == std::string::npos);
    written += name + "=" + value + "\r\n";
  }
  RUNBOOK_ASSERT(parse_named_outputs(written, again, why) && again == outputs);
}

void fuzz_json(const std::string& text) {
  const std::optional<Value> value = try_parse_json(text);
  if (!value) return;
  const std::string written = to_json(*value);
  RUNBOOK_ASSERT(written.find('\n') == std::string::npos);
  RUNBOOK_ASSERT(try_parse_json(written) == value);
  RUNBOOK_ASSERT(try_parse_json(to_pretty_json(*value)) == value);
}

void fuzz_duration(const std::string& text) {
  const std::optional<std::int64_t> ms = parse_duration_ms(text);
  if (!ms) return;
  RUNBOOK_ASSERT(*ms >= 0);
  RUNBOOK_ASSERT(parse_duration_ms(duration_text(*ms)) == ms);
  RUNBOOK_ASSERT(!elapsed_text(*ms).empty());
}

}  // namespace

void fuzz(std::string_view input) {
  const std::string text(input);
  fuzz_named_outputs(text);
  fuzz_json(text);
  fuzz_duration(text);
}

}  // namespace runbook
