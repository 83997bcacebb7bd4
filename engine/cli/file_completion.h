#pragma once
// The files that a word could mean, as it is typed.
#include <string>
#include <vector>

namespace runbook {

// Of the last word of a line, or what stands behind its `=`: whole words, folders with a slash at their end. From the folder of this process;
// those that begin with a dot only where the word does.
std::vector<std::string> files_meant(const std::string& line);

}  // namespace runbook
