#include "report/html_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/duration.h"
#include "base/json.h"
#include "report/form_text.h"
#include "report/shown_output.h"

namespace runbook {

namespace {

constexpr std::int64_t most_of_a_block = 16 << 10, least_of_a_block = 200;
constexpr std::size_t long_text = 1200;
constexpr std::ptrdiff_t many_lines = 24;

struct StateMark {
  std::string_view state;
  Markup begin;
};

// By its word and by its shape, which the style gives it.
constexpr std::array<StateMark, 16> state_marks = {{{"succeeded", "<b class=\"st ok\">"},
                                                    {"satisfied", "<b class=\"st held\">"},
                                                    {"skipped", "<b class=\"st skip\">"},
                                                    {"failed", "<b class=\"st bad\">"},
                                                    {"not_started", "<b class=\"st bad\">"},
                                                    {"timed_out", "<b class=\"st bad\">"},
                                                    {"tripped", "<b class=\"st bad\">"},
                                                    {"bad", "<b class=\"st bad\">"},
                                                    {"crashed", "<b class=\"st bad\">"},
                                                    {"in_doubt", "<b class=\"st doubt\">"},
                                                    {"unknown", "<b class=\"st doubt\">"},
                                                    {"undone", "<b class=\"st undone\">"},
                                                    {"cancelled", "<b class=\"st stop\">"},
                                                    {"waiting", "<b class=\"st wait\">"},
                                                    {"running", "<b class=\"st run\">"},
                                                    {"good", "<b class=\"st ok\">"}}};

// An address that a browser may be sent to: nothing but the web, and nothing in it that could be read otherwise than it is written.
bool is_plain_web_address(const std::string& url) {
  const bool is_web = url.starts_with("https://") || url.starts_with("http://");
  return is_web && std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

void write_excerpt(HtmlPage& page, const std::string& text) {
  const std::int64_t most = std::clamp(page.room, least_of_a_block, most_of_a_block);
  const Excerpt part = excerpt(text, most);
  page.room -= std::min<std::int64_t>(static_cast<std::int64_t>(text.size()), most);
  page.out << "<pre>" << ShownBetweenTags{part.head};
  if (part.left_out > 0)
    page.out << "<i class=\"cut\">" << Shown{size_text(part.left_out)} << " left out here</i>" << ShownBetweenTags{part.tail};
  page.out << "</pre>";
}

}  // namespace

void begin_part(HtmlPage& page, Markup id, Markup name) {
  page.out << "<section id=\"" << id << "\" aria-labelledby=\"h-" << id << "\"><h2 id=\"h-" << id << "\">" << name << "</h2>\n";
}

void end_part(HtmlPage& page) { page.out << "</section>\n"; }

void begin_table(HtmlPage& page, Markup caption) { page.out << "<table><caption>" << caption << "</caption><thead><tr>"; }

void end_table(HtmlPage& page) { page.out << "</tbody></table>\n"; }

void write_time(HtmlPage& page, std::int64_t at_ms) {
  const std::string utc = utc_text(at_ms), date = utc.substr(0, 10), time = utc.substr(11, 8);
  page.out << "<time datetime=\"" << Shown{utc} << "\">" << Shown{date} << " " << Shown{time} << " UTC</time>";
  if (!page.has_local_times) return;
  const std::string local = local_text(at_ms);
  page.out << " <i>" << Shown{local.starts_with(date) ? local.substr(11) : local} << "</i>";
}

void write_times(HtmlPage& page, std::int64_t from_ms, std::int64_t to_ms) {
  write_time(page, from_ms);
  if (to_ms == 0) {
    page.out << ", not ended";
    return;
  }
  const std::string from = utc_text(from_ms), to = utc_text(to_ms);
  const bool is_same_day = from.substr(0, 10) == to.substr(0, 10);
  page.out << " to <time datetime=\"" << Shown{to} << "\">";
  if (!is_same_day) page.out << Shown{to.substr(0, 10)} << " ";
  page.out << Shown{to.substr(11, 8)} << "</time>, " << Shown{elapsed_text(to_ms - from_ms)};
}

void write_state(HtmlPage& page, std::string_view state) {
  const auto found =
      std::find_if(state_marks.begin(), state_marks.end(), [&](const StateMark& each) { return each.state == state; });
  page.out << (found == state_marks.end() ? Markup("<b class=\"st\">") : found->begin) << Shown{in_words(state)} << "</b>";
}

void write_step_link(HtmlPage& page, const std::string& instance) {
  const auto found = page.positions.find(instance);
  if (instance.empty()) return;
  if (found == page.positions.end()) page.out << "<code>" << Shown{instance} << "</code>";
  else page.out << "<a href=\"#s" << found->second << "\">" << Shown{instance} << "</a>";
}

void write_fact(HtmlPage& page, Markup name, std::string_view text) {
  if (!text.empty()) page.out << "<dt>" << name << "</dt><dd>" << Shown{text} << "</dd>";
}

void write_code_fact(HtmlPage& page, Markup name, std::string_view text) {
  if (!text.empty()) page.out << "<dt>" << name << "</dt><dd><code>" << Shown{text} << "</code></dd>";
}

void write_block(HtmlPage& page, Markup name, const std::string& text) {
  const bool is_long = text.size() > long_text || std::count(text.begin(), text.end(), '\n') > many_lines;
  if (is_long)
    page.out << "<details class=\"x\"><summary>" << name << ", " << Shown{size_text(static_cast<std::int64_t>(text.size()))}
             << "</summary>";
  else page.out << "<p class=\"h\">" << name << "</p>";
  write_excerpt(page, text);
  if (is_long) page.out << "</details>";
}

void write_values(HtmlPage& page, Markup name, const Value& values) {
  if (values.is_null()) return;
  if (!values.is_map()) return write_block(page, name, values.is_text() ? values.as_text() : to_pretty_json(values));
  std::string text;
  for (const auto& [member, value] : values.as_map()) {
    const std::string shown = value.is_map() ? to_pretty_json(value) : text_or_json(value);
    text += fmt::format("{}{} = {}", text.empty() ? "" : "\n", member, shown);
  }
  if (!text.empty()) write_block(page, name, text);
}

void write_evidence(HtmlPage& page, const Value& evidence) {
  if (!evidence.is_list() || evidence.as_list().empty()) return;
  page.out << "<ul class=\"ev\">";
  for (const Value& piece : evidence.as_list()) {
    const std::string url = piece.text_or("url", "");
    page.out << "<li>";
    if (is_plain_web_address(url))
      page.out << "<a rel=\"noopener noreferrer nofollow\" href=\"" << Shown{url} << "\">" << Shown{url} << "</a>";
    else page.out << Shown{evidence_line(piece)};
    page.out << "</li>";
  }
  page.out << "</ul>";
}

std::string size_text(std::int64_t bytes) {
  constexpr std::int64_t kilo = 1024, mega = 1024 * kilo;
  if (bytes < kilo) return fmt::format("{} byte{}", bytes, bytes == 1 ? "" : "s");
  if (bytes < mega) return fmt::format("{} KB", (bytes + kilo / 2) / kilo);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / static_cast<double>(mega));
}

}  // namespace runbook
