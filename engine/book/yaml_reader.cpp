#include "book/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <optional>
#include <streambuf>
#include <unordered_map>

#include "base/utf8.h"
#include "book/problems.h"
#include "book/yaml_cause.h"

namespace runbook {
namespace {

constexpr std::size_t deepest = 100;
// Bounds what a file of a given size may cost: a value needs much more memory than its text.
constexpr std::size_t most_nodes = 1'500'000;
constexpr std::size_t most_entries = 100'000;
constexpr std::size_t most_nodes_of_aliases = 100'000;
constexpr std::size_t most_bytes_of_aliases = 10'000'000;
constexpr std::size_t most_marks_of_a_line = 500'000;
constexpr std::size_t most_repeated_keys = 1000;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view marks_of_tokens = ",[]{}\"'";  // the parser holds those of a line all at once

// Ends the reading at the first problem after which nothing else would make sense.
struct Refused {};

// Places of ascending offsets, each in the time of the way from the one before: a file may be one long line.
class PlaceCursor {
 public:
  explicit PlaceCursor(std::string_view text) : text_(text) {}

  Place at(std::size_t offset) {
    if (offset < offset_) *this = PlaceCursor(text_);
    while (offset_ < offset && offset_ < text_.size()) {
      const std::size_t length = code_point_at(text_, offset_).length;
      const bool ends_line = text_[offset_] == '\n';
      place_ = ends_line ? Place{place_.line + 1, 1} : Place{place_.line, place_.column + 1};
      offset_ += length;
    }
    return place_;
  }

 private:
  std::string_view text_;
  std::size_t offset_ = 0;
  Place place_ = {1, 1};
};

// Of a node and all that it holds, aliases expanded.
struct Extent {
  std::size_t nodes = 1;
  std::size_t bytes = 0;  // of their texts
  std::size_t height = 0;
};

// What an alias repeats.
struct Anchored {
  NodePtr node;  // nullptr: it is still being read
  Extent extent;
};

std::size_t offset_of_mark(const YAML::Mark& mark, std::size_t start) {
  return start + (mark.pos < 0 ? 0 : static_cast<std::size_t>(mark.pos));
}

class NodeBuilder : public YAML::EventHandler {
 public:
  // The parser's marks count from `start`, behind the byte order mark.
  NodeBuilder(std::string_view text, std::size_t start, std::vector<Diagnostic>& problems)
      : text_(text), start_(start), cursor_(text), problems_(problems) {}

  NodePtr root() const { return root_; }
  const ReadingState& state() const { return state_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    refuse_second_document(offset_of(mark));
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const std::size_t offset = properties_end(offset_of(mark));
    add(make_node(Node::Kind::null, begins_null(offset) ? cursor_.at(offset) : place_of_missing(offset)), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Place place = cursor_.at(offset_of(mark));
    const Anchored& anchored = anchors_[anchor];
    if (!anchored.node) refuse(place, "an alias can't stand inside what it repeats");
    nodes_of_aliases_ += anchored.extent.nodes;
    bytes_of_aliases_ += anchored.extent.bytes;
    if (nodes_of_aliases_ > most_nodes_of_aliases)
      refuse(place, fmt::format("the aliases of this file expand to more than {} values", most_nodes_of_aliases));
    if (bytes_of_aliases_ > most_bytes_of_aliases)
      refuse(place, fmt::format("the aliases of this file expand to more than {} bytes of text", most_bytes_of_aliases));
    if (frames_.size() + anchored.extent.height > deepest) refuse_depth(place);
    if (expects_key()) refuse(place, "an alias can't be a key");
    put(anchored.node, anchored.extent);
  }

  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, const std::string& value) override {
    const std::size_t offset = properties_end(offset_of(mark));
    const char first = offset < text_.size() ? text_[offset] : '\0';
    state_.last_scalar = offset;
    if (first == '"' || first == '\'') require_closing_quote(offset);
    if (expects_key()) return set_key(offset, value);
    NodePtr node = make_node(Node::Kind::scalar, cursor_.at(offset));
    node->block = first == '|' || first == '>';
    node->quoted = node->block || first == '"' || first == '\'';
    node->text = value;
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    NodePtr node;
    YAML::anchor_t anchor = 0;
    Extent extent{1, 0, 1};
    bool has_key = false;                                    // of a map: its value comes next
    bool is_repeated = false;                                // the key stands there already, its value is dropped
    std::unordered_map<std::string, std::size_t> positions;  // of the keys, once the map is large
  };

  std::size_t offset_of(const YAML::Mark& mark) const { return offset_of_mark(mark, start_); }

  bool expects_key() const {
    return !frames_.empty() && frames_.back().node->kind == Node::Kind::map && !frames_.back().has_key;
  }

  void report(Place place, std::string message, std::string hint = {}, int length = 1) {
    problems_.push_back(in_short({Diagnostic::Severity::error, place, length, std::move(message), std::move(hint)}));
  }
  [[noreturn]] void refuse(Place place, std::string message, std::string hint = {}) {
    report(place, std::move(message), std::move(hint));
    throw Refused();
  }
  [[noreturn]] void refuse_depth(Place place) { refuse(place, fmt::format("values nest deeper than {} levels", deepest)); }

  [[noreturn]] void refuse_size(Place place) {
    refuse(place, fmt::format("a list or a map holds at most {} entries", most_entries));
  }

  NodePtr make_node(Node::Kind kind, Place place) {
    if (++nodes_ > most_nodes) refuse(place, fmt::format("a file holds at most {} values", most_nodes));
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->place = place;
    return node;
  }

  [[noreturn]] void refuse_second_document(std::size_t offset) {
    const std::size_t marker = text_.substr(0, offset + 3).rfind("\n---");
    if (text_.substr(offset).starts_with("---") || (marker != std::string_view::npos && marker + 4 >= offset))
      refuse(cursor_.at(offset), "a second document begins here: a file holds one runbook", "give each its own file");
    refuse(cursor_.at(offset), "this does not continue what stands above: the file's first value has ended",
           "check the indentation of this line and of the one above");
  }

  // Behind `&anchor`; a tag is refused.
  std::size_t properties_end(std::size_t offset) {
    while (offset < text_.size() && (text_[offset] == '&' || text_[offset] == '!')) {
      if (text_[offset] == '!') refuse_tag(offset);
      offset = std::min(text_.find_first_of(blanks, offset), text_.size());
      offset = std::min(text_.find_first_not_of(blanks, offset), text_.size());
    }
    return offset;
  }

  [[noreturn]] void refuse_tag(std::size_t offset) {
    const std::string_view line = text_.substr(offset, text_.find_first_of("\r\n", offset) - offset);
    const bool has_quotes = line.find('\'') != std::string_view::npos;
    refuse(cursor_.at(offset), "YAML reads `!` at the beginning of a value as a tag, and drops it",
           has_quotes ? "put the value into quotes, or on a line of its own after `|`" : fmt::format("write '{}'", line));
  }

  void require_closing_quote(std::size_t offset) {
    const std::size_t end = end_of_quoted(text_, offset);
    if (end == std::string_view::npos)
      refuse(cursor_.at(offset), fmt::format("the quote `{}` is never closed", text_[offset]),
             "close it at the end of the value");
    if (text_.substr(offset, end - offset).find('\n') != std::string_view::npos) state_.last_long_quote = offset;
  }

  bool begins_null(std::size_t offset) const {
    for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
      if (text_.substr(offset).starts_with(word)) return true;
    }
    return false;
  }

  // The parser's mark of a missing value is wherever the next token stands.
  Place place_of_missing(std::size_t offset) {
    if (!frames_.empty() && frames_.back().node->kind == Node::Kind::map && !frames_.back().node->members.empty())
      return frames_.back().node->members.back().key_place;
    const std::size_t before = offset == 0 ? std::string_view::npos : text_.find_last_not_of(blanks, offset - 1);
    return cursor_.at(before == std::string_view::npos ? 0 : before);
  }

  void open(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    const std::size_t offset = offset_of(mark);
    if (offset < text_.size() && text_[offset] == '!') refuse_tag(offset);
    const Place place = cursor_.at(offset);
    if (expects_key()) refuse_key(place, offset);
    if (frames_.size() >= deepest) refuse_depth(place);
    if (anchor) anchors_[anchor] = {};
    frames_.push_back({make_node(kind, place), anchor, {1, 0, 1}, false, false, {}});
    state_.open.push_back(offset);
  }

  [[noreturn]] void refuse_key(Place place, std::size_t offset) {
    if (text_.substr(offset > 0 ? offset - 1 : 0).starts_with("{{"))
      refuse(place, "YAML reads `{{` as a map inside a map",
             "put the value into quotes; an expression is written \"${{ ... }}\"");
    // The parser takes a bracket that is still open at the end of the file for a key.
    if (!is_closed(text_, offset))
      refuse(place, fmt::format("this `{}` is not closed", text_[offset]), "close it, and separate the values by commas");
    refuse(place, "a key is text, and a list or a map stands here");
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frame.node->items.shrink_to_fit();
    frame.node->members.shrink_to_fit();
    frames_.pop_back();
    state_.open.pop_back();
    remember(frame.anchor, frame.node, frame.extent);
    put(std::move(frame.node), frame.extent);
  }

  void add(NodePtr node, YAML::anchor_t anchor) {
    if (expects_key()) refuse(node->place, "a key is missing here");
    const Extent extent{1, node->text.size(), 0};
    remember(anchor, node, extent);
    put(std::move(node), extent);
  }

  void remember(YAML::anchor_t anchor, const NodePtr& node, const Extent& extent) {
    if (anchor) anchors_[anchor] = {node, extent};
  }

  void set_key(std::size_t offset, const std::string& key) {
    Frame& frame = frames_.back();
    const Place place = cursor_.at(offset);
    if (frame.node->members.size() == most_entries) refuse_size(place);
    const Node::Member* first = find_key(frame, key);
    frame.has_key = true;
    frame.is_repeated = first != nullptr;
    if (first)
      report(place, fmt::format("the key `{}` stands here twice", key),
             fmt::format("the first is in line {}", first->key_place.line), std::max(1, length_of(key)));
    else frame.node->members.push_back({key, place, nullptr});
    if (first && ++repeated_keys_ == most_repeated_keys) throw Refused();
  }

  // Nearly all maps are so small that comparing is faster than a table.
  static const Node::Member* find_key(Frame& frame, const std::string& key) {
    const Children<Node::Member>& members = frame.node->members;
    if (members.size() < 32) return frame.node->find(key);
    while (frame.positions.size() < members.size())
      frame.positions.emplace(members[frame.positions.size()].key, frame.positions.size());
    const auto found = frame.positions.find(key);
    return found == frame.positions.end() ? nullptr : &members[found->second];
  }

  void put(NodePtr node, const Extent& extent) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    frame.extent.nodes += extent.nodes;
    frame.extent.bytes += extent.bytes;
    frame.extent.height = std::max(frame.extent.height, extent.height + 1);
    if (frame.node->kind == Node::Kind::list) {
      if (frame.node->items.size() == most_entries) refuse_size(node->place);
      frame.node->items.push_back(std::move(node));
      return;
    }
    if (!frame.is_repeated) frame.node->members.back().value = std::move(node);
    frame.has_key = false;
    frame.is_repeated = false;
  }

  std::string_view text_;
  std::size_t start_;
  PlaceCursor cursor_;
  std::vector<Diagnostic>& problems_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0, nodes_of_aliases_ = 0, bytes_of_aliases_ = 0, repeated_keys_ = 0;
  int documents_ = 0;
  NodePtr root_;
  ReadingState state_;
};

// Files that are no text at all; yaml-cpp would read some of them as something.
std::optional<Diagnostic> text_problem(std::string_view text, std::size_t start) {
  const auto problem = [](Place place, std::string message, std::string hint) {
    return Diagnostic{Diagnostic::Severity::error, place, 1, std::move(message), std::move(hint)};
  };
  PlaceCursor cursor(text);
  std::size_t marks = 0;  // of this line
  for (std::size_t at = start; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    if (!point.is_valid || point.value == 0) return problem(cursor.at(at), "the file is not UTF-8 text", "save it as UTF-8");
    const bool is_control =
        (point.value < 0x20 && point.value != '\t' && point.value != '\n' && point.value != '\r') || point.value == 0x7F;
    if (is_control)
      return problem(cursor.at(at),
                     fmt::format("the control character U+{:04X} can't stand in YAML", static_cast<unsigned>(point.value)),
                     "remove it, or write it as an escape in double quotes");
    if (point.value == '\n') marks = 0;
    if (point.value < 0x80 && marks_of_tokens.find(static_cast<char>(point.value)) != std::string_view::npos &&
        ++marks > most_marks_of_a_line)
      return problem(cursor.at(at), fmt::format("this line has more than {} brackets, commas and quotes", most_marks_of_a_line),
                     "write it as several lines");
    at += point.length;
  }
  if (text.find_first_not_of(blanks, start) == std::string_view::npos) return problem({}, "the file is empty", "");
  return std::nullopt;
}

// The text itself as a stream, without a copy of it.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // the interface wants it; nothing is written
    setg(begin, begin, begin + text.size());
  }
};

NodePtr read_text(std::string_view text, std::size_t start, std::vector<Diagnostic>& problems) {
  NodeBuilder builder(text, start, problems);
  try {
    TextBuffer buffer(text.substr(start));
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused&) {
    return nullptr;
  } catch (const YAML::Exception& error) {
    problems.push_back(in_short(yaml_cause(text, error.msg, offset_of_mark(error.mark, start), builder.state())));
    return nullptr;
  }
  if (!builder.root()) problems.push_back({Diagnostic::Severity::error, {}, 1, "the file holds nothing but comments", ""});
  return builder.root();
}

}  // namespace

NodePtr read_yaml(const SourceText& source, std::vector<Diagnostic>& problems) {
  const std::string_view text = source.text();
  const std::size_t start = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  if (const std::optional<Diagnostic> problem = text_problem(text, start)) {
    problems.push_back(*problem);
    return nullptr;
  }
  return read_text(text, start, problems);
}

}  // namespace runbook
