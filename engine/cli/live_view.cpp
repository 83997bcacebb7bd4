#include "cli/live_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/lines.h"

namespace runbook {

namespace {

constexpr std::size_t margin = 2;                   // before what belongs to the step above
constexpr std::size_t widest_id = 32;               // behind it ids are cut
constexpr std::size_t narrowest_column = 48;        // of steps side by side
constexpr std::size_t farthest_to_the_right = 120;  // where times end: the eye finds them
constexpr std::size_t most_lines_of_output = 6;     // of one step

struct Mark {
  std::string_view word, sign, ascii, colour;
};
// Each word has a sign of its own; colour only repeats it.
constexpr std::array<Mark, 18> marks{{
    {"done", "✓", "+", "32"},
    {"satisfied", "✓", "+", "32"},
    {"good again", "✓", "+", "32"},
    {"undone", "↶", "<", "32"},
    {"skipped", "↷", "-", "2"},
    {"failed", "✗", "x", "31"},
    {"tripped", "✗", "x", "31"},
    {"bad", "✗", "x", "31"},
    {"in doubt", "?", "?", "31"},
    {"cancelled", "✗", "x", "33"},
    {"again", "↻", "@", "33"},
    {"goes on", "▸", ">", "36"},
    {"running", "▸", ">", "36"},
    {"looking", "◎", "o", "36"},
    {"waiting", "◎", "o", "33"},
    {"asks", "?", "?", "33"},
    {"undoing", "↶", "<", "36"},
    {"next", "·", ".", "2"},
}};

std::string painted(std::string_view colour, const std::string& text, const Screen& screen) {
  if (screen.paint == Paint::none || text.empty()) return text;
  return fmt::format("\x1b[{}m{}\x1b[0m", colour, text);
}
std::string dim(const std::string& text, const Screen& screen) { return painted("2", text, screen); }

// By the second, and coarser as it grows: it changes no more often than it must.
std::string time_text(std::int64_t ms) {
  const std::int64_t seconds = std::max<std::int64_t>(ms, 0) / 1000, minutes = seconds / 60, hours = minutes / 60;
  if (minutes == 0) return fmt::format("{}s", seconds);
  if (hours == 0) return fmt::format("{}m {:02}s", minutes, seconds % 60);
  if (hours < 24) return fmt::format("{}h {:02}m", hours, minutes % 60);
  return fmt::format("{}d {:02}h", hours / 24, hours % 24);
}

// An expectation is no measurement: two digits of it are enough.
std::string about_text(std::int64_t ms) {
  const std::int64_t seconds = (std::max<std::int64_t>(ms, 0) + 500) / 1000, minutes = (seconds + 30) / 60;
  if (seconds < 1) return "less than 1s";
  if (seconds < 100) return fmt::format("{}s", seconds);
  if (minutes < 100) return fmt::format("{}m", minutes);
  if (minutes < 48 * 60) return fmt::format("{}h {:02}m", minutes / 60, minutes % 60);
  return fmt::format("{}d", minutes / 60 / 24);
}

class View {
 public:
  View(const LivePicture& picture, std::int64_t now_ms, const Screen& screen)
      : picture_(picture), now_ms_(now_ms), screen_(screen), columns_(static_cast<std::size_t>(std::max(screen.columns, 1))) {}

  std::vector<std::string> lines() {
    head();
    const std::size_t rows = static_cast<std::size_t>(std::max(screen_.rows, 1));
    const bool has_next = !picture_.next.empty() && rows > lines_.size() + picture_.doings.size();
    const std::size_t room = rows - std::min(rows, lines_.size() + (has_next ? 1 : 0));
    steps(room);
    if (has_next) next();
    return std::move(lines_);
  }

 private:
  using Block = std::vector<std::string>;

  bool is_utf8() const { return screen_.charset == Charset::utf8; }
  std::string_view dot() const { return is_utf8() ? " · " : ", "; }
  std::string cut(const std::string& text, std::size_t cells) const { return cut_to_cells(text, cells, screen_.charset); }
  std::string line_of(const std::string& text) const { return harmless(text, screen_.charset); }

  std::string rule(std::size_t cells) const {
    std::string text;
    for (std::size_t i = 0; i < cells; ++i) text += is_utf8() ? "─" : "-";
    return dim(text, screen_);
  }

  // ── title · run · targets ─────────── step 6 of 12 · 12m 04s · about 31m left ──
  void head() {
    const std::string right = progress();
    const std::size_t ends = 4 + 4 + 2;  // the rule at both ends and between, with blanks
    const std::size_t room = columns_ - std::min(columns_, cells_of(right) + ends);
    std::string title = line_of(picture_.title), more;
    const std::string targets = line_of(fmt::format("{}", fmt::join(picture_.targets, dot())));
    const std::string run = std::string(dot()) + picture_.run;
    if (cells_of(title) + cells_of(run) <= room) more = run;
    const std::string on = std::string(dot()) + targets;
    const bool has_targets_in_head = !targets.empty() && !more.empty() && cells_of(title + more + on) <= room;
    if (has_targets_in_head) more += on;
    title = cut(title, room);
    const std::size_t used = cells_of(title) + cells_of(more) + cells_of(right) + ends - 2;
    lines_.push_back(rule(2) + " " + painted("1", title, screen_) + dim(more, screen_) + " " +
                     rule(columns_ - std::min(columns_, used)) + " " + right + " " + rule(2));
    if (!targets.empty() && !has_targets_in_head) lines_.push_back(cut("   " + targets, columns_));
  }

  std::string progress() const {
    std::vector<std::string> parts;
    if (picture_.course == LivePicture::Course::cancelling) parts.emplace_back("cancelling");
    if (picture_.course == LivePicture::Course::undoing) parts.emplace_back("undoing");
    if (const std::string steps = steps_at_work(); !steps.empty()) parts.push_back(steps);
    parts.push_back(time_text(now_ms_ - picture_.began_at_ms));
    const Rest& rest = picture_.rest;
    if (rest.knows_any) parts.push_back(fmt::format("{} {} left", rest.lacks_some ? "at least" : "about", about_text(rest.ms)));
    return fmt::format("{}", fmt::join(parts, dot()));
  }

  std::string steps_at_work() const {
    std::vector<std::size_t> numbers;
    for (const Doing& doing : picture_.doings) numbers.push_back(doing.number);
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    if (numbers.empty()) return {};
    if (numbers.size() > 3) return fmt::format("{} of {} steps at work", numbers.size(), picture_.steps);
    return fmt::format("step{} {} of {}", numbers.size() == 1 ? "" : "s", fmt::join(numbers, ", "), picture_.steps);
  }

  void next() {
    const std::string blanks(position_text(0, picture_.steps).size() + 1, ' ');
    const std::string names = line_of(fmt::format("{}", fmt::join(picture_.next, ", ")));
    lines_.push_back(cut(blanks + marked_word("next", screen_) + " " + dim(names, screen_), columns_));
  }

  void steps(std::size_t room) {
    const std::vector<Doing>& doings = picture_.doings;
    if (doings.empty() || room == 0) return;
    const std::size_t beside = (columns_ + 3) / (narrowest_column + 3);
    if (doings.size() > 1 && doings.size() <= beside) return side_by_side(room);
    std::size_t shown = std::min(doings.size(), room);
    if (shown < doings.size()) --shown;
    const std::vector<std::size_t> shares = shares_of(room - (shown < doings.size() ? 1 : 0), shown);
    for (std::size_t i = 0; i < shown; ++i)
      for (std::string& line : block(doings[i], columns_, shares[i])) lines_.push_back(std::move(line));
    if (shown < doings.size()) lines_.push_back(and_more(shown));
  }

  // A line for each, and what is left to those that have something to say.
  std::vector<std::size_t> shares_of(std::size_t room, std::size_t count) const {
    std::vector<std::size_t> shares(count, 1), wanted;
    for (std::size_t i = 0; i < count; ++i) wanted.push_back(block(picture_.doings[i], columns_, room).size());
    std::size_t left = room - std::min(room, count);
    for (bool goes_on = true; goes_on && left > 0;) {
      goes_on = false;
      for (std::size_t i = 0; i < count && left > 0; ++i) {
        if (shares[i] >= wanted[i]) continue;
        ++shares[i];
        --left;
        goes_on = true;
      }
    }
    return shares;
  }

  std::string and_more(std::size_t shown) const {
    std::vector<std::string> names;
    for (std::size_t i = shown; i < picture_.doings.size(); ++i) names.push_back(line_of(picture_.doings[i].instance));
    const std::string blanks(position_text(0, picture_.steps).size() + 1, ' ');
    return cut(fmt::format("{}and {} more: {}", blanks, names.size(), fmt::join(names, ", ")), columns_);
  }

  void side_by_side(std::size_t room) {
    const std::size_t count = picture_.doings.size(), width = (columns_ - 3 * (count - 1)) / count;
    std::vector<Block> blocks;
    std::size_t height = 0;
    for (const Doing& doing : picture_.doings) {
      blocks.push_back(block(doing, width, room));
      height = std::max(height, blocks.back().size());
    }
    const std::string border = dim(is_utf8() ? " │ " : " | ", screen_);
    for (std::size_t row = 0; row < height; ++row) {
      std::string line;
      for (std::size_t i = 0; i < count; ++i) {
        const std::string text = row < blocks[i].size() ? blocks[i][row] : std::string();
        line += (i == 0 ? "" : border) + (i + 1 < count ? fitted_to_cells(text, width, screen_.charset) : cut(text, width));
      }
      lines_.push_back(std::move(line));
    }
  }

  // What stands of one step, in at most so many lines: it is at least its own.
  Block block(const Doing& doing, std::size_t width, std::size_t most) const {
    const std::string blanks(position_text(0, picture_.steps).size() + 1 + margin, ' ');
    const std::string times = times_of(doing);
    Block lines{step_line(doing, width)};
    const std::size_t needed = cells_of(lines[0]) + 2 + cells_of(times);
    const bool fits_beside = needed <= width;
    if (fits_beside) {
      const std::string gap(std::max(needed, std::min(width, farthest_to_the_right)) - needed + 2, ' ');
      lines[0] += gap + dim(times, screen_);
    }
    std::vector<std::string> details;
    if (!fits_beside) details.push_back(times);
    if (!doing.note.empty()) details.push_back(line_of(doing.note));
    if (doing.looks > 0) details.push_back(looks_of(doing));
    for (const std::string& detail : details)
      if (lines.size() < most) lines.push_back(cut(blanks + dim(detail, screen_), width));
    const std::string bar = dim(is_utf8() ? "│ " : "| ", screen_);
    for (const std::string& line : last_lines(doing.tail, std::min(most - lines.size(), most_lines_of_output), screen_.charset))
      lines.push_back(cut(blanks + bar + line, width));
    return lines;
  }

  // The title gives way first.
  std::string step_line(const Doing& doing, std::size_t width) const {
    const std::string begin = position_text(doing.number, picture_.steps) + " " + marked_word(word_of(doing), screen_) + " ";
    std::string id = line_of(doing.instance);
    if (const std::size_t end = id.rfind(":undo"); end != std::string::npos) id.resize(end);
    const std::size_t ids = std::min(widest_id, std::max<std::size_t>(12, width / 4));
    std::string text = begin + fitted_to_cells(id, std::min(ids, id_width(ids)), screen_.charset) + "  ";
    const std::size_t room = width - std::min(width, cells_of(text));
    text += has_room_for_sections(room) ? titles_of(doing) : cut(line_of(doing.title), room);
    return cut(text, width);
  }

  std::string titles_of(const Doing& doing) const {
    const std::string_view joint = doing.around.empty() ? "" : is_utf8() ? " › " : " > ";
    std::string around = doing.around;
    for (std::size_t at = 0; !is_utf8() && (at = around.find("›")) != std::string::npos;) around.replace(at, 3, ">");
    return line_of(around) + std::string(joint) + line_of(doing.title);
  }

  // Of all steps or of none.
  bool has_room_for_sections(std::size_t room) const {
    return std::all_of(picture_.doings.begin(), picture_.doings.end(),
                       [&](const Doing& doing) { return cells_of(titles_of(doing)) <= room; });
  }

  std::size_t id_width(std::size_t most) const {
    std::size_t width = 0;
    for (const Doing& doing : picture_.doings) {
      const bool is_undo = doing.what == Doing::What::undoes;
      width = std::max(width, cells_of(line_of(doing.instance)) - (is_undo ? 5 : 0));
    }
    return std::min(width, most);
  }

  static std::string_view word_of(const Doing& doing) {
    switch (doing.what) {
      case Doing::What::runs: return "running";
      case Doing::What::looks: return "looking";
      case Doing::What::waits: return "waiting";
      case Doing::What::retries: return "again";
      case Doing::What::asks: return "asks";
      case Doing::What::in_doubt: return "in doubt";
      case Doing::What::undoes: return "undoing";
    }
    return {};
  }

  std::string times_of(const Doing& doing) const {
    if (doing.what == Doing::What::retries && doing.until_ms)
      return fmt::format("try {} in {}", doing.attempt + 1, time_text(*doing.until_ms - now_ms_ + 999));
    std::string text = time_text(now_ms_ - doing.since_ms);
    if (doing.attempt > 1) text = fmt::format("try {}, {}", doing.attempt, text);
    const bool has_end = doing.until_ms && *doing.until_ms > doing.since_ms && doing.what != Doing::What::asks;
    if (has_end) text += fmt::format(" of at most {}", about_text(*doing.until_ms - doing.since_ms));
    if (!doing.past || doing.past->times == 0 || doing.past->most_ms < 1000) return text;
    const std::string typical = about_text(doing.past->typical_ms), most = about_text(doing.past->most_ms);
    text += fmt::format(", typically {}", typical);
    return most == typical ? text : text + fmt::format(", up to {}", most);
  }

  std::string looks_of(const Doing& doing) const {
    const std::string times = doing.looks == 1 ? "once" : fmt::format("{} times", doing.looks);
    return fmt::format("looked {}, saw last: {}", times, line_of(doing.saw));
  }

  const LivePicture& picture_;
  std::int64_t now_ms_;
  const Screen& screen_;
  std::size_t columns_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> live_lines(const LivePicture& picture, std::int64_t now_ms, const Screen& screen) {
  return View(picture, now_ms, screen).lines();
}

std::string position_text(std::size_t number, std::size_t steps) {
  const std::string total = std::to_string(steps);
  return fmt::format("[{:>{}}/{}]", number, total.size(), total);
}

std::string marked_word(std::string_view word, const Screen& screen) {
  const auto mark = std::find_if(marks.begin(), marks.end(), [&](const Mark& each) { return each.word == word; });
  if (mark == marks.end()) return fmt::format("  {:<10}", word);
  const std::string_view sign = screen.charset == Charset::utf8 ? mark->sign : mark->ascii;
  return painted(mark->colour, fmt::format("{} {:<10}", sign, word), screen);
}

std::vector<std::string> last_lines(const std::string& tail, std::size_t most, Charset charset) {
  std::vector<std::string> lines;
  const std::vector<std::string_view> all = lines_of(tail);
  for (auto each = all.rbegin(); each != all.rend() && lines.size() < most; ++each) {
    std::string_view line = *each;
    while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (const auto replaced = line.rfind('\r'); replaced != std::string_view::npos) line.remove_prefix(replaced + 1);
    std::string shown = harmless(line, charset);
    if (shown.find_first_not_of(' ') != std::string::npos) lines.push_back(std::move(shown));
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

}  // namespace runbook
