#include "book/type_description.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/suggestion.h"
#include "book/key_docs.h"

namespace runbook {
namespace {

// What the engine does itself: looks, made of a declared type.
struct Look {
  const char* name;
  const char* summary;
  const KeySet& keys;
  bool needs_look;
  const char* example;
};

const Look looks[] = {{"wait_until", "Looks until the answer is yes, or its timeout has passed.", keys::wait_until, true,
                       R"(- id: service_answers
  title: Wait until the service answers
  wait_until:
    shell: curl --silent --fail http://localhost:8080/health || exit 1
    every: 5s
    timeout: 10m
)"},
                      {"assert", "Looks once, and stops the run where the world is not as it must be.", keys::assertion, false,
                       R"(- id: disk_has_room
  title: There is room on the disk
  assert:
    shell: df --output=pcent / | tail -n 1 | tr -d ' %'
    that: json < 90
    because: the copy needs a tenth of the disk
)"}};

constexpr const char* manual_example = R"(- id: subnet_group
  title: Create the subnet group
  manual:
    instructions: In the RDS dashboard choose **Subnet groups** and create one for the cluster's VPC.
    checklist: [Name given, All subnets of the VPC added]
    collect: {name: {description: Name of the group}}
    evidence: optional
)";

constexpr const char* include_example = R"(- id: database
  title: Create the database
  include: {file: database.yaml, with: {name: orders}}
)";

std::string words_of(const Param& param) {
  if (!param.choices.empty()) return listed(param.choices);
  switch (param.type) {
    case Param::Type::text: return "text";
    case Param::Type::name: return "a name";
    case Param::Type::value: return "a value";
    case Param::Type::arguments: return "a list of values";
    case Param::Type::words: return "text that is split at blanks, or a list of values";
    case Param::Type::input: return "text, {json: value}, {yaml: value} or {file: path}";
    case Param::Type::tree: return "a map of values";
  }
  return {};
}

TypeDescription describe(const Declaration& declared) {
  TypeDescription type;
  type.name = declared.name;
  type.summary = declared.summary;
  type.effect = effect_name(declared.effect);
  type.derives_effect = declared.effect_of != nullptr;
  type.main_param = declared.main_param;
  type.result = declared.result;
  type.example = declared.example;
  for (const Param& param : declared.params)
    type.params.push_back({param.name, words_of(param), param.doc, param.is_required, param.fallback, param.choices,
                           param.type != Param::Type::text && param.type != Param::Type::name, param.is_one_of, param.beside});
  return type;
}

ParamDescription describe(const KeySet& keys, const std::string& key) {
  const KeyDoc& doc = key_doc(keys, key);
  const bool takes_expressions = doc.shape == Shape::value || doc.shape == Shape::words || doc.shape == Shape::items ||
                                 doc.shape == Shape::values_of_inputs;
  return {key, in_words(doc), std::string(doc.doc), doc.needed == Needed::yes, doc.fallback, doc.choices, takes_expressions};
}

TypeDescription describe_manual() {
  TypeDescription type;
  type.name = "manual";
  type.summary = "A person does it, and says so: at the terminal, or with `runbook confirm`, from wherever.";
  type.effect = "what the person does";
  type.takes_effect = false;
  type.main_param = "instructions";
  type.result = "what `collect` names";
  type.example = manual_example;
  for (const std::string& key : keys::manual.known) type.params.push_back(describe(keys::manual, key));
  return type;
}

TypeDescription describe_target(const Declaration& declared) {
  TypeDescription type = describe(declared);
  type.is_target = true;
  type.effect = "none: it is looked at before every step that uses it";
  type.takes_effect = false;
  return type;
}

TypeDescription describe_include() {
  TypeDescription type;
  type.name = "include";
  type.summary = "Runs the steps of another runbook as one step.";
  type.effect = "those of its steps";
  type.takes_effect = false;
  type.main_param = "file";
  type.result = "the outputs of that runbook";
  type.example = include_example;
  for (const std::string& key : keys::include.known) type.params.push_back(describe(keys::include, key));
  return type;
}

TypeDescription describe(const Look& look, const Declarations& declared) {
  TypeDescription type;
  type.name = look.name;
  type.summary = look.summary;
  type.effect = effect_name(Effect::read);
  type.takes_effect = false;
  type.needs_look = look.needs_look;
  type.result = "that of its look";
  type.example = look.example;
  for (const Declaration& each : step_types_of(declared)) type.looks.push_back(each.name);
  for (const std::string& key : look.keys.known) type.params.push_back(describe(look.keys, key));
  return type;
}

}  // namespace

std::vector<TypeDescription> describe_types(const Declarations& declared) {
  std::vector<TypeDescription> types;
  for (const Declaration& each : step_types_of(declared)) types.push_back(describe(each));
  for (const Look& look : looks) types.push_back(describe(look, declared));
  types.push_back(describe_manual());
  types.push_back(describe_include());
  return types;
}

std::vector<TypeDescription> describe_target_types(const Declarations& declared) {
  std::vector<TypeDescription> types;
  for (const Declaration& each : declared)
    if (each.of == Declaration::Of::target) types.push_back(describe_target(each));
  return types;
}

const TypeDescription& type_named(const std::vector<TypeDescription>& types, const std::string& name) {
  std::vector<std::string> names;
  for (const TypeDescription& type : types) {
    if (type.name == name) return type;
    names.push_back(type.name);
  }
  const std::vector<std::string>& later = later_step_types();
  if (std::find(later.begin(), later.end(), name) != later.end())
    throw Error(ExitCode::usage, fmt::format("the step type `{}` is not supported by this version", name));
  throw Error(ExitCode::usage, fmt::format("there is no step type `{}`", name), suggestion(name, names));
}

}  // namespace runbook
