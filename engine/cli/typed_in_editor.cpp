#include "cli/typed_in_editor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/environment.h"
#include "base/error.h"
#include "os/files.h"
#include "os/foreground.h"

namespace runbook {

namespace {

namespace fs = std::filesystem;

// As git and crontab have it: words for a shell, so that `EDITOR="code --wait"` works.
std::string editor_command() {
  for (const char* name : {"VISUAL", "EDITOR"}) {
    const char* value = std::getenv(name);
    if (value && *value) return value;
  }
  return "vi";
}

bool knows_lines(const std::string& command) {
  static const std::set<std::string> known = {"vi", "vim", "nvim", "nano", "emacs", "ed", "joe", "micro", "kak"};
  return known.count(fs::path(command.substr(0, command.find(' '))).filename().string()) > 0 && command != "ed";
}

class TextFile {
 public:
  explicit TextFile(const std::string& text) {
    std::string folder = (fs::temp_directory_path() / "runbook-XXXXXX").string();
    if (!::mkdtemp(folder.data())) throw Error(ExitCode::usage, fmt::format("no folder can be made in {}", folder));
    folder_ = folder;
    write_private_file(path(), text);
  }
  ~TextFile() {
    std::error_code none;
    fs::remove_all(folder_, none);
  }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;
  std::string path() const { return (folder_ / "runbook.yaml").string(); }

 private:
  fs::path folder_;
};

}  // namespace

std::optional<std::string> typed_in_editor(const std::string& text, int line, const std::string& dir) {
  const TextFile file(text);
  const std::string command = editor_command();
  const std::string at = line > 0 && knows_lines(command) ? fmt::format(" +{}", line) : "";
  const int status =
      run_in_foreground({"/bin/sh", "-c", command + at + " \"$1\"", command, file.path()}, own_environment(), dir);
  if (status != 0) {
    fmt::print(stderr, "`{}` ended with {}\n", command, status);
    return std::nullopt;
  }
  return try_read_file(file.path());
}

}  // namespace runbook
