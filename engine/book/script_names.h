#pragma once
// The variables that a shell script reads. A careful guess and no shell: it may overlook one, but should not accuse.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace runbook {

struct ScriptName {
  std::string name;
  std::size_t offset = 0;  // of the `$`
};

// Lower-case variables that the script reads, each once, if the script itself never mentions them without `$` and gives
// them no default; none if it reads another file as a script. Upper-case ones belong to the environment. What stands in
// '...' and in here-documents is left out.
std::vector<ScriptName> names_read_by(std::string_view script);

}  // namespace runbook
