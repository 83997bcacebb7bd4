#include <fmt/format.h>
#include <strings.h>

#include <algorithm>

#include "base/digest.h"
#include "base/json.h"
#include "base/trimmed.h"
#include "os/files.h"
#include "os/identity.h"
#include "plugins/all.h"

namespace runbook {

namespace {

// machine-id(5) asks to keep the id itself to the machine: a journal travels. "" where there is none, as in many containers.
std::string machine() {
  const std::string id = without_line_ends(try_read_file("/etc/machine-id").value_or(""));
  const bool is_id = id.size() == 32 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_id ? sha256_hex("runbook host " + id).substr(0, 32) : "";
}

bool is_same_name(const std::string& one, const std::string& other) { return ::strcasecmp(one.c_str(), other.c_str()) == 0; }

// `db1` also means db1.example.org.
bool is_named(const std::string& host, const std::string& wanted) {
  const bool is_short = wanted.find('.') == std::string::npos;
  return is_same_name(host, wanted) || (is_short && is_same_name(host.substr(0, host.find('.')), wanted));
}

class HostTarget : public TargetType {
 public:
  const Declaration& declaration() const override { return declaration_; }

  TargetSight look(const TargetLook&) const override {
    Value identity = object({{"name", host_name()}});
    if (const std::string id = machine(); !id.empty()) identity = with(identity, "machine", id);
    return {as_recorded(identity), {}};
  }

  std::string why_not(const Value& params, const Value& identity) const override {
    const std::string wanted = text_or_json(params.get("name")), host = identity.text_or("name", "");
    if (params.get("name").is_null() || is_named(host, wanted)) return "";
    return fmt::format("the runbook says host {}, this is {}", wanted, host);
  }

  std::string describe(const Value& identity) const override { return "host " + identity.text_or("name", ""); }

  std::vector<std::pair<std::string, std::string>> environment(const Value&, const Value& identity) const override {
    return {{"RUNBOOK_TARGET_HOST", identity.text_or("name", "")}};
  }

 private:
  const Declaration declaration_ = host_target_declaration();
};

}  // namespace

Declaration host_target_declaration() {
  Declaration host;
  host.of = Declaration::Of::target;
  host.name = "host";
  host.summary = "The machine that the engine runs on, by its name and by its machine-id, where it has one.";
  host.main_param = "name";
  host.params = {{"name",
                  Param::Type::value,
                  "Its name; a name without a dot stands for that host of any domain. Left out: any"
                  " host, but the same one from the first step on.",
                  false,
                  {},
                  {}}};
  host.effect = Effect::read;
  host.result = "{name, machine}; processes get RUNBOOK_TARGET_HOST";
  host.example = "targets:\n  database: {host: db1}\n";
  return host;
}

std::unique_ptr<TargetType> make_host_target() { return std::make_unique<HostTarget>(); }

}  // namespace runbook
