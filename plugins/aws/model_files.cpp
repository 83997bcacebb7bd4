#include "plugins/aws/model_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/gzip.h"
#include "base/json.h"
#include "os/files.h"
#include "plugins/aws/model_text.h"

namespace runbook::aws {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

std::string identity_of_file(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return fmt::format("{} -\n", path.string());
  return fmt::format("{} {} {}.{} {}\n", path.string(), info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_ino);
}

}  // namespace

std::optional<fs::path> json_file(const fs::path& stem) {
  for (const char* ending : {".json", ".json.gz"}) {
    fs::path path = stem;
    path += ending;
    if (is_file(path)) return path;
  }
  return std::nullopt;
}

std::string read_json_text(const fs::path& file) {
  std::string bytes = read_file(file, ExitCode::step_failed);
  if (!is_gzip(bytes)) return bytes;
  std::optional<std::string> text = gunzip(bytes);
  if (!text)
    throw Error(ExitCode::step_failed, fmt::format("the service model {} is damaged: it can't be unpacked", file.string()));
  return *std::move(text);
}

Value read_json_file(const fs::path& file) {
  try {
    return parse_json(read_json_text(file));
  } catch (const Error& error) {
    if (error.code() == ExitCode::step_failed) throw;
    throw Error(ExitCode::step_failed, fmt::format("the service model {} is damaged: {}", file.string(), error.what()));
  }
}

std::optional<fs::path> newest_version(const fs::path& models, const std::string& service) {
  if (service.empty() || service[0] == '.' || service.find('/') != std::string::npos) return std::nullopt;
  std::vector<std::string> versions;
  std::error_code none;
  for (fs::directory_iterator entry(models / service, none), end; !none && entry != end; entry.increment(none)) {
    versions.push_back(entry->path().filename().string());
  }
  std::sort(versions.rbegin(), versions.rend());
  for (const std::string& version : versions) {
    if (json_file(models / service / version / "service-2")) return models / service / version;
  }
  return std::nullopt;
}

Value sdk_extras(const fs::path& version, const std::string& name) {
  const std::optional<fs::path> file = json_file(version / (name + ".sdk-extras"));
  return file ? read_json_file(*file).get("merge") : Value();
}

Value read_part(const fs::path& version, const std::string& name) {
  const std::optional<fs::path> file = json_file(version / name);
  if (!file) return {};
  const Value extras = sdk_extras(version, name);
  return extras.is_map() ? merged(read_json_file(*file), extras) : read_json_file(*file);
}

std::string identity_of_part(const fs::path& version, const std::string& name) {
  const std::optional<fs::path> file = json_file(version / name);
  return identity_of_file(file.value_or(version)) + identity_of_file(version / (name + ".sdk-extras.json"));
}

}  // namespace runbook::aws
