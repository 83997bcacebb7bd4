#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "base/error.h"
#include "base/json.h"
#include "base/shell_word.h"
#include "cli/commands.h"
#include "cli/starter.h"
#include "os/files.h"

namespace runbook {

namespace {

constexpr const char* usual_name = "runbook.yaml";

// Never over what is there.
void write_new(const std::string& file, const std::string& text) {
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (fd.get() < 0 && errno == EEXIST)
    throw Error(ExitCode::usage, fmt::format("{} is there already, and nothing is written over it", file),
                "give another name: runbook init FILE");
  if (fd.get() < 0 || !write_all(fd.get(), text)) throw_system(ExitCode::usage, "writing " + file, errno);
}

}  // namespace

int init_command(const Arguments& arguments) {
  const std::string file = arguments.operands().empty() ? usual_name : arguments.operands()[0];
  const std::string text = starter_runbook(file);
  if (file == "-") return fmt::print("{}", text), 0;
  write_new(file, text);
  if (arguments.wants_json()) return fmt::print("{}\n", to_json(object({{"file", file}}))), 0;
  const std::string word = quoted_for_shell(file);
  fmt::print(
      "{0} is written; it works as it is\n"
      "  check it            runbook check {1}\n"
      "  run it              runbook run {1}\n"
      "  for your editor     runbook schema > runbook.schema.json, and as the first line of {0}:\n"
      "                      # yaml-language-server: $schema=runbook.schema.json\n",
      file, word);
  return 0;
}

}  // namespace runbook
