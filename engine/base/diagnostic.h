#pragma once
// A problem in a file, with its place, and the one way it is shown.
#include <string>
#include <string_view>
#include <vector>

#include "base/source_text.h"

namespace runbook {

struct Diagnostic {
  enum class Severity { error, warning };
  Severity severity = Severity::error;
  Place place;
  int length = 1;              // code points under the caret line
  std::string message;         // one sentence without a full stop
  std::string hint;            // what to type; may have several lines; may be empty
  SourcePtr source = nullptr;  // the file, if it is not the one that was asked for
};

// imrt.yaml:12:5: error: unknown key `titel`
//    12 |   - titel: Create
//       |     ^~~~~
//   hint: did you mean `title`?
// Long lines are cut around the place; control characters are shown as U+FFFD. Ends with a newline.
std::string render(const Diagnostic& diagnostic, const SourceText& asked);

// The hint alone, of one line or several, as it stands below any error. Ends with a newline.
std::string hint_lines(std::string_view hint);

// Each of them, one below the other. Of a flood, which usually has one cause, only the first ones; `count` is how many there
// are, also where `sorted` does not hold them all.
std::string render_all(const std::vector<Diagnostic>& sorted, std::size_t count, const SourceText& source);

// Messages and hints quote the file, which may hold anything: of long ones only the beginning and the end.
Diagnostic in_short(Diagnostic diagnostic);

// Sorted by place, each once; those in other files behind.
void sort_diagnostics(std::vector<Diagnostic>& diagnostics);
// nullptr: there are but warnings.
const Diagnostic* first_error(const std::vector<Diagnostic>& diagnostics);
bool has_errors(const std::vector<Diagnostic>& diagnostics);

}  // namespace runbook
