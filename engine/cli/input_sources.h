#pragma once
#include <filesystem>
#include <functional>

#include "book/inputs.h"

namespace runbook {

enum class Asking {
  allowed,    // a person sits at the terminal
  forbidden,  // `ask` counts as missing
};

// Looks where `from:` of an input says: environment, file, command, person. Paths start at the runbook's folder, and commands
// run there.
std::function<Found(const Input&, const InputSource&)> input_sources(std::filesystem::path folder, Asking asking);

}  // namespace runbook
