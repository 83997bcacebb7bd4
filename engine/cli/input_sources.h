#pragma once
#include <filesystem>
#include <functional>

#include "book/inputs.h"

namespace runbook {

enum class Looking {
  everywhere,
  without_asking,   // nobody sits at the terminal: `ask` gives nothing
  without_running,  // nor does `command`: for what must not run anything
};

// Looks where `from:` of an input says: environment, file, command, person. Paths start at the runbook's folder, and commands
// run there.
std::function<Found(const Input&, const InputSource&)> input_sources(std::filesystem::path folder, Looking looking);

}  // namespace runbook
