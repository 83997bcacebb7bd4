#include "cli/evidence.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "base/base64.h"
#include "base/digest.h"
#include "base/error.h"
#include "run/manual.h"

namespace runbook {

namespace {

namespace fs = std::filesystem;

bool is_url(const std::string& word) {
  const std::size_t colon = word.find("://");
  return colon != std::string::npos && colon > 0 && word.find_first_of(" \t/") == colon + 1;
}

Value file_evidence(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code error;
  if (!file || !fs::is_regular_file(path, error))
    throw Error(ExitCode::usage, fmt::format("{} is no file that can be read", path.string()));
  Sha256 digest;
  std::string kept, chunk(1 << 16, '\0');
  std::int64_t size = 0;
  while (file.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || file.gcount() > 0) {
    const std::string_view part(chunk.data(), static_cast<std::size_t>(file.gcount()));
    digest.update(part);
    size += file.gcount();
    if (size <= largest_kept_file) kept += part;
  }
  Value evidence = object({{"file", path.filename().string()}, {"size", size}, {"sha256", to_hex(digest.finish())}});
  return size > largest_kept_file ? evidence : with(evidence, "bytes", base64(kept));
}

}  // namespace

Value note_evidence(const std::string& text) { return object({{"note", text}}); }

Value attached_evidence(const std::string& word) { return is_url(word) ? object({{"url", word}}) : file_evidence(word); }

Value typed_evidence(const std::string& text) {
  std::error_code error;
  const bool is_path = text.find_first_of(" \t") == std::string::npos && text.find('/') != std::string::npos;
  if (is_url(text) || is_path || fs::is_regular_file(text, error)) return attached_evidence(text);
  return note_evidence(text);
}

}  // namespace runbook
