#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "base/json.h"
#include "book/loader.h"
#include "book/type_description.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "plugins/all.h"
#include "plugins/aws/session.h"
#include "report/run_view.h"

namespace runbook {

namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream{std::string(text)};
  for (std::string part; std::getline(stream, part, separator);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

bool is_option(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

// The line as far as it is written: what each word before the last one is.
class Line {
 public:
  explicit Line(const std::vector<std::string>& words) : current_(words.empty() ? "" : words.back()) {
    for (std::size_t at = 0; at + 1 < words.size(); ++at) read(words[at]);
  }

  Completion complete() {
    if (!row_ && pending_.empty()) add_commands();
    else if (!pending_.empty()) add_values(pending_.back().placeholder, FileNames::any);
    if (row_ && is_option_possible()) add_options();
    if (row_ && pending_.empty() && !is_option(current_)) add_operand();
    keep_what_begins_alike();
    return std::move(completion_);
  }

 private:
  void read(const std::string& word) {
    if (word == "=" && !pending_.empty()) return;  // bash takes --journal=FILE apart
    if (!pending_.empty() && !(pending_.back().takes == Takes::maybe_value && is_option(word))) return take_value(word);
    pending_.clear();
    if (word == "--") are_options_over_ = true;
    else if (!are_options_over_ && is_option(word)) read_option(word);
    else if (!row_ && !is_lost_) find_row(word);
    else operands_.push_back(word);
  }

  void take_value(const std::string& word) {
    if (pending_.back().name == "--journal") journal_ = word;
    pending_.clear();
  }

  void read_option(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    for (const Option& option : row_ ? all_options(*row_) : common_options()) {
      const bool is_letter = name.size() == 2 && option.letter != 0 && name[1] == option.letter;
      if ((name == option.name || is_letter) && option.takes != Takes::nothing) pending_ = {option};
    }
    if (equals != std::string::npos && !pending_.empty()) take_value(word.substr(equals + 1));
  }

  void find_row(const std::string& word) {
    for (const CommandRow& row : command_table()) {
      if (row.name == word) row_ = &row;
    }
    is_lost_ = row_ == nullptr;
  }

  void add(std::string word, std::string_view doc = {}) {
    completion_.candidates.push_back({std::move(word), std::string(doc.substr(0, doc.find('\n')))});
  }

  void add_commands() {
    if (is_lost_) return;
    for (const CommandRow& row : command_table()) {
      if (!row.is_hidden) add(std::string(row.name), row.summary);
    }
    if (!is_option(current_)) return;
    add("--help", "this help");
    add("--version", "the version");
  }

  bool is_option_possible() const {
    const bool takes_none = pending_.empty() || pending_.back().takes == Takes::maybe_value;
    return !are_options_over_ && takes_none && current_.starts_with('-');
  }

  void add_options() {
    for (const Option& option : all_options(*row_)) add(std::string(option.name), option.doc);
  }

  void add_operand() {
    const std::vector<std::string> operands = split(row_->operands, ' ');
    if (operands.empty()) return;
    const bool is_last = operands_.size() >= operands.size();
    if (is_last && !operands.back().ends_with("...")) return;
    std::string name = is_last ? operands.back() : operands[operands_.size()];
    if (name.ends_with("...")) name.resize(name.size() - 3);
    if (name.starts_with('[')) name = name.substr(1, name.size() - 2);
    add_values(name, FileNames::runbooks);
  }

  // What stands for a placeholder of the table: RUN, STEP, done|not-done|retry.
  void add_values(std::string_view placeholder, FileNames files) {
    try {
      if (placeholder == "FILE") add_files(files);
      else if (placeholder == "RUN") add_runs();
      else if (placeholder == "STEP") add_steps();
      else if (placeholder == "TYPE") add_types();
      else if (placeholder == "CALL") add_calls("", current_);
      else if (placeholder == "NAME=VALUE" && !pending_.empty() && pending_.back().name == "--input") add_inputs();
      else if (placeholder.find_first_of("=ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos)
        for (const std::string& word : split(placeholder, '|')) add(word);
    } catch (const Error&) {
      // There is no journal, or no such run: nothing to propose.
    }
  }

  void add_files(FileNames files) {
    completion_.files = files;
    if (files != FileNames::runbooks || (row_ && row_->name == "init")) return;
    for (const std::string& name : known_runbooks()) add(name);
  }

  JournalFile journal() const {
    return JournalFile(journal_ ? std::filesystem::path(*journal_) : default_journal_path(), OpenMode::read);
  }

  void add_runs() {
    const JournalFile file = journal();
    for (const RunRow& row : file.runs()) add(row.run, row.state + ", " + (row.title.empty() ? row.runbook : row.title));
    if (!completion_.candidates.empty()) add("last", "the newest run");
  }

  void add_steps() {
    if (operands_.empty()) return;
    const JournalFile file = journal();
    const RunView view = view_run(file, file.find_run(operands_.front()));
    for (const ViewedStep& step : view.steps) add(step.instance, step.line.text_or("title", ""));
  }

  void add_types() {
    if (current_.starts_with("aws.")) return add_calls("aws.", current_.substr(4));
    for (const TypeDescription& type : describe_types(all_declarations())) add(type.name, type.summary);
    for (const TypeDescription& type : describe_target_types(all_declarations())) add(type.name, type.summary);
  }

  // Services, and of one that is named its operations.
  void add_calls(const std::string& before, const std::string& begun) {
    const aws::ModelStore* store = aws_session()->models();
    if (!store) return;
    const std::size_t dot = begun.find('.');
    if (dot == std::string::npos)
      for (const std::string& service : store->services()) add(before + service + ".");
    const auto model = dot == std::string::npos ? nullptr : store->service(begun.substr(0, dot));
    for (const std::string& operation : model ? model->operation_names() : std::vector<std::string>())
      add(fmt::format("{}{}.{}", before, model->name(), operation));
  }

  void add_inputs() {
    if (operands_.empty()) return;
    const std::filesystem::path path = find_runbook(operands_.front());
    const Loaded loaded = load_runbook(read_source(path), all_declarations(), files_in(path.parent_path()));
    if (!loaded.runbook) return;
    for (const Input& input : loaded.runbook->inputs) {
      if (input.type != ValueType::secret) add(input.name + "=", input.description);
    }
  }

  void keep_what_begins_alike() {
    const std::string begin = current_ == "=" ? "" : current_;
    auto& all = completion_.candidates;
    const auto differs = [&](const Candidate& candidate) { return !candidate.word.starts_with(begin); };
    all.erase(std::remove_if(all.begin(), all.end(), differs), all.end());
  }

  std::string current_;
  const CommandRow* row_ = nullptr;
  bool is_lost_ = false;  // there is no such command
  bool are_options_over_ = false;
  std::vector<std::string> operands_;
  std::vector<Option> pending_;  // the option whose value comes next, or nothing
  std::optional<std::string> journal_;
  Completion completion_;
};

}  // namespace

Completion complete_line(const std::vector<std::string>& words) { return Line(words).complete(); }

}  // namespace runbook
