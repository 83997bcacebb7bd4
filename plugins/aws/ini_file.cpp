#include "plugins/aws/ini_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/lines.h"
#include "base/one_line.h"
#include "base/trimmed.h"

namespace runbook::aws {
namespace {

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

bool is_comment(std::string_view trimmed_line) { return trimmed_line.starts_with('#') || trimmed_line.starts_with(';'); }

std::size_t indentation_of(std::string_view line) { return std::min(line.find_first_not_of(" \t"), line.size()); }

// Where in the value a comment begins, or its end.
std::size_t end_of_value(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quote != 0) quote = text[i] == quote ? '\0' : quote;
    else if (text[i] == '"' || text[i] == '\'') quote = text[i];
    else if (text[i] == '#' && i > 0 && (text[i - 1] == ' ' || text[i - 1] == '\t')) return i;
  }
  return text.size();
}

std::string value_in(std::string_view text) {
  text = trimmed(text);
  return std::string(trimmed(text.substr(0, end_of_value(text))));
}

class IniReader {
 public:
  explicit IniReader(const std::string& file) : file_(file) {}

  std::vector<IniSection> read(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    for (const std::string_view line : lines_of(text)) {
      ++line_;
      take(line);
    }
    return std::move(sections_);
  }

 private:
  void take(std::string_view line) {
    const std::string_view content = trimmed(line);
    if (content.empty() || is_comment(content)) return;
    if (!name_.empty() && indentation_of(line) > indentation_) go_on(content);
    else if (content.starts_with('[')) open(content);
    else set(line, content);
  }

  void open(std::string_view content) {
    const std::size_t end = content.find(']');
    if (end == std::string_view::npos || end < 2) fail("a section's name stands in brackets", "write: [profile NAME]");
    const std::string name(content.substr(1, end - 1));
    const auto known = std::find_if(sections_.begin(), sections_.end(), [&](const auto& each) { return each.name == name; });
    section_ = static_cast<std::size_t>(known - sections_.begin());
    if (known == sections_.end()) sections_.push_back({name, {}});
    name_.clear();
  }

  void set(std::string_view line, std::string_view content) {
    const std::size_t delimiter = content.find_first_of("=:");
    if (!section_) fail("a setting stands before the first section", "begin with: [default]");
    if (delimiter == std::string_view::npos || delimiter == 0) fail("this is no setting", "write: name = value");
    name_ = lower_case(trimmed(content.substr(0, delimiter)));
    indentation_ = indentation_of(line);
    settings()[name_] = value_in(content.substr(delimiter + 1));
  }

  // The value, if it has begun on its own line, else a setting within.
  void go_on(std::string_view content) {
    std::string& value = settings()[name_];
    if (!value.empty()) {
      value += "\n" + value_in(content);
      return;
    }
    const std::size_t equals = content.find('=');
    if (equals == std::string_view::npos || equals == 0)
      fail(fmt::format("below `{} =` stands what is no setting", name_), "write: name = value");
    settings()[name_ + "." + lower_case(trimmed(content.substr(0, equals)))] = value_in(content.substr(equals + 1));
  }

  Settings& settings() { return sections_[*section_].settings; }

  [[noreturn]] void fail(const std::string& why, const std::string& hint) const {
    throw Error(ExitCode::step_failed, fmt::format("{}:{}: {}", file_, line_, why), hint);
  }

  const std::string& file_;
  std::size_t line_ = 0;
  std::vector<IniSection> sections_;
  std::optional<std::size_t> section_;
  std::string name_;             // of the setting that may go on
  std::size_t indentation_ = 0;  // its own
};

// One word after the other, as far as quotes and backslashes go.
class WordReader {
 public:
  explicit WordReader(std::string_view text) : text_(text) {}

  // nullopt: a quote does not end.
  std::optional<std::vector<std::string>> read() {
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '\'' || c == '"') {
        if (!quoted(c)) return std::nullopt;
      } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        finish();
      } else if (c != '\\') {
        word() += c;
      } else if (at_ == text_.size()) {
        return std::nullopt;
      } else {
        word() += text_[at_++];
      }
    }
    finish();
    return std::move(words_);
  }

 private:
  bool quoted(char quote) {
    word();
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == quote) return true;
      const bool is_escape = c == '\\' && quote == '"' && at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\\');
      word() += is_escape ? text_[at_++] : c;
    }
    return false;
  }

  std::string& word() {
    if (!word_) word_.emplace();
    return *word_;
  }

  void finish() {
    if (word_) words_.push_back(std::move(*word_));
    word_.reset();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<std::string> word_;
  std::vector<std::string> words_;
};

}  // namespace

std::vector<IniSection> read_ini(std::string_view text, const std::string& file) { return IniReader(file).read(text); }

std::vector<std::string> shell_words(std::string_view text, const std::string& what) {
  std::optional<std::vector<std::string>> words = WordReader(text).read();
  if (!words)
    throw Error(ExitCode::step_failed, what + " has a quote, or a backslash, that nothing ends", "put the word in \"...\"");
  return std::move(*words);
}

}  // namespace runbook::aws
