#pragma once
// XML (W3C, 1.0) as web services answer with it. pugixml is included by xml.cpp alone.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runbook {

struct XmlElement {
  std::string name;                                             // without its prefix
  std::vector<std::pair<std::string, std::string>> attributes;  // names with their prefix: "xsi:type"
  std::string text;                                             // all text and CDATA directly in it, put together
  std::vector<XmlElement> children;

  // The first child of that name, or nullptr.
  const XmlElement* child(std::string_view wanted) const;
};

// The root element. nullopt: it is no XML; then `why` says what is wrong and where. No entity but the five of XML is known, no
// document type is read, and elements nested deeper than 200 are refused.
std::optional<XmlElement> parse_xml(std::string_view text, std::string& why);

// As it stands between tags, and in double quotes. Characters that XML can't hold, and bytes that are not UTF-8, become U+FFFD; "\r", "\n"
// and "\t" in an attribute, and "\r" in text, become character references.
std::string xml_text(std::string_view text);
std::string xml_attribute(std::string_view text);

}  // namespace runbook
