#pragma once
// The one owner of standard error at a terminal: lines that stay, and below them a region that is drawn anew. One thread of its own
// writes; a terminal that takes nothing (Ctrl-S, a slow line) holds nobody up. At most ten writes a second, and none where nothing changed.
#include <termios.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/cells.h"
#include "os/fd.h"

namespace runbook {

class Console {
 public:
  explicit Console(int fd = 2);
  // What was said is written, the region is erased, the terminal is as it was. A terminal that takes nothing for a second is given up.
  ~Console();
  Console(const Console&) = delete;

  // One or more whole lines, into the scrollback above the region; any thread.
  void say(const std::string& text);

  // columns: of the widest line. rows: how many lines there may be, a third of the terminal's and at least four; more are left out.
  using Draw = std::function<std::vector<std::string>(int columns, int rows)>;
  // What stands below the scrollback; an empty function: nothing. Called on the console's own thread, once a second at least, so that
  // times go on. When this returns, the former one is not called any more. While it stands, keys don't show.
  void set_region(Draw draw);
  // The region may look otherwise now; any thread, never blocks on the terminal.
  void changed();

  // While somebody types, or a step has the terminal: when this returns the region is erased and all that was said is written. What is
  // said from then on goes to say_instead, on the console's thread, or is kept until reveal() if that is empty. May be nested.
  void hide(std::function<void(const std::string& text)> say_instead);
  // When the last one returns, say_instead is not called any more; it must not wait for what the caller holds.
  void reveal();

  // Of the terminal, as it is now.
  int columns() const { return size().columns; }
  Charset charset() const { return charset_; }
  bool has_colour() const { return has_colour_; }

 private:
  struct Size {
    int columns, rows;
    bool operator==(const Size&) const = default;
  };
  void work();
  void turn(std::unique_lock<std::mutex>& lock);
  void show(const std::string& said, const Draw& draw);
  std::string frame(const std::string& said, std::vector<std::string> lines, Size size);
  std::string way_to_the_top(Size size) const;
  void write_all(const std::string& bytes);
  bool wait_for_room();
  bool is_in_front() const;
  Size size() const;
  void mute_keys();
  void unmute_keys();

  int fd_;
  Fd own_;  // the same terminal, opened anew so that writing to it need not block; none where that is refused
  bool has_colour_;
  Charset charset_;
  Fd wake_writer_;  // rings when the end has come

  // The console's thread alone:
  std::vector<std::string> drawn_;  // what stands on the terminal, with the cursor on the line below
  Size drawn_at_{0, 0};
  bool is_gone_ = false;  // nothing can be written any more
  std::optional<termios> keys_before_;

  std::mutex mutex_;  // guards all below
  std::condition_variable woken_, turned_;
  std::string said_;
  std::shared_ptr<const Draw> draw_;
  std::function<void(const std::string&)> say_instead_;
  int hides_ = 0;
  bool is_hidden_ = false, has_changed_ = false, is_over_ = false, is_at_work_ = false;
  std::uint64_t turns_ = 0;
  std::thread thread_;
};

// Hides it as long as it lives; nothing with nullptr.
class Aside {
 public:
  Aside(Console* console, std::function<void(const std::string& text)> say_instead) : console_(console) {
    if (console_) console_->hide(std::move(say_instead));
  }
  ~Aside() {
    if (console_) console_->reveal();
  }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

 private:
  Console* console_;
};

}  // namespace runbook
