#pragma once
// A line typed at the terminal, with what one is used to: arrows, history, Ctrl-R, Tab, UTF-8, pasting (libedit, editline(7)). What is typed is
// echoed on standard error. On a terminal that can do nothing (TERM=dumb) lines are read as they come.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace runbook {

class LineEditor {
 public:
  // What could stand in place of the last word, whole words; the line as far as the cursor.
  using Completer = std::function<std::vector<std::string>(const std::string& line)>;

  LineEditor();
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // Lines that begin with a blank, and answers to questions, are never kept. 0600; one that can't be written is none.
  void keep_history_in(const std::string& file);
  void remember(const std::string& line);

  // The prompt may have more than one line. What was typed before it is discarded, and nothing behind it; a newline that is pasted is a
  // blank. nullopt: end of input (Ctrl-D), or broken off.
  std::optional<std::string> read_line(const std::string& prompt, const Completer& completer = nullptr);

  // From any thread. Whole lines, above the line that is being typed; at once, if none is.
  void say_above(const std::string& text);
  // Ends the line that is being read, and each one after it until that is forgotten.
  void break_off();
  void forget_break_off();
  bool is_broken_off() const;

 private:
  class Editing;
  std::unique_ptr<Editing> editing_;
};

}  // namespace runbook
