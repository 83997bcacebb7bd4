#pragma once
// What a step type says about itself, as data. Loader and check know no more than this; nothing is started. plugins/ makes it, main hands
// the table down.
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
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
    name,       // a scalar without ${{ }}: it is known when the runbook is read
    value,      // a scalar with ${{ }}
    arguments,  // a list of scalars, ${{ }} in each
    words,      // the same, or text that is split at blanks before ${{ }}
    input,      // text with ${{ }}, or {json: ...}, {yaml: ...} or {file: path}
    tree,       // anything, ${{ }} in its leaves
  };
  std::string name;
  Type type = Type::value;
  std::string doc;
  bool is_required = false;
  Value fallback;                    // null: none
  std::vector<std::string> choices;  // empty: any
  bool is_one_of = false;            // of those that are marked so exactly one is given; none has a default
  std::string beside = {};           // it has a place only beside this one; "": anywhere
};

// What the parameters of a step say about its effect.
struct EffectFound {
  Effect effect = Effect::once;
  std::string why;      // "each time all pods are replaced"
  std::string unknown;  // what the type does not know, and takes to be `effect`: "rolout"; "": it knows
  std::string hint;     // what could be meant
  std::string holds_anyway =
      {};  // of a question: why the answer may be yes before anything was done; "": it can't, or nobody knows
  bool only_in_probes = false;  // it is a question: a step of its own would ask once, and go on whatever the answer
};

// Where in a parameter: names of members and positions in lists, from the outside in.
using ParamPath = std::vector<std::variant<std::string, std::size_t>>;

// What is wrong with the parameters of a step.
struct ParamProblem {
  enum class Severity { error, warning } severity = Severity::error;
  std::string param;
  ParamPath path;  // within it; empty: all of it
  std::string message, hint;
  bool is_about_name = false;  // of the member that the path leads to, and not about its value
};

struct NamedPath {
  std::string path;
  enum class Kind {
    input,            // it is read
    word,             // it could be the path of a script
    folder,           // a file, or the files of a folder
    manifests,        // the same, but of a folder those that end with .yaml, .yml or .json; or a pattern (`*.yml`)
    manifests_below,  // the same, with the folders in it
    kustomization,    // the kustomization of a folder, with what it names, and so on
  } kind = Kind::input;
};

struct Declaration {
  std::string name;  // "shell"
  std::string summary;
  std::string main_param;  // `shell: text` sets this one
  std::vector<Param> params;
  Effect effect = Effect::once;   // unless the step says otherwise
  bool exports_inputs = false;    // inputs (but secrets) reach it as environment variables under their own names
  bool has_process = false;       // it is a process, and may leave others behind
  bool dies_with_engine = false;  // it acts in the engine's own process: nobody else knows how it ended
  std::string result = {};        // what `outputs` and `that` look into, in words
  std::string example = {};       // a whole step, as YAML
  // What of the parameters names a file, from the step's folder. nullptr: nothing.
  std::vector<NamedPath> (*files)(const Value& params) = nullptr;
  // A step type and a target type may have the same name.
  enum class Of { step, target };
  Of of = Of::step;
  // The effect, where it depends on the parameters; and what is wrong with them. Asked when the runbook is read (what holds ${{ }} is
  // there as it is written), and again when the values are known. nullptr: always `effect`, and nothing.
  std::function<EffectFound(const Value& params)> effect_of = nullptr;
  std::function<std::vector<ParamProblem>(const Value& params)> problems = nullptr;
  // Whether a scalar at this place of a `tree` means the text as it is written (`012`, `1.10`), and no number. nullptr: never.
  std::function<bool(const Value& params, const ParamPath& path)> wants_text = nullptr;
  // How long whoever is called remembers the token of an attempt, so that the same request with it is not carried out twice. 0: it takes none.
  std::function<std::int64_t(const Value& params)> token_life_ms = nullptr;
  // Whether this part of the result is secret, or holds what is. nullptr: never.
  std::function<bool(const Value& params, const std::vector<std::string>& path)> is_sensitive = nullptr;
  // The type of target that it needs. A step whose target has none gets what is there when the run first needs it. "": none.
  std::string needs_target = {};
  // Of a target type: variables that processes get, and that `env:` must not set.
  std::vector<std::string> sets = {};

  const Param* find(std::string_view param) const;
  // Names of the parameters of which exactly one is given.
  std::vector<std::string> one_of() const;
};

using Declarations = std::vector<Declaration>;
// A step type. nullptr: there is none of this name.
const Declaration* find_declaration(const Declarations& all, std::string_view name);
const Declaration* find_target_type(const Declarations& all, std::string_view name);
// Those of the step types alone.
Declarations step_types_of(const Declarations& all);

}  // namespace runbook
