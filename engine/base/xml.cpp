#include "base/xml.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "base/source_text.h"
#include "base/utf8.h"

namespace runbook {
namespace {

constexpr int deepest = 200;

struct Fault {
  std::size_t offset = 0;
  std::string reason;
};

// XML 1.0, "Char".
bool is_character(char32_t value) {
  if (value < 0x20) return value == '\t' || value == '\n' || value == '\r';
  return value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF) && value != 0xFFFE && value != 0xFFFF;
}

// "#65" or "#x41".
bool is_reference_to_character(std::string_view name) {
  name.remove_prefix(1);
  const bool is_hex = name.starts_with('x');
  if (is_hex) name.remove_prefix(1);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value, is_hex ? 16 : 10);
  return error == std::errc() && end == name.data() + name.size() && value != 0 && is_character(value);
}

// What the parser takes without a word: bytes that are no characters, and entities that it does not know, which it leaves as they are.
class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {}

  std::optional<Fault> fault() {
    for (std::size_t at = 0; at < text_.size();) {
      const CodePoint point = code_point_at(text_, at);
      if (!point.is_valid) return Fault{at, "these bytes are not UTF-8"};
      if (!is_character(point.value)) return Fault{at, "XML can't hold this character"};
      if (at >= plain_until_ && point.value == '<') pass_over_plain(at);
      if (at >= plain_until_ && point.value == '&' && !is_reference_at(at)) return Fault{at, "this entity is not known"};
      at += point.length;
    }
    return std::nullopt;
  }

 private:
  // Where `&` is no more than a letter.
  void pass_over_plain(std::size_t at) {
    for (const auto& [begin, end] : {std::pair{"<![CDATA[", "]]>"}, {"<!--", "-->"}, {"<?", "?>"}}) {
      if (text_.substr(at).starts_with(begin)) plain_until_ = text_.find(end, at);  // none: the parser says so
    }
  }

  bool is_reference_at(std::size_t at) const {
    constexpr std::size_t longest = 12;
    const std::string_view rest = text_.substr(at + 1, longest);
    const std::string_view name = rest.substr(0, rest.find(';'));
    if (name.size() == rest.size() || name.empty()) return false;
    if (name.front() == '#') return is_reference_to_character(name);
    return name == "amp" || name == "lt" || name == "gt" || name == "quot" || name == "apos";
  }

  std::string_view text_;
  std::size_t plain_until_ = 0;
};

std::string reason_of(pugi::xml_parse_status status) {
  switch (status) {
    case pugi::status_bad_pi: return "a processing instruction is malformed";
    case pugi::status_bad_comment: return "a comment does not end";
    case pugi::status_bad_cdata: return "a CDATA section does not end";
    case pugi::status_bad_doctype: return "it declares a document type, which is not read";
    case pugi::status_bad_pcdata: return "text is malformed";
    case pugi::status_bad_start_element: return "a start tag is malformed";
    case pugi::status_bad_attribute: return "an attribute is malformed";
    case pugi::status_bad_end_element: return "an end tag is malformed";
    case pugi::status_end_element_mismatch: return "an element is not closed by its own end tag";
    default: return "a tag is malformed";
  }
}

bool is_text(const pugi::xml_node& node) { return node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata; }

class Reading {
 public:
  std::optional<XmlElement> read(std::string_view text) {
    constexpr unsigned options = pugi::parse_default | pugi::parse_ws_pcdata | pugi::parse_doctype | pugi::parse_fragment;
    const auto result = document_.load_buffer(text.data(), text.size(), options, pugi::encoding_utf8);
    if (!result) return fail(static_cast<std::size_t>(result.offset), reason_of(result.status));
    XmlElement element;
    const pugi::xml_node root = only_element(text);
    if (!root || !copy(root, element, 1)) return std::nullopt;
    return element;
  }
  const Fault& fault() const { return fault_; }

 private:
  std::nullopt_t fail(std::size_t offset, std::string reason) {
    fault_ = {offset, std::move(reason)};
    return std::nullopt;
  }

  pugi::xml_node only_element(std::string_view text) {
    pugi::xml_node root;
    for (const pugi::xml_node node : document_.children()) {
      const bool is_blank =
          is_text(node) && std::string_view(node.value()).find_first_not_of(" \t\r\n") == std::string_view::npos;
      const bool is_first = node.type() == pugi::node_element && !root;
      if (is_first) root = node;
      if (is_first || is_blank) continue;
      const auto offset = static_cast<std::size_t>(std::max<std::ptrdiff_t>(node.offset_debug(), 0));
      if (node.type() == pugi::node_doctype) fail(offset, reason_of(pugi::status_bad_doctype));
      else fail(offset, "something stands beside the one element");
      return {};
    }
    if (!root) fail(text.size(), "there is no element");
    return root;
  }

  // Recursion ends where elements are nested too deep.
  bool copy(const pugi::xml_node& from, XmlElement& into, int depth) {
    if (depth > deepest) {
      fail(static_cast<std::size_t>(from.offset_debug()), fmt::format("elements are nested more than {} levels deep", deepest));
      return false;
    }
    const std::string_view name = from.name();
    into.name = name.substr(name.find(':') + 1);
    for (const pugi::xml_attribute& attribute : from.attributes())
      into.attributes.emplace_back(attribute.name(), attribute.value());
    for (const pugi::xml_node& node : from.children()) {
      if (is_text(node)) into.text += node.value();
      else if (node.type() == pugi::node_element && !copy(node, into.children.emplace_back(), depth + 1)) return false;
    }
    return true;
  }

  pugi::xml_document document_;
  Fault fault_;
};

std::string with_place(std::string_view text, const Fault& fault) {
  const Place place = SourceText("", std::string(text)).place_at(fault.offset);
  return fmt::format("line {}, column {}: {}", place.line, place.column, fault.reason);
}

// `references`: which of the characters that a reader would change are written as references.
std::string escaped(std::string_view text, std::string_view references) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    const char c = text[at];
    if (!point.is_valid || !is_character(point.value)) out += replacement_character;
    else if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (references.find(c) != std::string_view::npos)
      out += c == '"' ? "&quot;" : fmt::format("&#x{:X};", static_cast<unsigned>(c));
    else out += text.substr(at, point.length);
    at += point.length;
  }
  return out;
}

}  // namespace

const XmlElement* XmlElement::child(std::string_view wanted) const {
  for (const XmlElement& each : children) {
    if (each.name == wanted) return &each;
  }
  return nullptr;
}

std::optional<XmlElement> parse_xml(std::string_view text, std::string& why) {
  if (const auto fault = Scan(text).fault()) {
    why = with_place(text, *fault);
    return std::nullopt;
  }
  Reading reading;
  auto root = reading.read(text);
  if (!root) why = with_place(text, reading.fault());
  return root;
}

std::string xml_text(std::string_view text) { return escaped(text, "\r"); }

std::string xml_attribute(std::string_view text) { return escaped(text, "\"\r\n\t"); }

}  // namespace runbook
