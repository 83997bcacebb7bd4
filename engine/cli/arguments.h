#pragma once
// The command line, read by the one table of commands.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runbook {

enum class Takes {
  nothing,      // --json
  value,        // --journal FILE
  maybe_value,  // --resume [RUN]
};

struct Option {
  std::string_view name;  // "--journal"; `-x` too where `letter` is set
  char letter;            // 0: none
  Takes takes;
  std::string_view placeholder;  // "FILE"
  std::string_view doc;
};

class Arguments;
struct CommandRow {
  std::string_view name;
  std::string_view
      operands;  // "RUN STEP done|not-done|retry": how many are needed is counted here; [X] may be left out, X... repeats
  std::string_view summary;
  std::vector<Option> options;  // besides --journal, --json and --help
  int (*run)(const Arguments&);
  std::string_view example;
  bool is_hidden = false;  // for programs: not in the help
};

// --journal, --json and --help.
const std::vector<Option>& common_options();
// Its own, then the common ones.
std::vector<Option> all_options(const CommandRow& row);

class Arguments {
 public:
  // Throws Error (exit 2) with "did you mean".
  static Arguments parse(const CommandRow& row, const std::vector<std::string>& words);

  const CommandRow& command() const { return *row_; }
  const std::vector<std::string>& operands() const { return operands_; }
  bool has(std::string_view option) const;
  // The last one given.
  std::optional<std::string> value(std::string_view option) const;
  std::vector<std::string> values(std::string_view option) const;
  bool wants_json() const { return has("--json"); }
  bool wants_help() const { return has("--help"); }

 private:
  void read_option(const std::vector<std::string>& words, std::size_t& at);
  void check_operands() const;
  const CommandRow* row_ = nullptr;
  std::vector<std::string> operands_;
  std::vector<std::pair<std::string, std::string>> options_;  // name, value or ""
};

// `name=value`. Throws Error (exit 2) that names the option.
std::pair<std::string, std::string> split_assignment(std::string_view option, const std::string& text);

}  // namespace runbook
