#pragma once
// What a step type says about itself, as data. Loader and check know no more than this; nothing is started. plugins/ makes it, main hands
// the table down.
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace runbook {

// What happens to the world when it runs, and what it means to run it again.
enum class Effect {
  read,          // changes nothing
  idempotent,    // running it again gives the same
  once,          // running it again does it again
  irreversible,  // and there is no way back
};
std::string_view effect_name(Effect effect);

struct Param {
  enum class Type {
    text,       // a scalar without ${{ }}: a script
    value,      // a scalar with ${{ }}
    arguments,  // a list of scalars, ${{ }} in each
    input,      // text with ${{ }}, or {json: ...}, {yaml: ...} or {file: path}
  };
  std::string name;
  Type type = Type::value;
  std::string doc;
  bool is_required = false;
  Value fallback;                    // null: none
  std::vector<std::string> choices;  // empty: any
};

struct NamedPath {
  std::string path;
  enum class Kind {
    input,  // it is read
    word,   // it could be the path of a script
  } kind = Kind::input;
};

struct Declaration {
  std::string name;  // "shell"
  std::string summary;
  std::string main_param;  // `shell: text` sets this one
  std::vector<Param> params;
  Effect effect = Effect::once;  // unless the step says otherwise
  bool exports_inputs = false;   // inputs (but secrets) reach it as environment variables under their own names
  bool has_process = false;      // it is a process, and may leave others behind
  std::string result = {};       // what `outputs` and `that` look into, in words
  std::string example = {};      // a whole step, as YAML
  // What of the parameters names a file, from the step's folder. nullptr: nothing.
  std::vector<NamedPath> (*files)(const Value& params) = nullptr;
  // A step type and a target type may have the same name.
  enum class Of { step, target };
  Of of = Of::step;

  const Param* find(std::string_view param) const;
};

using Declarations = std::vector<Declaration>;
// A step type. nullptr: there is none of this name.
const Declaration* find_declaration(const Declarations& all, std::string_view name);
const Declaration* find_target_type(const Declarations& all, std::string_view name);
// Those of the step types alone.
Declarations step_types_of(const Declarations& all);

}  // namespace runbook
