#pragma once
// A step type as people and tools see it: a plugin's declaration, or one of the engine's own (wait_until, assert, manual, include), in the same words.
#include <string>
#include <vector>

#include "base/value.h"
#include "book/declaration.h"

namespace runbook {

struct ParamDescription {
  std::string name;
  std::string type;  // "text", "a duration", "bash or sh"
  std::string doc;
  bool is_required = false;
  Value fallback;  // null: none
  std::vector<std::string> choices;
  bool takes_expressions = false;  // whether ${{ }} may stand in it
  bool is_one_of = false;          // exactly one of those is given
  std::string beside = {};         // has a place only beside that one
};

struct TypeDescription {
  std::string name;
  std::string summary;
  bool is_target = false;
  std::string effect;
  bool derives_effect = false;     // from its parameters
  bool takes_effect = true;        // whether a step may say another
  std::string main_param;          // `shell: text` sets this one; "": it takes a map alone
  std::vector<std::string> looks;  // of the engine's own: the step types of which one stands beside the parameters
  bool needs_look = false;         // whether one must
  std::vector<ParamDescription> params;
  std::string result;
  std::string example;  // a whole step, as YAML
};

// The declared ones, then the engine's own.
std::vector<TypeDescription> describe_types(const Declarations& declared);
// What may stand in a target.
std::vector<TypeDescription> describe_target_types(const Declarations& declared);
// Throws Error (exit 2) with "did you mean", or says that this version lacks it.
const TypeDescription& type_named(const std::vector<TypeDescription>& types, const std::string& name);

}  // namespace runbook
