#include "expr/text_functions.h"

#include <fmt/format.h>

#include <locale.h>
#include <array>
#include <cwctype>

#include "base/base64.h"
#include "base/json.h"
#include "base/lines.h"
#include "base/pattern.h"
#include "base/shell_word.h"
#include "base/trimmed.h"
#include "base/unescape.h"
#include "base/utf8.h"
#include "base/version.h"

namespace runbook {
namespace {

using Kind = ExpressionError::Kind;
constexpr auto npos = std::string::npos;

std::vector<std::string> parts(const std::string& text, const std::string& separator) {
  std::vector<std::string> found;
  std::size_t at = 0;
  for (std::size_t end = text.find(separator); end != npos; end = text.find(separator, at)) {
    found.push_back(text.substr(at, end - at));
    at = end + separator.size();
  }
  found.push_back(text.substr(at));
  return found;
}

Value list_of(std::vector<std::string> texts) {
  List list;
  for (std::string& text : texts) list.emplace_back(std::move(text));
  return Value(std::move(list));
}

Value starts_with(const FunctionCall& given) { return given[0].as_text().starts_with(given[1].as_text()); }
Value ends_with(const FunctionCall& given) { return given[0].as_text().ends_with(given[1].as_text()); }

Value join(const FunctionCall& given) {
  std::string joined;
  for (const Value& item : given[1].as_list()) {
    if (&item != &given[1].as_list().front()) joined += given[0].as_text();
    joined += item.as_text();
  }
  return joined;
}

Value split(const FunctionCall& given) {
  if (given[1].as_text().empty()) given.fail(Kind::invalid_value, 1, "the separator is empty");
  return list_of(parts(given[0].as_text(), given[1].as_text()));
}

Value replace(const FunctionCall& given) {
  const std::string &from = given[1].as_text(), &to = given[2].as_text();
  if (from.empty()) given.fail(Kind::invalid_value, 1, "what is to be replaced is empty");
  std::string text;
  const std::vector<std::string> all = parts(given[0].as_text(), from);
  for (std::size_t i = 0; i < all.size(); ++i) text += (i == 0 ? "" : to) + all[i];
  return text;
}

void append_utf8(std::string& text, char32_t c) {
  const auto tail = [&](unsigned shift) { text += static_cast<char>(0x80U | ((c >> shift) & 0x3FU)); };
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0U | (c >> 6U)), tail(0);
  } else if (c < 0x10000) {
    text += static_cast<char>(0xE0U | (c >> 12U)), tail(6), tail(0);
  } else {
    text += static_cast<char>(0xF0U | (c >> 18U)), tail(12), tail(6), tail(0);
  }
}

// The same everywhere, whatever the locale of the person is.
Value in_case(const std::string& text, std::wint_t (*change)(std::wint_t, locale_t)) {
  static const locale_t unicode = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string changed;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    if (point.is_valid) append_utf8(changed, static_cast<char32_t>(change(static_cast<std::wint_t>(point.value), unicode)));
    else changed += text[at];
    at += point.length;
  }
  return changed;
}
Value lower(const FunctionCall& given) { return in_case(given[0].as_text(), ::towlower_l); }
Value upper(const FunctionCall& given) { return in_case(given[0].as_text(), ::towupper_l); }

Value trim(const FunctionCall& given) { return trimmed(given[0].as_text(), " \t\r\n\v\f"); }

Value matches(const FunctionCall& given) {
  std::string why;
  const auto pattern = Pattern::parse(given[1].as_text(), why);
  if (!pattern) given.fail(Kind::invalid_value, 1, fmt::format("`{}` is no regular expression: {}", given[1].as_text(), why));
  return pattern->search(given[0].as_text()).has_value();
}

Value lines(const FunctionCall& given) {
  const std::vector<std::string_view> all = lines_of(given[0].as_text());
  return Value(List(all.begin(), all.end()));
}

Value parsed_json(const FunctionCall& given) {
  auto value = try_parse_json(given[0].as_text());
  if (!value) given.fail(Kind::invalid_value, 0, "the text is no JSON");
  return *std::move(value);
}

Value parsed_yaml(const FunctionCall& given) {
  std::string why;
  auto value = given.scope().parse_yaml(given[0].as_text(), why);
  if (!value) given.fail(Kind::invalid_value, 0, fmt::format("the text is no YAML: {}", why));
  return *std::move(value);
}

Value as_json(const FunctionCall& given) { return to_json(given[0]); }

// RFC 3986, section 2.1; what is no escape stays. `+` is a plus: only forms mean a blank by it.
Value url_decoded(const FunctionCall& given) {
  std::string decoded;
  std::string_view rest = given[0].as_text();
  while (!rest.empty()) {
    Unit unit = percent_unit(rest);
    if (unit.length == 0) unit = literal_unit(rest);
    decoded.append(unit.bytes.data(), unit.count);
    rest.remove_prefix(unit.length);
  }
  return decoded;
}

Value in_base64(const FunctionCall& given) { return base64(given[0].as_text()); }
Value shell_quoted(const FunctionCall& given) { return in_apostrophes(given[0].as_text()); }

Value is_version_at_least(const FunctionCall& given) {
  std::array<Version, 2> versions;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const auto version = parse_version(given[i].as_text());
    if (!version) given.fail(Kind::invalid_value, i, fmt::format("`{}` is no version", given[i].as_text()));
    versions[i] = *version;
  }
  return compare(versions[0], versions[1]) >= 0;
}

}  // namespace

std::vector<Function> text_functions() {
  return {
      {"ends_with", {accepts_text, accepts_text}, 2, false, false, "ends_with(text, end)", "whether it ends so", ends_with},
      {"join", {accepts_text, accepts_texts}, 2, false, false, "join(separator, texts)", "one text of many", join},
      {"starts_with",
       {accepts_text, accepts_text},
       2,
       false,
       false,
       "starts_with(text, beginning)",
       "whether it begins so",
       starts_with},
      {"split", {accepts_text, accepts_text}, 2, false, true, "split(text, separator)", "a list of what stands between", split},
      {"replace",
       {accepts_text, accepts_text, accepts_text},
       3,
       false,
       true,
       "replace(text, from, to)",
       "every occurrence replaced",
       replace},
      {"lower", {accepts_text}, 1, false, true, "lower(text)", "in small letters", lower},
      {"upper", {accepts_text}, 1, false, true, "upper(text)", "in capital letters", upper},
      {"trim", {accepts_text}, 1, false, true, "trim(text)", "without blanks around it", trim},
      {"matches",
       {accepts_text, accepts_text},
       2,
       false,
       true,
       "matches(text, regex)",
       "whether it is found in there; `^` and `$` match at lines",
       matches},
      {"lines", {accepts_text}, 1, false, true, "lines(text)", "a list of its lines", lines},
      {"parse_json", {accepts_text}, 1, false, true, "parse_json(text)", "the value that JSON text stands for", parsed_json},
      {"parse_yaml", {accepts_text}, 1, false, true, "parse_yaml(text)", "the value that YAML text stands for", parsed_yaml},
      {"to_json", {accepts_anything}, 1, false, true, "to_json(value)", "as JSON, in one line", as_json},
      {"url_decode", {accepts_text}, 1, false, true, "url_decode(text)", "without %-escapes", url_decoded},
      {"base64", {accepts_text}, 1, false, true, "base64(text)", "encoded as base64", in_base64},
      {"shell_quote", {accepts_text}, 1, false, true, "shell_quote(text)", "as one word of a POSIX shell", shell_quoted},
      {"semver_at_least",
       {accepts_text, accepts_text},
       2,
       false,
       true,
       "semver_at_least(version, least)",
       "whether a version is not older",
       is_version_at_least},
  };
}

}  // namespace runbook
