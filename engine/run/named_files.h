#pragma once
// Files that steps name and that are no part of the runbook's text: scripts, standard input. A run knows them by their digests, so that
// it is noticed when one changes while the run rests.
#include <map>
#include <string>
#include <vector>

#include "run/scope.h"

namespace runbook {

struct NamedFile {
  std::string sha256;
  std::vector<std::string> steps;  // that name it
};
using NamedFiles = std::map<std::string, NamedFile>;  // by absolute path

// Of the steps that are not done, as far as their parameters are known. What is no file, can't be read or is larger than 64 MB is left
// out, and so is a program that belongs to the system.
NamedFiles named_files(const RunFacts& facts, const RunState& state, StoredValues& values);

// {path: sha256}, for the record; and what stands there.
Value digests_of(const NamedFiles& files);
Value files_in(const RunState& state);

}  // namespace runbook
