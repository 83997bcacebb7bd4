#pragma once
// Where moments stand on an axis on which long rests are cut short, so that the minutes of work between them can be told apart.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace runbook {

struct TimeSpan {
  std::int64_t from_ms = 0, to_ms = 0;
};

class TimeScale {
 public:
  // A rest that is cut short.
  struct Break {
    TimeSpan span;
    double from = 0, to = 0;
  };
  struct Tick {
    double place = 0;
    std::string label;          // UTC; "": a line alone
    bool is_essential = false;  // its label stays where there is little room
  };

  // Of `whole`; what lies outside of every span of `busy` is rest.
  TimeScale(TimeSpan whole, std::vector<TimeSpan> busy);

  // 0 at the beginning, 1 at the end; moments beyond stand there too.
  double place(std::int64_t at_ms) const;
  const std::vector<Break>& breaks() const { return breaks_; }
  std::vector<Tick> ticks() const;

 private:
  // From here on a millisecond has this width.
  struct Piece {
    std::int64_t from_ms = 0;
    double from = 0, per_ms = 0;
    bool is_break = false;
  };

  void lay_out(const std::vector<TimeSpan>& rests, std::int64_t longest);
  void add(std::int64_t from_ms, double per_ms, bool is_break);
  void add_ticks(std::vector<Tick>& ticks, std::size_t piece, std::int64_t step_ms) const;

  TimeSpan whole_;
  std::vector<Piece> pieces_;
  std::vector<Break> breaks_;
};

}  // namespace runbook
