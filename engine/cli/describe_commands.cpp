// types, schema: what the language is, for people and for tools.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "book/json_schema.h"
#include "cli/commands.h"
#include "cli/type_pages.h"
#include "plugins/all.h"
#include "plugins/aws/effects.h"
#include "plugins/aws/find_call.h"
#include "plugins/aws/operation_page.h"
#include "plugins/aws/session.h"
#include "report/audit_json.h"

namespace runbook {

namespace {

Value types_json(const std::vector<TypeDescription>& types, const std::vector<TypeDescription>& targets) {
  List all;
  for (const auto* each : {&types, &targets})
    for (const TypeDescription& type : *each) all.push_back(type_json(type));
  return all;
}

bool is_among(const std::vector<TypeDescription>& types, const std::string& name) {
  return std::any_of(types.begin(), types.end(), [&](const TypeDescription& type) { return type.name == name; });
}

// "", "rds", "rds.CreateDBCluster"
void print_aws(const std::string& name, bool wants_json) {
  const aws::ModelStore* store = aws_session()->models();
  if (!store) throw Error(ExitCode::usage, aws::no_models);
  const std::size_t dot = name.find('.');
  const std::string service = name.substr(0, dot), operation = dot == std::string::npos ? "" : name.substr(dot + 1);
  if (operation.empty()) {
    fmt::print("{}", service.empty() ? aws::services_page(*store) : aws::service_page(*store, service));
  } else if (wants_json) {
    fmt::print("{}\n", to_pretty_json(aws::operation_json(*store, service, operation)));
  } else {
    fmt::print("{}", aws::operation_page(*store, service, operation));
    const aws::FoundCall found = aws::find_call(*store, name);
    const EffectFound effect = aws::effect_of(*found.model, *found.operation);
    fmt::print("\nEffect: {} ({}).\n", effect_name(effect.effect), effect.why);
  }
}

}  // namespace

int types_command(const Arguments& arguments) {
  const std::vector<TypeDescription> types = describe_types(all_declarations()),
                                     targets = describe_target_types(all_declarations());
  const std::vector<std::string>& operands = arguments.operands();
  if (arguments.has("--markdown")) {
    if (!operands.empty()) throw Error(ExitCode::usage, "--markdown is about all step types", "runbook types --markdown");
    fmt::print("{}", type_reference(types));
  } else if (operands.empty()) {
    if (arguments.wants_json()) fmt::print("{}\n", to_pretty_json(types_json(types, targets)));
    else fmt::print("{}\ntarget types:\n{}", type_list(types), type_list(targets));
  } else if (operands[0].starts_with("aws.")) {
    print_aws(operands[0].substr(4), arguments.wants_json());
  } else {
    const TypeDescription& type = is_among(targets, operands[0]) && !is_among(types, operands[0])
                                      ? type_named(targets, operands[0])
                                      : type_named(types, operands[0]);
    fmt::print("{}", arguments.wants_json() ? to_pretty_json(type_json(type)) + "\n" : type_page(type));
  }
  return 0;
}

int schema_command(const Arguments& arguments) {
  if (arguments.has("--report")) return fmt::print("{}", report_schema()), 0;
  fmt::print("{}\n", to_pretty_json(json_schema(all_declarations())));
  return 0;
}

}  // namespace runbook
