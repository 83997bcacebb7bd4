#include "os/line_editor.h"

#include <histedit.h>
#include <langinfo.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <mutex>
#include <string_view>

#include "os/fd.h"
#include "os/terminal.h"

namespace runbook {

namespace {

// Around what is pasted, by terminals that know it (xterm, "Bracketed Paste Mode").
constexpr std::string_view paste_begins = "\x1b[200~", paste_ends = "\x1b[201~";
constexpr const char *paste_on = "\x1b[?2004h", *paste_off = "\x1b[?2004l";
constexpr int rest_of_sequence_ms = 50;

bool is_plain_terminal() {
  const char* term = std::getenv("TERM");
  return !term || !*term || std::strcmp(term, "dumb") == 0;
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

void drain(int event_fd) {
  std::uint64_t count = 0;
  (void)!::read(event_fd, &count, sizeof count);
}
void ring(int event_fd) {
  const std::uint64_t one = 1;
  (void)!::write(event_fd, &one, sizeof one);
}

// What cannot be shown counts as nothing.
int columns_of(const std::string& text) {
  std::wstring wide(text.size(), L'\0');
  const std::size_t length = std::mbstowcs(wide.data(), text.c_str(), wide.size());
  return length == static_cast<std::size_t>(-1) ? static_cast<int>(text.size()) : std::max(0, ::wcswidth(wide.data(), length));
}

std::string common_beginning(const std::vector<std::string>& words) {
  std::string common = words.front();
  for (const std::string& word : words)
    common.resize(
        static_cast<std::size_t>(std::mismatch(common.begin(), common.end(), word.begin(), word.end()).first - common.begin()));
  return common;
}

}  // namespace

class LineEditor::Editing {
 public:
  Editing()
      : is_plain_(is_plain_terminal()),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        said_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        history_(::history_init()) {
    HistEvent event;
    ::history(history_, &event, H_SETSIZE, 1'000);
    ::history(history_, &event, H_SETUNIQUE, 1);
  }
  ~Editing() { ::history_end(history_); }
  Editing(const Editing&) = delete;
  Editing& operator=(const Editing&) = delete;

  void keep_history_in(const std::string& file) {
    history_file_ = file;
    HistEvent event;
    ::history(history_, &event, H_LOAD, file.c_str());
  }

  void remember(const std::string& line) {
    if (line.empty() || line[0] == ' ') return;
    HistEvent event;
    ::history(history_, &event, H_ENTER, line.c_str());
    if (!history_file_.empty()) ::history(history_, &event, H_SAVE, history_file_.c_str());
  }

  std::optional<std::string> read_line(const std::string& prompt, const Completer& completer) {
    if (is_broken_off_) return std::nullopt;
    if (is_plain_) return plain_.read_line(prompt);
    ::tcflush(0, TCIFLUSH);
    bytes_.clear();
    is_pasting_ = false;
    completer_ = completer ? &completer : nullptr;
    const auto last_line = prompt.rfind('\n');
    prompt_ = last_line == std::string::npos ? prompt : prompt.substr(last_line + 1);
    if (last_line != std::string::npos) std::fputs(prompt.substr(0, last_line + 1).c_str(), stderr);
    return edit();
  }

  void say_above(const std::string& text) {
    std::lock_guard lock(mutex_);
    if (!is_reading_) {
      std::fputs(text.c_str(), stderr);
      return;
    }
    said_text_ += text;
    ring(said_.get());
  }

  void break_off() {
    is_broken_off_ = true;
    ring(wake_.get());
    plain_.break_off();
  }
  void forget_break_off() {
    is_broken_off_ = false;
    drain(wake_.get());
    plain_.forget_break_off();
  }
  bool is_broken_off() const { return is_broken_off_; }

 private:
  // libedit looks at the terminal when it begins: a new one for each line knows a changed size, and whatever a step has left behind.
  std::optional<std::string> edit() {
    use_locale();
    const std::unique_ptr<std::FILE, CloseFile> nowhere(std::fopen("/dev/null", "w"));
    std::FILE* errors = nowhere ? nowhere.get() : stderr;
    EditLine* line =
        ::el_init_fd("runbook", stdin, stderr, errors, STDIN_FILENO, STDERR_FILENO, nowhere ? ::fileno(errors) : STDERR_FILENO);
    if (!line) return plain_.read_line(prompt_);
    set_up(line);
    std::fputs(paste_on, stderr);
    set_reading(true);
    int count = 0;
    const char* typed = ::el_gets(line, &count);
    std::optional<std::string> text;
    if (typed && count > 0 && !is_over_) text = std::string(typed, static_cast<std::size_t>(count));
    set_reading(false);
    std::fputs(paste_off, stderr);
    ::el_end(line);
    if (text && !text->empty() && text->back() == '\n') text->pop_back();
    return text;
  }

  // libedit asks the C library what a character is. Where no locale is named, UTF-8 is taken for it, as elsewhere.
  static void use_locale() {
    static const bool is_set = [] {
      const bool has_own = std::setlocale(LC_CTYPE, "") && std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0;
      return has_own || !speaks_utf8() || std::setlocale(LC_CTYPE, "C.UTF-8");
    }();
    (void)is_set;
  }

  void set_up(EditLine* line) {
    is_over_ = false;
    ::el_set(line, EL_CLIENTDATA, this);
    ::el_set(
        line, EL_PROMPT, +[](EditLine* of) { return self(of).prompt_.data(); });
    ::el_set(line, EL_EDITOR, "emacs");
    ::el_set(line, EL_HIST, ::history, history_);
    ::el_set(
        line, EL_GETCFN, +[](EditLine* of, wchar_t* into) { return self(of).next_character(of, into); });
    // The narrow form keeps copies of the names for ever.
    ::el_wset(
        line, EL_ADDFN, L"complete", L"complete the last word", +[](EditLine* of, wint_t) { return self(of).complete(of); });
    ::el_set(line, EL_BIND, "^I", "complete", nullptr);
    ::el_set(line, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    ::el_set(line, EL_BIND, "^W", "ed-delete-prev-word", nullptr);
  }

  static Editing& self(EditLine* line) {
    void* data = nullptr;
    ::el_get(line, EL_CLIENTDATA, &data);
    return *static_cast<Editing*>(data);
  }

  void set_reading(bool is_reading) {
    std::lock_guard lock(mutex_);
    is_reading_ = is_reading;
    drain(said_.get());
    if (!said_text_.empty()) std::fputs(said_text_.c_str(), stderr);
    said_text_.clear();
  }

  // 1: a character; 0: end of input, or broken off.
  int next_character(EditLine* line, wchar_t* into) {
    std::fflush(stderr);
    std::mbstate_t state{};
    while (true) {
      const auto byte = next_byte(line);
      if (!byte) {
        is_over_ = true;
        return 0;
      }
      const char one = *byte;
      const std::size_t length = std::mbrtowc(into, &one, 1, &state);
      if (length == static_cast<std::size_t>(-2)) continue;  // the rest of it is to come
      if (length != static_cast<std::size_t>(-1)) return 1;
      state = std::mbstate_t{};  // no character of this locale
    }
  }

  std::optional<char> next_byte(EditLine* line) {
    while (true) {
      if (bytes_.empty() && !read_more(line)) return std::nullopt;
      complete_sequence(line);
      const std::string_view marker = is_pasting_ ? paste_ends : paste_begins;
      if (std::string_view(bytes_).substr(0, marker.size()) == marker) {
        is_pasting_ = !is_pasting_;
        bytes_.erase(0, marker.size());
        continue;
      }
      const char byte = bytes_.front();
      bytes_.erase(0, 1);
      const bool is_control = static_cast<unsigned char>(byte) < ' ' || byte == 0x7f;
      if (!is_pasting_ || !is_control) return byte;
      if (byte == '\n' || byte == '\r' || byte == '\t') return ' ';  // no other control character is pasted
    }
  }

  // A marker may come in two pieces; the key Esc alone does not wait for long.
  void complete_sequence(EditLine* line) {
    const std::string_view marker = is_pasting_ ? paste_ends : paste_begins;
    while (bytes_.size() < marker.size() && marker.substr(0, bytes_.size()) == bytes_) {
      pollfd more{typed_.fd(), POLLIN, 0};
      if (::poll(&more, 1, rest_of_sequence_ms) <= 0 || !read_more(line)) return;
    }
  }

  bool read_more(EditLine* line) {
    while (true) {
      pollfd fds[] = {{typed_.fd(), POLLIN, 0}, {wake_.get(), POLLIN, 0}, {said_.get(), POLLIN, 0}};
      if (::poll(fds, 3, -1) < 0) continue;
      if (fds[1].revents) return false;
      if (fds[2].revents) put_above(line);
      if (!fds[0].revents) continue;
      const auto typed = typed_.what_is_there();
      if (!typed) continue;
      bytes_ += *typed;
      return !typed->empty();
    }
  }

  // The line that is being typed is taken away, and drawn anew below what is said.
  void put_above(EditLine* line) {
    std::lock_guard lock(mutex_);
    drain(said_.get());
    const int columns = static_cast<int>(terminal_columns(STDERR_FILENO));
    const LineInfo* info = ::el_line(line);
    const int before_cursor = columns_of(prompt_ + std::string(info->buffer, info->cursor));
    std::fputs("\r", stderr);
    if (const int rows = before_cursor / columns; rows > 0) std::fprintf(stderr, "\x1b[%dA", rows);
    std::fputs("\x1b[J", stderr);
    std::fputs(said_text_.c_str(), stderr);
    said_text_.clear();
    ::el_set(line, EL_REFRESH);
    std::fflush(stderr);
  }

  unsigned char complete(EditLine* line) {
    if (!completer_) return CC_ERROR;
    const LineInfo* info = ::el_line(line);
    const std::string typed(info->buffer, info->cursor);
    const std::vector<std::string> words = (*completer_)(typed);
    if (words.empty()) return CC_ERROR;
    const std::string word = typed.substr(typed.find_last_of(' ') + 1);
    std::string whole = common_beginning(words);
    if (words.size() == 1 && whole.back() != '/' && whole.back() != '=') whole += ' ';
    if (whole.size() > word.size()) {
      const std::string rest = whole.substr(word.size());
      return ::el_insertstr(line, rest.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    }
    if (words.size() == 1) return CC_ERROR;
    list(words);
    return CC_REDISPLAY;
  }

  static void list(const std::vector<std::string>& words) {
    std::fputs("\n", stderr);
    std::size_t width = 0;
    for (const std::string& word : words) width = std::max(width, word.size() + 2);
    const std::size_t in_a_row = std::max<std::size_t>(1, 78 / width);
    for (std::size_t i = 0; i < words.size(); ++i) {
      const bool is_last = i + 1 == words.size() || (i + 1) % in_a_row == 0;
      std::string shown = words[i];
      shown.resize(is_last ? shown.size() : width, ' ');
      std::fputs((shown + (is_last ? "\n" : "")).c_str(), stderr);
    }
  }

  const bool is_plain_;
  LineReader plain_;
  TypedInput typed_;
  Fd wake_, said_;
  History* history_;
  std::string history_file_, prompt_, bytes_;
  const Completer* completer_ = nullptr;
  bool is_pasting_ = false, is_over_ = false;
  std::atomic<bool> is_broken_off_{false};
  std::mutex mutex_;
  bool is_reading_ = false;  // with the next: by the mutex
  std::string said_text_;
};

LineEditor::LineEditor() : editing_(std::make_unique<Editing>()) {}
LineEditor::~LineEditor() = default;
void LineEditor::keep_history_in(const std::string& file) { editing_->keep_history_in(file); }
void LineEditor::remember(const std::string& line) { editing_->remember(line); }
std::optional<std::string> LineEditor::read_line(const std::string& prompt, const Completer& completer) {
  return editing_->read_line(prompt, completer);
}
void LineEditor::say_above(const std::string& text) { editing_->say_above(text); }
void LineEditor::break_off() { editing_->break_off(); }
void LineEditor::forget_break_off() { editing_->forget_break_off(); }
bool LineEditor::is_broken_off() const { return editing_->is_broken_off(); }

}  // namespace runbook
