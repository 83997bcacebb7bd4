#pragma once
// Files of a folder of caches: what is in them can be made anew at any time, so that nothing about them is ever an error.
#include <filesystem>
#include <string_view>

#include "os/fd.h"

namespace runbook::aws {

// Empty: there is none that can be read, or it is another user's, or others may write it: its content would not be believed.
Fd open_cache_file(const std::filesystem::path& file);
// Makes the folder (0700) if it is not there; the file (0600) appears whole, by renaming.
void write_cache_file(const std::filesystem::path& file, std::string_view bytes);

}  // namespace runbook::aws
