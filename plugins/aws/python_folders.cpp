#include "plugins/aws/python_folders.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/lines.h"
#include "base/trimmed.h"
#include "os/fd.h"
#include "os/files.h"
#include "os/program.h"

namespace runbook::aws {
namespace {

namespace fs = std::filesystem;

// The beginning of a script, or "" of anything else.
std::string head_of_script(const fs::path& file) {
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 512> buffer{};
  const ssize_t count = fd ? ::read(fd.get(), buffer.data(), buffer.size()) : 0;
  const std::string_view head(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  return head.substr(0, 2) == "#!" ? std::string(head) : "";
}

// Of "#!/opt/venv/bin/python3", or of "#!/bin/sh" with "'''exec' /a/long/path/python3 "$0" "$@"" below it, as pip writes it. "": none.
std::string interpreter_of(const fs::path& script) {
  const std::string head = head_of_script(script);
  const std::vector<std::string_view> lines = lines_of(head);
  if (lines.empty()) return {};
  std::string_view said = trimmed(lines[0].substr(2));
  const bool is_exec = lines.size() > 1 && said == "/bin/sh" && lines[1].substr(0, 8) == "'''exec'";
  if (is_exec) said = trimmed(lines[1].substr(8));
  if (!said.empty() && said[0] == '"') return std::string(said.substr(1, said.find('"', 1) - 1));
  return std::string(said.substr(0, said.find_first_of(" \t")));
}

// Numbers within names by value, the highest first: python3.11 before python3.9.
bool is_newer(const fs::path& a, const fs::path& b) {
  const std::string left = a.filename().string(), right = b.filename().string();
  std::size_t at = 0;
  while (at < left.size() && at < right.size() && left[at] == right[at]) ++at;
  const auto digits = [](const std::string& text, std::size_t from) {
    const std::size_t end = text.find_first_not_of("0123456789", from);
    return std::min(end, text.size()) - std::min(from, text.size());
  };
  const std::size_t more = digits(left, at), fewer = digits(right, at);
  return more != fewer ? more > fewer : left > right;
}

std::vector<fs::path> newest_first(const fs::path& folder, std::string_view prefix) {
  std::vector<fs::path> found;
  std::error_code none;
  for (fs::directory_iterator entry(folder, none), end; !none && entry != end; entry.increment(none)) {
    if (entry->path().filename().string().rfind(prefix, 0) == 0) found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end(), is_newer);
  return found;
}

}  // namespace

std::string variable_in(const std::vector<std::string>& env, std::string_view name) {
  std::string value;
  for (const std::string& entry : env) {
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.compare(0, name.size(), name) == 0) {
      value = entry.substr(name.size() + 1);
    }
  }
  return value;
}

bool PythonFolders::offer() {
  for (const char* name : {"python3", "aws"}) {
    const std::string program = find_program(name, env_, "/");
    if (!program.empty() && offer_of_program(program)) return true;
  }
  const std::string home = variable_in(env_, "HOME"), pyenv = variable_in(env_, "PYENV_ROOT");
  if (!pyenv.empty() && offer_versions_of_pyenv(pyenv)) return true;
  if (home.empty()) return false;
  return offer_versions_of_pyenv(fs::path(home) / ".pyenv") || offer_prefix(fs::path(home) / ".local");
}

// A virtual environment's python3 is a link to the system's: what lies beside the link counts first.
bool PythonFolders::offer_of_program(const fs::path& program) {
  const bool is_shim = program.parent_path().filename() == "shims";
  if (is_shim && offer_versions_of_pyenv(program.parent_path().parent_path())) return true;
  for (const fs::path& binary : {program, fs::path(interpreter_of(program))}) {
    const bool is_named_so = binary == program || binary.filename().string().rfind("python", 0) == 0;
    if (!is_named_so || !binary.is_absolute()) continue;
    if (offer_prefix(binary.parent_path().parent_path())) return true;
    std::error_code failed;
    const fs::path real = fs::canonical(binary, failed);
    if (!failed && offer_prefix(real.parent_path().parent_path())) return true;
  }
  return false;
}

bool PythonFolders::offer_versions_of_pyenv(const fs::path& root) {
  std::string chosen = variable_in(env_, "PYENV_VERSION");
  std::replace(chosen.begin(), chosen.end(), ':', '\n');
  const std::string standing = try_read_file(root / "version").value_or("");
  for (const std::string& names : {chosen, standing}) {
    for (const std::string_view name : lines_of(names)) {
      if (!trimmed(name).empty() && offer_prefix(root / "versions" / trimmed(name))) return true;
    }
  }
  const std::vector<fs::path> versions = newest_first(root / "versions", "");
  return std::any_of(versions.begin(), versions.end(), [this](const fs::path& version) { return offer_prefix(version); });
}

bool PythonFolders::offer_prefix(const fs::path& prefix) {
  if (std::find(seen_.begin(), seen_.end(), prefix) != seen_.end()) return false;
  seen_.push_back(prefix);
  if (offer_packages_in(prefix / "lib") || offer_packages_in(prefix / "lib64")) return true;
  return prefix == "/usr" && offer_prefix("/usr/local");
}

bool PythonFolders::offer_packages_in(const fs::path& lib) {
  for (const fs::path& python : newest_first(lib, "python3")) {
    for (const char* name : {"site-packages", "dist-packages"}) {
      std::error_code failed;
      if (fs::is_directory(python / name, failed) && take_(python / name)) return true;
    }
  }
  return false;
}

}  // namespace runbook::aws
