#pragma once
// A model as a file from which single operations and shapes can be read without the rest, and without documentation.
//
//   head   magic, number of the format, counts and sizes, CRCs of itself and of the rows
//   identity of the source: paths, sizes, times
//   rows   the metadata, the operations sorted, the shapes sorted; where name and JSON of each lie, and the CRC of both
//   names, JSON
//
// Invariants: (1) nothing is given out whose CRC is wrong; (2) that a name is not there is only said once all rows were found whole;
// (3) the file appears whole, by renaming, so that processes may write it at the same time.
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "plugins/aws/model_text.h"

namespace runbook::aws {

// Reads the model anew, where the cache turns out damaged.
using ReadAnew = std::function<std::shared_ptr<const ModelSource>()>;

// nullptr: there is none, it is damaged, another user's, or made from another source or by another version of this program.
std::unique_ptr<ModelSource> open_model_cache(const std::filesystem::path& file, const std::string& identity, ReadAnew anew);

// Throws Error (exit 1) where the model is damaged. That a cache can't be written is no error: the next use is slower.
void write_model_cache(const std::filesystem::path& file, const std::string& identity, const ModelText& model);

}  // namespace runbook::aws
