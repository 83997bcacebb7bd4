#pragma once
// What a program has made of the screen and the keyboard by what it wrote: the alternate screen, a hidden cursor, mouse and paste
// reports. Should it end, or be left, without having taken that back, it is taken back here. One thread.
#include <map>
#include <string>
#include <string_view>

namespace runbook {

class ScreenModes {
 public:
  void feed(std::string_view written);
  // What takes back all that is not as at first, and begins a new line if one stands begun; "" if there is nothing.
  std::string undone() const;
  // What makes it so again.
  std::string redone() const;

 private:
  enum class Place { text, escape, sequence };
  void feed_one(char byte);
  void end_sequence(char last);
  void set_private(std::string_view numbers, bool is_on);

  Place place_ = Place::text;
  std::string sequence_;         // between ESC [ and its last byte
  std::map<int, bool> modes_;    // DEC private modes that are not as at first
  bool has_keypad_ = false;      // application keypad
  bool has_attributes_ = false;  // colours, bold
  bool reports_keys_ = false;    // modifyOtherKeys of xterm
  int keyboards_ = 0;            // pushed by the kitty keyboard protocol
  bool is_line_begun_ = false;
};

}  // namespace runbook
