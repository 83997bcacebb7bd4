#include "book/script_names.h"

#include <algorithm>
#include <set>

namespace runbook {
namespace {

constexpr auto npos = std::string_view::npos;

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

std::string_view word_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_word(text[end])) ++end;
  return text.substr(at, end - at);
}

bool is_lower_case(std::string_view name) {
  const bool has_letter = std::any_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  const bool has_upper = std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  return has_letter && !has_upper && !(name.front() >= '0' && name.front() <= '9') && !name.ends_with("_proxy");
}

class Scan {
 public:
  explicit Scan(std::string_view script) : script_(script) {}

  std::vector<ScriptName> run() {
    while (at_ < script_.size()) step();
    if (reads_others_) return {};
    std::erase_if(read_, [&](const ScriptName& read) { return mentioned_.contains(read.name); });
    return std::move(read_);
  }

 private:
  char now() const { return script_[at_]; }
  char next() const { return at_ + 1 < script_.size() ? script_[at_ + 1] : '\0'; }
  bool is_quoted() const { return !context_.empty() && context_.back() == '"'; }
  bool begins_word() const { return at_ == 0 || std::string_view(" \t\n;(").find(script_[at_ - 1]) != npos; }

  void step() {
    const char c = now();
    if (c == '\\') at_ += 2;
    else if (c == '$') dollar();
    else if (c == '"') quote();
    else if (c == '\'' && !is_quoted()) skip_behind('\'');
    else if (c == '#' && !is_quoted() && begins_word()) skip_to_line_end();
    else if (c == '<' && !is_quoted() && script_.substr(at_).starts_with("<<") && !script_.substr(at_).starts_with("<<<"))
      here_document();
    else if (c == '(' || c == ')') parenthesis(c);
    else if (is_word(c)) mention();
    else if (c == '.' && next() == ' ' && begins_word()) read_other();
    else ++at_;
  }

  void skip_behind(char quote) { at_ = std::min(script_.find(quote, at_ + 1), script_.size() - 1) + 1; }
  void skip_to_line_end() { at_ = std::min(script_.find('\n', at_), script_.size()); }

  void quote() {
    if (is_quoted()) context_.pop_back();
    else context_ += '"';
    ++at_;
  }

  // Inside "$( ... )" quotes begin anew.
  void parenthesis(char c) {
    if (c == '(' && !is_quoted()) context_ += '(';
    if (c == ')' && !context_.empty() && context_.back() == '(') context_.pop_back();
    ++at_;
  }

  void mention() {
    const std::string_view word = word_at(script_, at_);
    mentioned_.emplace(word);
    reads_others_ |= word == "source" || word == "eval";
    at_ += word.size();
  }

  void read_other() {
    reads_others_ = true;
    ++at_;
  }

  void dollar() {
    const std::size_t begin = at_++;
    if (at_ == script_.size()) return;
    if (now() == '\'' && !is_quoted()) return skip_behind('\'');
    if (now() == '(') {
      context_ += '(';
      ++at_;
      return;
    }
    const bool has_brace = now() == '{';
    if (has_brace) ++at_;
    const std::string_view name = word_at(script_, at_);
    at_ += name.size();
    const bool has_default = has_brace && at_ < script_.size() && std::string_view(":-+=?").find(now()) != npos;
    if (!name.empty() && !has_default) add(name, begin);
  }

  void add(std::string_view name, std::size_t begin) {
    if (is_lower_case(name) && known_.emplace(name).second) read_.push_back({std::string(name), begin});
  }

  void here_document() {
    at_ += 2;
    while (at_ < script_.size() && std::string_view("- \t'\"\\").find(now()) != npos) ++at_;
    const std::string_view end = word_at(script_, at_);
    if (end.empty()) return;
    while (at_ < script_.size()) {
      skip_to_line_end();
      const std::size_t begin = std::min(script_.find_first_not_of("\n\t", at_), script_.size());
      at_ = std::max(begin, std::min(at_ + 1, script_.size()));
      if (word_at(script_, begin) == end) return;
    }
  }

  std::string_view script_;
  std::size_t at_ = 0;
  bool reads_others_ = false;  // `. file`, `source`, `eval`: they could set anything
  std::string context_;        // open `"` and `(`
  std::vector<ScriptName> read_;
  std::set<std::string_view> known_;  // of those
  std::set<std::string, std::less<>> mentioned_;
};

}  // namespace

std::vector<ScriptName> names_read_by(std::string_view script) { return Scan(script).run(); }

}  // namespace runbook
