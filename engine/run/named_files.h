#pragma once
// Files that steps name and that are no part of the runbook's text: scripts, standard input. A run knows them by their digests, so that
// it is noticed when one changes while the run rests.
#include <map>
#include <string>
#include <vector>

#include "book/declaration.h"
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

// What the act of a step reads of what is pinned, or may have been added to it. Throws as a parameter's value does.
std::vector<NamedPath> pinned_paths(const RunFacts& facts, const RunState& state, const Instance& step, const Scope& scope);

struct FileChanges {
  std::map<std::string, std::string> taken;    // seen for the first time, or written by a step of this run: path and digest
  std::map<std::string, std::string> foreign;  // what somebody else has changed since it was pinned; "": it is gone
};
// `seen`: what a look found, {path: sha256}.
FileChanges changes_of(const RunFacts& facts, const RunState& state, StoredValues& values, const std::string& dir,
                       const std::vector<NamedPath>& named, const Value& seen);
// A step that has run, had an effect and names the file but does not read it: most likely it wrote it. "": none.
std::string writer_of(const RunFacts& facts, const RunState& state, StoredValues& values, const std::string& path);
// For the record when the run pauses: what is new, what its steps wrote, and of all else what is pinned.
Value digests_to_record(const RunFacts& facts, const RunState& state, StoredValues& values);

// {path: sha256}, for the record; and what stands there.
Value digests_of(const NamedFiles& files);
Value files_in(const RunState& state);

}  // namespace runbook
