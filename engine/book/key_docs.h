#pragma once
// What each key of the language means and what may stand behind it, in one table: the JSON Schema and the pages about step types are
// made of it. keys.h says which of them this version reads.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "book/keys.h"

namespace runbook {

enum class Shape {
  name,              // [a-z][a-z0-9_]*
  plain_text,        // without ${{ }}
  path,              // the same, not empty
  text,              // anything goes, ${{ }} is text too
  value,             // text with ${{ }}
  words,             // the same, not empty
  input_value,       // as the type of the input wants it
  expression,        // without ${{ }}
  pattern,           // a regular expression
  flag,              // true or false
  whole,             // a whole number, `least` to `most`
  number,            // `least` and more
  duration,          // 500ms, 10m, 1h30m
  real_duration,     // longer than nothing
  size,              // 64KB
  choice,            // one of `choices`
  texts,             // a list of text
  argv,              // a list of text without ${{ }}, not empty
  some_texts,        // that is not empty, nor is any of them
  items,             // a list of text with ${{ }}, not empty
  values,            // a list of values, not empty
  exit_codes,        // a list of 0 to 255
  some_exit_codes,   // that is not empty
  sources,           // a list of {env:}, {file:}, {command:} and `ask`
  map,               // of the keys of `inside`
  list,              // of maps of the keys of `inside`
  probe,             // a step type beside the keys of `inside`
  variables,         // a map: names of environment variables to values
  named_values,      // a map: names to values
  expressions,       // a map: names to expressions
  outputs,           // a map: names to expressions, or to maps of the keys of an output
  examples,          // a map: names of outputs to anything
  versions,          // a map: names of programs to versions
  inputs,            // a map: names to maps of the keys of an input
  collected,         // a map: names to maps of the keys of a value to collect
  defaults,          // a map: step types to keys and parameters
  steps,             // a list of steps and sections
  undo,              // a step type
  targets,           // a map: names to maps of target types
  values_of_inputs,  // a map: names to anything
  list_or_expression,
  share,    // a number, or a percentage
  batches,  // the same but 0, or a list of these that is not empty
  watches,  // a probe beside the keys of `inside`, or a list of such
};

enum class Needed { no, yes };

struct KeyDoc {
  std::string_view key;
  Shape shape;
  std::string_view doc;  // a sentence or two, for people
  Needed needed = Needed::no;
  Value fallback = {};  // what counts where the key is left out; null: nothing
  std::vector<std::string> choices = {};
  const KeySet* inside = nullptr;
  std::int64_t least = 0, most = 0;
};

// The keys that this version reads have an entry each (a test looks), and so have some that it will read. nullptr: there is none.
const KeyDoc* find_key_doc(const KeySet& set, std::string_view key);
// The same for a key that must have one: of the table of keys.
const KeyDoc& key_doc(const KeySet& set, std::string_view key);

// What may stand there, in a few words: "a duration", "read, idempotent, once or irreversible".
std::string in_words(const KeyDoc& doc);
// "a, b or c"
std::string listed(const std::vector<std::string>& words);

}  // namespace runbook
