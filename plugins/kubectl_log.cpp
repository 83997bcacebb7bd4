#include "plugins/kubectl_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace runbook {

namespace {

// As text: "log 2026-01-01T00:00:00.5Z 2 0", where times are asked for by the person "times ...". Without a line so far the word alone.
struct Position {
  bool shows_times = false;
  std::string time;        // of the last line, as it was written; "": there is none
  std::int64_t lines = 0;  // so many of that time
  std::int64_t again = 0;  // so many of them have come again in this look; all of them where it goes on
};

std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::int64_t number_of(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::optional<Position> parse(const std::string& text) {
  const std::vector<std::string> parts = parts_of(text);
  if (parts.empty()) return std::nullopt;
  Position position;
  position.shows_times = parts[0] == "times";
  if (parts.size() < 4) return position;
  position.time = parts[1];
  position.lines = number_of(parts[2]);
  position.again = number_of(parts[3]);
  return position;
}

std::string text_of(const Position& position) {
  const char* mode = position.shows_times ? "times" : "log";
  return position.time.empty() ? mode : fmt::format("{} {} {} {}", mode, position.time, position.lines, position.again);
}

// RFC 3339 in UTC, with as many digits of a second as the runtime wrote: of one length they stand in the order of time.
bool is_time(std::string_view word) {
  return word.size() >= 20 && word[4] == '-' && word[7] == '-' && word[10] == 'T' && word[13] == ':' && word[16] == ':' &&
         word.ends_with('Z');
}

// The digits behind the point padded: 00:00:00Z, 00:00:00.5Z and 00:00:00.500000000Z can be compared.
std::string comparable(std::string_view time) {
  std::string digits(time.substr(0, time.size() - 1));
  if (digits.size() == 19) digits += '.';
  digits.resize(std::max<std::size_t>(digits.size(), 29), '0');
  return digits;
}

bool is_of_one_container(const KubectlWords& words) {
  if (words.verb_text() != "logs" || !words.is_on("follow")) return false;
  for (const char* several : {"selector", "all-containers", "all-pods", "prefix"}) {
    if (words.find(several)) return false;
  }
  return true;
}

}  // namespace

std::string log_position(const KubectlWords& words, const std::string& stopped_at) {
  if (!is_of_one_container(words)) return {};
  Position position = parse(stopped_at).value_or(Position());
  position.shows_times = words.is_on("timestamps");
  position.again = 0;
  return text_of(position);
}

std::vector<std::string> log_words_from(const KubectlWords& read, std::vector<std::string> words, const std::string& position) {
  if (!is_of_one_container(read)) return words;
  const std::optional<Position> at = parse(position);
  std::vector<std::string> kept;
  // Where it begins anew is known better than by what the person said for the first look.
  const auto is_begin = [&](std::size_t word) {
    return std::any_of(read.flags.begin(), read.flags.end(), [&](const KubectlFlag& flag) {
      const bool names_begin = flag.name == "since" || flag.name == "since-time" || flag.name == "tail";
      const bool has_own_word = flag.value && words[flag.at].find('=') == std::string::npos;
      return names_begin && (word == flag.at || (has_own_word && word == flag.at + 1));
    });
  };
  const bool is_taken_up = at && !at->time.empty();
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!is_taken_up || !is_begin(i)) kept.push_back(words[i]);
  }
  if (!read.is_on("timestamps")) kept.emplace_back("--timestamps");
  if (is_taken_up) kept.push_back("--since-time=" + at->time);
  return kept;
}

FollowedLine line_of_log(std::string_view line, const std::string& position) {
  std::optional<Position> at = parse(position);
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view time = line.substr(0, end);
  if (!at || !is_time(time)) return {std::string(line), position, false};
  const std::string_view text = at->shows_times ? line : line.substr(std::min(end + 1, line.size()));
  const int order = at->time.empty() ? 1 : comparable(time).compare(comparable(at->time));
  if (order < 0) return {std::string(text), position, true};
  const bool is_known = order == 0 && at->again < at->lines;
  if (order > 0) at->time = time, at->lines = at->again = 0;
  at->again += 1;
  at->lines = std::max(at->lines, at->again);
  return {std::string(text), text_of(*at), is_known};
}

}  // namespace runbook
