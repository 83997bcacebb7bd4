#pragma once
// The expressions of the language: JMESPath (jmespath.org/specification) with context values that begin with `$`, more
// functions, and less that passes in silence. Parsed once, evaluated often; an Expression is immutable, threads may share it.
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace runbook {

// Thrown by parse (syntax, unknown_function, invalid_arity) and by evaluate (the others).
class ExpressionError : public std::exception {
 public:
  enum class Kind {
    syntax,
    unknown_function,
    invalid_arity,
    invalid_type,
    invalid_value,
    unknown_name,   // `$name` that the scope doesn't know
    not_available,  // a bare name where there is no result
  };
  ExpressionError(Kind kind, std::size_t offset, std::string message, std::string hint = {});
  Kind kind() const { return kind_; }
  std::size_t offset() const { return offset_; }     // bytes into the expression's text
  const std::string& hint() const { return hint_; }  // what to write instead; may be empty
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  Kind kind_;
  std::size_t offset_;
  std::string message_;
  std::string hint_;
};

// Thrown through an evaluation by a Scope that looks ahead: the value will be there after that step.
class NotKnownYet : public std::exception {
 public:
  explicit NotKnownYet(std::string after) : after_(std::move(after)) {}
  const std::string& after() const { return after_; }
  const char* what() const noexcept override { return "a value that is not known yet"; }

 private:
  std::string after_;
};

// "syntax", "unknown-function", ...: JMESPath's own words where it has them.
std::string_view kind_name(ExpressionError::Kind kind);

// What `$name` means. `$steps.<id>` is asked for step by step, so that a scope never builds a map of all steps.
class Scope {
 public:
  virtual ~Scope() = default;
  // name without `$`: "inputs", "vars", "run", "before", a loop variable. nullopt: there is no such value here.
  virtual std::optional<Value> context(std::string_view name) const = 0;
  // A map {state, <outputs>}; nullopt: no such step.
  virtual std::optional<Value> step(std::string_view id) const = 0;
  // For the function parse_yaml. nullopt: it is no YAML; then `why` says what is wrong with it.
  virtual std::optional<Value> parse_yaml(std::string_view text, std::string& why) const;
};

enum class Dialect {
  runbook,  // as the language wants it: see LANGUAGE, "Expressions"
  plain,    // JMESPath as it is specified, for `eval`
};

// `$steps.vpc.vpc_id` is {root: "steps", path: {"vpc", "vpc_id"}}: the leading plain field names.
struct Reference {
  std::string root;
  std::vector<std::string> path;
  std::size_t offset = 0;  // of the `$`
};

class Expression {
 public:
  static Expression parse(std::string_view text, Dialect dialect = Dialect::runbook);  // throws ExpressionError

  // `result`: what bare names look into; nullptr: there is none, and a bare name is an error.
  // In a runbook text is not compared with a number or with true and false, and < <= > >= take numbers or null.
  Value evaluate(const Scope& scope, const Value* result) const;

  const std::vector<Reference>& references() const;
  // `metadata.name` is {root: "metadata", path: {"name"}}; `@` has the root "@", an index without a name "[".
  // Names that look into an item or into what stands before a pipe or a dot are not among them.
  const std::vector<Reference>& bare_names() const;
  // The parts of the result that may stand in what it gives: `DBs[?id=='a'].Endpoint | [0]` has {{"DBs", "Endpoint"}}. Positions in lists
  // are left out, `*` is any member. What is only compared is not among them; what a function is given is.
  std::vector<std::vector<std::string>> result_paths() const;
  // Whether bare names occur, that is, whether a result is needed.
  bool uses_result() const { return !bare_names().empty(); }
  const std::string& text() const;

  struct Node;
  struct Parsed;

 private:
  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace runbook
