#include "base/xml.h"

#include <doctest/doctest.h>

using namespace runbook;

namespace {

XmlElement parsed(std::string_view text) {
  std::string why;
  auto root = parse_xml(text, why);
  REQUIRE_MESSAGE(root.has_value(), why);
  return *root;
}

std::string refusal(std::string_view text) {
  std::string why;
  REQUIRE_FALSE(parse_xml(text, why).has_value());
  return why;
}

std::string nested(int depth) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += "<a>";
  for (int i = 0; i < depth; ++i) text += "</a>";
  return text;
}

}  // namespace

TEST_CASE("elements, attributes and text") {
  const XmlElement root = parsed(
      "<?xml version=\"1.0\"?>\n<Answer id='7' b=\"&lt;x&gt;\">\n  <Name>one</Name><Empty/><Name>two</Name>\n</Answer>\n");
  CHECK(root.name == "Answer");
  CHECK(root.attributes == std::vector<std::pair<std::string, std::string>>{{"id", "7"}, {"b", "<x>"}});
  REQUIRE(root.children.size() == 3);
  CHECK(root.child("Name")->text == "one");
  CHECK(root.children[2].text == "two");
  CHECK(root.child("Empty")->text.empty());
  CHECK(root.child("name") == nullptr);
}

TEST_CASE("text in pieces is put together") {
  CHECK(parsed("<a>one<!-- no --> <![CDATA[<two> & ]]><?pi no?>three</a>").text == "one <two> & three");
  CHECK(parsed("<a> \n</a>").text == " \n");
  CHECK(parsed("<a>x<b>no</b>y</a>").text == "xy");
}

TEST_CASE("the five entities and references to characters are known, no other one") {
  CHECK(parsed("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x20AC;&#xD;</a>").text == "<>&\"'A\xE2\x82\xAC\r");
  CHECK(parsed("<a><![CDATA[&nbsp;]]><!-- &nbsp; --></a>").text == "&nbsp;");
  CHECK(refusal("<a>\n &nbsp;</a>") == "line 2, column 2: this entity is not known");
  for (const char* wrong :
       {"<a>&</a>", "<a>& b</a>", "<a>&;</a>", "<a>&#;</a>", "<a>&#0;</a>", "<a>&#x1;</a>", "<a>&#xD800;</a>",
        "<a>&#x110000;</a>", "<a>&#-1;</a>", "<a>&#99999999999;</a>", "<a b='&x;'/>", "<a>&lt</a>"}) {
    CAPTURE(wrong);
    CHECK(refusal(wrong).ends_with("this entity is not known"));
  }
}

TEST_CASE("prefixes are left out of names of elements and stay on attributes") {
  const XmlElement root = parsed("<s:a xmlns:s='urn:x' s:id='1'><s:b xsi:type=\"User\"/></s:a>");
  CHECK(root.name == "a");
  CHECK(root.attributes[1].first == "s:id");
  REQUIRE(root.child("b") != nullptr);
  CHECK(root.child("b")->attributes[0] == std::pair<std::string, std::string>("xsi:type", "User"));
}

TEST_CASE("a document type is refused, and with it every bomb of entities") {
  CHECK(refusal("<!DOCTYPE html><html/>").ends_with("it declares a document type, which is not read"));
  CHECK(refusal("<!DOCTYPE a [<!ENTITY x \"y\">]><a/>").ends_with("it declares a document type, which is not read"));
  CHECK_FALSE(refusal("<!DOCTYPE a [<!ENTITY x \"y\"><!ENTITY z \"&x;&x;\">]><a>&z;</a>").empty());
  CHECK_FALSE(refusal("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>").empty());
}

TEST_CASE("elements may be nested 200 deep, and however deep they are nothing overflows") {
  CHECK(parsed(nested(200)).name == "a");
  CHECK(refusal(nested(201)) == "line 1, column 602: elements are nested more than 200 levels deep");
  CHECK(refusal(nested(1'000'000)).ends_with("elements are nested more than 200 levels deep"));
}

TEST_CASE("a cut document is refused, wherever it is cut") {
  const std::string text = "<?xml version=\"1.0\"?><a b=\"c\"><d>t&amp;u</d><!-- e --><![CDATA[f]]></a>";
  for (std::size_t length = 0; length < text.size(); ++length) CHECK_FALSE(refusal(text.substr(0, length)).empty());
  CHECK(parsed(text).text == "f");
}

TEST_CASE("what is no XML is refused, with the place") {
  CHECK(refusal("<a>\n<b></c></a>") == "line 2, column 6: an element is not closed by its own end tag");
  CHECK(refusal("").ends_with("there is no element"));
  CHECK(refusal("  \n").ends_with("there is no element"));
  for (const char* wrong :
       {"{\"a\": 1}", "text <a/>", "<a/> text", "<a/><b/>", "<a b/>", "<a b=c/>", "<a", "</a>", "<a><!-- </a>", "<1/>"}) {
    CAPTURE(wrong);
    CHECK(refusal(wrong).starts_with("line "));
  }
}

TEST_CASE("bytes that are no characters are refused") {
  CHECK(refusal("<a>\xFF</a>") == "line 1, column 4: these bytes are not UTF-8");
  CHECK_FALSE(refusal(std::string_view("<a>\0</a>", 8)).empty());
  CHECK(refusal("<a>\x01</a>") == "line 1, column 4: XML can't hold this character");
  CHECK(parsed("\xEF\xBB\xBF<a>\xC3\xA4</a>").text == "\xC3\xA4");
}

TEST_CASE("what is written is read again") {
  const std::string awkward = "a<b>&\"'\r\n\t \xC3\xA4]]>";
  CHECK(parsed("<a>" + xml_text(awkward) + "</a>").text == awkward);
  CHECK(parsed("<a b=\"" + xml_attribute(awkward) + "\"/>").attributes[0].second == awkward);
  CHECK(xml_text("a<b>&\"\r\n") == "a&lt;b&gt;&amp;\"&#xD;\n");
  CHECK(xml_attribute("\"\r\n") == "&quot;&#xD;&#xA;");
}

TEST_CASE("what XML can't hold is written as U+FFFD") {
  CHECK(xml_text(std::string_view("\0\x01\x1F\x7F", 4)) == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\x7F");
  CHECK(xml_text("\xFF\xC3") == "\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(xml_attribute("\xEF\xBF\xBF") == "\xEF\xBF\xBD");
}
