#include "cli/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "base/suggestion.h"

namespace runbook {

const std::vector<Option>& common_options() {
  static const std::vector<Option> options = {
      {"--journal", 0, Takes::value, "FILE", "the journal (else RUNBOOK_JOURNAL, else the one in your state folder)"},
      {"--json", 0, Takes::nothing, "", "the result as JSON on standard output"},
      {"--help", 'h', Takes::nothing, "", "this help"},
  };
  return options;
}

std::vector<Option> all_options(const CommandRow& row) {
  std::vector<Option> options = row.options;
  options.insert(options.end(), common_options().begin(), common_options().end());
  return options;
}

namespace {

const Option& find_option(const CommandRow& row, const std::string& word) {
  static thread_local std::vector<Option> options;
  options = all_options(row);
  for (const Option& option : options) {
    bool is_letter = word.size() >= 2 && word[0] == '-' && word[1] == option.letter && option.letter != 0;
    if (word == option.name || is_letter) return option;
  }
  std::vector<std::string> names;
  for (const Option& option : options) names.emplace_back(option.name);
  throw Error(ExitCode::usage, fmt::format("`{}` has no option `{}`", row.name, word), suggestion(word, names));
}

struct Counts {
  std::size_t least = 0, most = 0;
};

Counts count_operands(std::string_view text) {
  Counts counts;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    bool repeats = word.size() > 3 && word.substr(word.size() - 3) == "...";
    counts.most += repeats ? 1000 : 1;
    if (word[0] != '[') counts.least += 1;
  }
  return counts;
}

}  // namespace

Arguments Arguments::parse(const CommandRow& row, const std::vector<std::string>& words) {
  Arguments arguments;
  arguments.row_ = &row;
  bool are_options_over = false;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (word == "--" && !are_options_over) {
      are_options_over = true;
    } else if (!are_options_over && word.size() > 1 && word[0] == '-') {
      arguments.read_option(words, at);
    } else {
      arguments.operands_.push_back(word);
    }
  }
  if (!arguments.wants_help()) arguments.check_operands();
  return arguments;
}

void Arguments::read_option(const std::vector<std::string>& words, std::size_t& at) {
  std::string word = words[at];
  std::optional<std::string> attached;
  bool is_long = word.rfind("--", 0) == 0;
  if (auto equals = word.find('='); is_long && equals != std::string::npos) {
    attached = word.substr(equals + 1);
    word = word.substr(0, equals);
  } else if (!is_long && word.size() > 2) {
    attached = word.substr(2);
    word = word.substr(0, 2);
  }
  const Option& option = find_option(*row_, word);
  std::string name(option.name);
  if (option.takes == Takes::nothing) {
    if (attached) throw Error(ExitCode::usage, fmt::format("`{}` takes no value", name));
    options_.emplace_back(name, "");
    return;
  }
  bool has_next = at + 1 < words.size() && (words[at + 1].size() < 2 || words[at + 1][0] != '-');
  if (!attached && has_next) attached = words[++at];
  if (!attached && option.takes == Takes::value)
    throw Error(ExitCode::usage, fmt::format("`{}` needs a value", name), fmt::format("{} {}", name, option.placeholder));
  options_.emplace_back(name, attached.value_or(""));
}

void Arguments::check_operands() const {
  Counts counts = count_operands(row_->operands);
  std::string usage = fmt::format("runbook {}{}{}", row_->name, row_->operands.empty() ? "" : " ", row_->operands);
  if (operands_.size() < counts.least)
    throw Error(ExitCode::usage, fmt::format("`{}` needs more: {}", row_->name, row_->operands), usage);
  if (operands_.size() > counts.most)
    throw Error(ExitCode::usage, fmt::format("`{}` does not take `{}`", row_->name, operands_[counts.most]), usage);
}

bool Arguments::has(std::string_view option) const { return value(option).has_value(); }

std::optional<std::string> Arguments::value(std::string_view option) const {
  std::vector<std::string> all = values(option);
  return all.empty() ? std::nullopt : std::optional(all.back());
}

std::vector<std::string> Arguments::values(std::string_view option) const {
  std::vector<std::string> all;
  for (const auto& [name, value] : options_) {
    if (name == option) all.push_back(value);
  }
  return all;
}

std::pair<std::string, std::string> split_assignment(std::string_view option, const std::string& text) {
  auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw Error(ExitCode::usage, fmt::format("`{} {}`: name=value is wanted", option, text),
                fmt::format("{} {}=...", option, equals == 0 || text.empty() ? "NAME" : text));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace runbook
